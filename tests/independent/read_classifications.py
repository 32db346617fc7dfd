"""Reads every customer_classification_updated and prints it as a JSON line; fails on anything
that is not as documented: Avro by the registry, CloudEvents headers, sequence 1..n per customer."""

import argparse
import collections
import datetime
import json
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from registry import Registry

arguments = argparse.ArgumentParser()
for name in ("brokers", "registry", "prefix"):
    arguments.add_argument(f"--{name}", required=True)
arguments = arguments.parse_args()

topic = arguments.prefix + "customer-classification.events"
registry = Registry(arguments.registry)
consumer = Consumer(
    {
        "bootstrap.servers": arguments.brokers,
        "group.id": f"independent-{uuid.uuid4()}",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "enable.auto.commit": False,
    }
)
partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])

at_end = set()
ids = set()
sequences = collections.Counter()
while len(at_end) < len(partitions):
    message = consumer.poll(30)
    assert message is not None, "no answer from the brokers"
    if message.error():
        assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
        at_end.add(message.partition())
        continue
    headers = {name: value.decode() for name, value in message.headers()}
    event = registry.decode(message.value())
    customer = message.key().decode()
    assert headers["ce_specversion"] == "1.0", headers
    assert headers["ce_type"] == "customer_classification_updated", headers
    assert headers["ce_source"] == "customer-classifier", headers
    assert headers["ce_subject"] == customer == event["customerId"], headers
    assert headers["ce_correlationid"] and headers["ce_causationid"], headers
    datetime.datetime.fromisoformat(headers["ce_time"].replace("Z", "+00:00"))
    assert uuid.UUID(headers["ce_id"]) not in ids, f"{headers['ce_id']} comes twice"
    ids.add(uuid.UUID(headers["ce_id"]))
    sequences[customer] += 1
    assert int(headers["ce_sequence"]) == sequences[customer], headers
    event["sequence"] = sequences[customer]
    print(json.dumps(event, default=str))
consumer.close()
