"""Appends one create_order command with its own Avro serializer and its own partitioner."""

import argparse
import datetime
import decimal
import uuid

from confluent_kafka import Producer

from registry import Registry

arguments = argparse.ArgumentParser()
for name in ("brokers", "registry", "prefix", "order", "customer"):
    arguments.add_argument(f"--{name}", required=True)
arguments = arguments.parse_args()

topic = arguments.prefix + "order.commands"
payload = Registry(arguments.registry).encode(
    f"{topic}-oneway.order.CreateOrder",
    {
        "customerId": arguments.customer,
        "text": "from another system",
        "value": decimal.Decimal("13.99"),
        "orderedAt": datetime.datetime(2026, 11, 20, 10, tzinfo=datetime.timezone.utc),
    },
)
refused = []
producer = Producer({"bootstrap.servers": arguments.brokers, "acks": "all"})
producer.produce(
    topic,
    key=arguments.order,
    value=payload,
    headers={
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_source": "another-system",
        "ce_type": "create_order",
    },
    on_delivery=lambda error, _: refused.append(error) if error else None,
)
assert producer.flush(30) == 0 and not refused, refused
