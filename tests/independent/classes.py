"""Folds an order history into classes by nothing but the file and the rule: an order counts while
ordered_at > now - window. Prints {customer: class} as JSON; amounts are exact decimals."""

import argparse
import csv
import datetime
import decimal
import json

arguments = argparse.ArgumentParser()
arguments.add_argument("file")
arguments.add_argument("--now", required=True, type=datetime.datetime.fromisoformat)
arguments.add_argument("--a", required=True, type=decimal.Decimal)
arguments.add_argument("--b", required=True, type=decimal.Decimal)
arguments.add_argument("--window", required=True, help="all, or days such as 365d")
arguments = arguments.parse_args()
assert arguments.now.tzinfo, "--now needs a time zone"

horizon = None
if arguments.window != "all":
    horizon = arguments.now - datetime.timedelta(days=int(arguments.window.removesuffix("d")))

sums = {}
with open(arguments.file, newline="") as file:
    for row in csv.DictReader(file):
        day = datetime.date.fromisoformat(row["date"])
        ordered_at = datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc)
        if ordered_at > arguments.now:
            continue
        # Whoever ordered is a customer, though an order of 0 is refused and others may be too old.
        sums.setdefault(row["customer_id"], decimal.Decimal())
        if horizon is None or ordered_at > horizon:
            sums[row["customer_id"]] += decimal.Decimal(row["value"])

classes = {
    customer: "A" if total >= arguments.a else "B" if total >= arguments.b else "C"
    for customer, total in sums.items()
}
print(json.dumps(classes))
