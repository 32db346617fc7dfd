//! The AsyncAPI document: topics as channels, what is on them, and who sends and receives it.

use schemas::command::{STATE_COMPLETE, STATE_COMPLETE_KEY};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::Kind,
    example::avro_json,
    headers,
    input::{Input, Schema, Service, Topic},
    schema::{parse, short},
};

/// The version of AsyncAPI.
const SPECIFICATION: &str = "3.1.0";

/// The version of the bindings to Kafka.
const BINDING: &str = "0.5.0";

const AVRO: &str = "application/vnd.apache.avro";

const ABOUT: &str = "CQRS and event sourcing on Apache Kafka: commands are appended to a topic, \
    one writer per partition decides them and appends events, and whoever needs to know something \
    builds it from the events. Metadata of records are in their headers (CloudEvents 1.0, Kafka \
    binding, binary mode); payloads are Avro in the wire format of the schema registry: a zero \
    byte, the schema id in four bytes, big-endian, the datum. An installation may have a prefix \
    of its own before the names of topics and groups.";

/// The document.
#[must_use]
pub fn asyncapi(input: &Input) -> Value {
    let channels = input.topics.iter().map(|topic| (topic.name.clone(), channel(input, topic)));
    let operations = input.services.iter().flat_map(operations);
    let headers = Kind::ALL.iter().map(|kind| (headers_name(*kind), headers::envelope(*kind)));
    json!({
        "asyncapi": SPECIFICATION,
        "info": {
            "title": "Oneway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "defaultContentType": AVRO,
        "servers": {"kafka": server()},
        "channels": channels.collect::<Map<_, _>>(),
        "operations": operations.collect::<Map<_, _>>(),
        "components": {"schemas": headers.collect::<Map<_, _>>()},
    })
}

fn headers_name(kind: Kind) -> String {
    format!("{}-headers", kind.name())
}

fn server() -> Value {
    json!({
        "host": "{broker}",
        "protocol": "kafka",
        "description": "The cluster that holds the log, with the registry of its schemas.",
        "variables": {
            "broker": {
                "default": "localhost:9092",
                "description": "A broker, as in `KAFKA_BROKERS`.",
            },
            "registry": {
                "default": "http://localhost:8081/apis/ccompat/v7",
                "description": "Base of the Confluent API of the registry, as in \
                    `SCHEMA_REGISTRY_URL`.",
            },
        },
        "bindings": {"kafka": {
            "schemaRegistryUrl": "{registry}",
            "schemaRegistryVendor": "confluent",
            "bindingVersion": BINDING,
        }},
    })
}

fn channel(input: &Input, topic: &Topic) -> Value {
    let schemas = input.schemas.iter().filter(|schema| schema.topic == topic.name);
    let mut messages: Map<_, _> =
        schemas.map(|schema| (schema.wire_type.clone(), message(schema))).collect();
    if topic.name.ends_with(".state") {
        messages.insert(STATE_COMPLETE.to_owned(), state_complete());
    }
    if topic.name.ends_with(".dead-letter") {
        messages.insert("dead_letter".to_owned(), dead_letter());
    }
    let tag = topic.name.split('.').next();
    json!({
        "address": topic.name,
        "title": topic.name,
        "description": topic.holds,
        "servers": [{"$ref": "#/servers/kafka"}],
        "tags": [{"name": tag}],
        "messages": messages,
        "bindings": {"kafka": {
            "topic": topic.name,
            "partitions": topic.partitions,
            "replicas": topic.replication,
            "topicConfiguration": configuration(topic),
            "bindingVersion": BINDING,
        }},
    })
}

/// The settings as the binding types them.
fn configuration(topic: &Topic) -> Value {
    let typed = |(name, value): (&String, &String)| {
        let typed = match (name.as_str(), value.parse::<i64>()) {
            ("cleanup.policy", _) => json!(value.split(',').map(str::trim).collect::<Vec<_>>()),
            (_, Ok(number)) => json!(number),
            _ => json!(value),
        };
        (name.clone(), typed)
    };
    Value::Object(topic.config.iter().map(typed).collect())
}

fn message(schema: &Schema) -> Value {
    let kind = Kind::on(&schema.topic);
    let parsed = parse(&schema.text);
    let avro: Value = serde_json::from_str(&schema.text).unwrap_or_default();
    let examples = schema.examples.iter().zip(1..).filter_map(|(example, number)| {
        let payload = avro_json(parsed.as_ref()?, &example.datum)?;
        let example = json!({"name": number.to_string(), "payload": payload});
        Some(with(example, "headers", headers::example(kind, &schema.wire_type)))
    });
    let message = json!({
        "name": schema.wire_type,
        "title": short(&schema.record),
        "summary": parsed.as_ref().and_then(|schema| schema.root.doc.as_deref()),
        "contentType": AVRO,
        "tags": [{"name": kind.name()}],
        "headers": headers_of(kind, &schema.wire_type),
        "payload": {"schemaFormat": format!("{AVRO};version=1.9.0"), "schema": avro},
        "bindings": {"kafka": {
            "key": key(kind),
            "schemaIdLocation": "payload",
            "schemaIdPayloadEncoding": "confluent",
            "schemaLookupStrategy": "TopicRecordNameStrategy",
            "bindingVersion": BINDING,
        }},
        "examples": examples.collect::<Vec<_>>(),
    });
    let correlation = json!({"location": "$message.header#/ce_correlationid"});
    with(message, "correlationId", (kind != Kind::State).then_some(correlation))
}

fn headers_of(kind: Kind, wire_type: &str) -> Value {
    let all = json!({"$ref": format!("#/components/schemas/{}", headers_name(kind))});
    match kind {
        Kind::State => all,
        _ => json!({
            "type": "object",
            "allOf": [all],
            "properties": {"ce_type": {"type": "string", "const": wire_type}},
        }),
    }
}

fn key(kind: Kind) -> Value {
    let pattern = match kind {
        Kind::Command | Kind::Event | Kind::State => "^[A-Za-z0-9._:-]{1,128}$",
        Kind::Outcome => "^.{1,256}$",
        Kind::Notification => "^.+$",
    };
    let key = kind.key();
    json!({"type": "string", "pattern": pattern, "description": format!("The {key}.")})
}

/// No message of the registry: the record that ends a state topic's partition.
fn state_complete() -> Value {
    json!({
        "name": STATE_COMPLETE,
        "title": "StateComplete",
        "summary": "The partition lacks nothing. Its payload is empty.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["ce_id", "ce_source", "ce_type"],
            "properties": {"ce_type": {"type": "string", "const": STATE_COMPLETE}},
        },
        "payload": {"type": "string", "maxLength": 0},
        "bindings": {"kafka": {
            "key": {"type": "string", "const": STATE_COMPLETE_KEY},
            "bindingVersion": BINDING,
        }},
    })
}

