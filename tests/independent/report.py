"""Folds a file of orders (customer, date, quantity, value) into the report of its customers: an
independent reading, with the standard library and exact decimals alone. Prints one JSON line for
each customer: its id, orders, sum, class, and the times of its first and last order.

The class is by the sum of the orders in the window: an order counts while it was placed less than
so many days ago. Orders of no value are refused, and so are none."""

import argparse
import csv
import datetime
import decimal
import json
import sys

UTC = datetime.timezone.utc
CENT = decimal.Decimal("0.01")


def moment(text):
    """A date means its end, as in the report; otherwise a moment."""
    if len(text) == len("1997-06-30"):
        day = datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)
        return day + datetime.timedelta(days=1) - datetime.timedelta(microseconds=1)
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def window(text):
    """None: all orders count."""
    if text == "all":
        return None
    if not text.endswith("d"):
        raise argparse.ArgumentTypeError("use all, or days such as 365d")
    return datetime.timedelta(days=int(text[:-1]))


def orders(lines):
    """(customer, time, value) of each order with a value, in the order of the file."""
    for row in csv.DictReader(lines):
        value = decimal.Decimal(row["value"])
        if value > 0:
            time = datetime.datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
            yield row["customer_id"], time, value


def customers(lines):
    """Every customer of the file, also those without an order of some value."""
    return {row["customer_id"] for row in csv.DictReader(lines)}


def fold(orders, known=(), as_of=None):
    """The orders up to a moment of each customer, those without any included."""
    by_customer = {customer: [] for customer in known}
    for customer, time, value in orders:
        if as_of is None or time <= as_of:
            by_customer.setdefault(customer, []).append((time, value))
    return by_customer


def total(of_customer):
    return sum((value for _, value in of_customer), decimal.Decimal("0.00"))


def in_window(of_customer, now, length):
    if length is None:
        return of_customer
    return [(time, value) for time, value in of_customer if time > now - length]


def class_of(amount, a, b):
    return "A" if amount >= a else "B" if amount >= b else "C"


def average(of_customer):
    """Of a customer with orders, in cents, halves up."""
    exact = total(of_customer) / len(of_customer)
    return exact.quantize(CENT, rounding=decimal.ROUND_HALF_UP)


def row(customer, of_customer, now, length, a, b):
    """One customer's line. Amounts are texts: they are exact."""
    counted = in_window(of_customer, now, length)
    times = [time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for time, _ in of_customer]
    return {
        "id": customer,
        "orders": len(of_customer),
        "sum": str(total(of_customer)),
        "average": str(average(of_customer)) if of_customer else None,
        "first": min(times, default=None),
        "last": max(times, default=None),
        "counted": str(total(counted)),
        "class": class_of(total(counted), a, b),
    }


def report(lines, as_of=None, length=None, a=decimal.Decimal(10_000), b=decimal.Decimal(1_000)):
    """The lines of all customers, by id."""
    lines = list(lines)
    now = as_of or datetime.datetime.now(UTC)
    by_customer = fold(orders(lines), customers(lines), as_of)
    return [row(id, of_id, now, length, a, b) for id, of_id in sorted(by_customer.items())]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--as-of", type=moment, help="a date, or a moment; otherwise all orders")
    arguments.add_argument("--window", type=window, default="all", help="all, or such as 365d")
    arguments.add_argument("--a", type=decimal.Decimal, required=True, help="class A from here on")
    arguments.add_argument("--b", type=decimal.Decimal, required=True, help="class B from here on")
    arguments.add_argument("file")
    arguments = arguments.parse_args()
    with open(arguments.file, newline="", encoding="utf-8") as lines:
        rows = report(lines, arguments.as_of, arguments.window, arguments.a, arguments.b)
    for line in rows:
        json.dump(line, sys.stdout)
        print()


if __name__ == "__main__":
    main()