fn dead_letter() -> Value {
    json!({
        "name": "dead_letter",
        "title": "DeadLetter",
        "summary": "A record that the consumer cannot handle, byte for byte, with its own headers \
            and those that say what became of it.",
        "contentType": "application/octet-stream",
        "headers": headers::dead_letter(),
        "payload": {
            "type": "string",
            "format": "binary",
            "description": "The payload as it was read.",
        },
        "bindings": {"kafka": {
            "key": {"type": "string", "description": "The key as it was read."},
            "bindingVersion": BINDING,
        }},
    })
}

/// What a service does with each of its topics.
fn operations(service: &Service) -> impl Iterator<Item = (String, Value)> {
    let sends = service.writes.iter().map(|topic| ("send", topic));
    let receives = service.reads.iter().map(|topic| ("receive", topic));
    sends.chain(receives).map(|(action, topic)| {
        let operation = json!({
            "action": action,
            "title": format!("{} {action}s {topic}", service.name),
            "summary": service.about,
            "channel": {"$ref": format!("#/channels/{topic}")},
            "tags": [{"name": service.name}],
        });
        let group = group(service, topic).filter(|_| action == "receive").map(|group| {
            let id = json!({"type": "string", "const": group});
            json!({"kafka": {"groupId": id, "bindingVersion": BINDING}})
        });
        (format!("{}.{action}.{topic}", service.name), with(operation, "bindings", group))
    })
}

/// The object, with a value more if there is one.
fn with(mut object: Value, key: &str, value: Option<Value>) -> Value {
    if let (Value::Object(members), Some(value)) = (&mut object, value) {
        members.insert(key.to_owned(), value);
    }
    object
}

/// The group in which a service reads a topic. A consumer, which has dead letters, and the one who
/// decides commands share their partitions with their like; others read all of what they want,
/// and who reads what it has written looks for its own traces.
fn group<'a>(service: &'a Service, topic: &str) -> Option<&'a str> {
    let writes = |name: &str| service.writes.iter().any(|written| written == name);
    let is_consumer = writes(&format!("{}.dead-letter", service.name)) && !writes(topic);
    let decides = topic
        .strip_suffix(".commands")
        .is_some_and(|aggregate| writes(&format!("{aggregate}.events")));
    (is_consumer || decides).then_some(service.name.as_str())
}
