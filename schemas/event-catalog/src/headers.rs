//! The headers of records as JSON schemas; all values are text. What they mean is said in
//! [`schemas::envelope`]; tests hold that both agree.

use schemas::Envelope;
use serde_json::{Map, Value, json};

use crate::catalogue::Kind;

/// Headers of every record with an envelope.
const BASE: [(&str, &str, &str); 10] = [
    ("ce_specversion", "^1\\.0$", "Version of CloudEvents."),
    ("ce_id", "^.{1,256}$", "Id of the command, event or outcome."),
    ("ce_source", "^.{1,256}$", "Who wrote it."),
    ("ce_type", "^[a-z][a-z0-9_]*$", "Name of the message's type."),
    ("ce_time", TIME, "When it was made."),
    ("ce_subject", "^.{1,256}$", "What it is about; of an aggregate's records, its id."),
    ("ce_correlationid", "^.{1,256}$", "Shared by everything that one request set off."),
    ("ce_causationid", "^.{1,256}$", "Id of the command or event that caused this."),
    ("ce_actor", "^.{1,256}$", "Who asked for it, when known."),
    ("traceparent", "^.{1,256}$", "W3C trace context."),
];

const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$";
const NUMBER: &str = "^[0-9]+$";

const OF_COMMANDS: [(&str, &str, &str); 2] = [
    ("oneway-expected-version", NUMBER, "Refuse it unless the aggregate has this version."),
    ("oneway-reply-to", NUMBER, "Partition of `command.results` that its sender reads."),
];

const OF_EVENTS: [(&str, &str, &str); 3] = [
    ("ce_sequence", NUMBER, "Version of the aggregate after it, 1..n."),
    ("ce_commandoffset", NUMBER, "Offset of its command, in the partition of the same number."),
    ("ce_commandcontinues", "^true$", "Further events of its command follow."),
];

/// What a dead letter has besides its own headers.
pub const OF_DEAD_LETTERS: [(&str, &str, &str); 9] = [
    ("oneway-dead-letter-consumer", ANY, "The consumer that cannot handle it."),
    ("oneway-dead-letter-topic", ANY, "The topic that it was read from."),
    ("oneway-dead-letter-partition", NUMBER, "Its partition there."),
    ("oneway-dead-letter-offset", NUMBER, "Its offset there."),
    ("oneway-dead-letter-class", ANY, "What kind of failure it was."),
    ("oneway-dead-letter-error", ANY, "What was wrong; never the data."),
    ("oneway-dead-letter-schema-id", NUMBER, "The schema id in front of its payload, if any."),
    ("oneway-dead-letter-attempts", NUMBER, "How often it was tried."),
    ("oneway-dead-letter-payload", ANY, "Says that the payload was left out, as too large."),
];

const ANY: &str = "^.*$";

/// Without which an envelope is refused.
const REQUIRED: [&str; 3] = ["ce_id", "ce_source", "ce_type"];

/// The headers of messages of a kind; state has none.
#[must_use]
pub fn envelope(kind: Kind) -> Value {
    let own: &[_] = match kind {
        Kind::Command => &OF_COMMANDS,
        Kind::Event => &OF_EVENTS,
        Kind::State => return json!({"type": "object", "maxProperties": 0}),
        Kind::Outcome | Kind::Notification => &[],
    };
    let mut required = REQUIRED.to_vec();
    if kind == Kind::Event {
        required.push("ce_sequence");
    }
    object(BASE.iter().chain(own), &required)
}

/// The headers of a dead letter; its own, whatever they are, come first.
#[must_use]
pub fn dead_letter() -> Value {
    let optional = ["oneway-dead-letter-schema-id", "oneway-dead-letter-payload"];
    let names = OF_DEAD_LETTERS.iter().map(|(name, ..)| *name);
    let required: Vec<_> = names.filter(|name| !optional.contains(name)).collect();
    object(OF_DEAD_LETTERS.iter(), &required)
}

/// What the headers of a message look like; state has none.
#[must_use]
pub fn example(kind: Kind, wire_type: &str) -> Option<Value> {
    let base = Envelope {
        id: "2e9a53bc-e478-5a4a-9428-a1f40b4b9cf9",
        source: "command-processor",
        message_type: wire_type,
        time: "2026-11-20T10:00:00.123456Z".parse().ok(),
        subject: Some("4711"),
        correlation_id: Some("01a2272c-43e1-716c-acbf-d278bdb8d09b"),
        causation_id: Some("01a2272c-43e1-716c-acbf-d289f5b80f7a"),
        ..Envelope::default()
    };
    let envelope = match kind {
        Kind::Command => Envelope {
            source: "command-api",
            causation_id: None,
            actor: Some("anna"),
            expected_version: Some(1),
            reply_to: Some(0),
            ..base
        },
        Kind::Event => Envelope { sequence: Some(2), command_offset: Some(42), ..base },
        Kind::Outcome => base,
        Kind::Notification => Envelope { source: "orders", causation_id: None, ..base },
        Kind::State => return None,
    };
    let mut headers = Map::new();
    envelope.write(|name, value| {
        headers.insert(name.to_owned(), json!(String::from_utf8_lossy(value)));
    });
    Some(Value::Object(headers))
}

fn object<'a>(
    headers: impl Iterator<Item = &'a (&'static str, &'static str, &'static str)>,
    required: &[&str],
) -> Value {
    let properties = headers.map(|(name, pattern, description)| {
        let value = json!({"type": "string", "pattern": pattern, "description": description});
        ((*name).to_owned(), value)
    });
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn properties(headers: &Value) -> BTreeSet<String> {
        headers["properties"].as_object().unwrap().keys().cloned().collect()
    }

    /// All headers that there are.
    fn written() -> Vec<(&'static str, Vec<u8>)> {
        let envelope = Envelope {
            id: "e1",
            source: "s",
            message_type: "order_created",
            time: Some("2026-11-20T10:00:00.000001Z".parse().unwrap()),
            subject: Some("o1"),
            sequence: Some(7),
            correlation_id: Some("c"),
            causation_id: Some("c1"),
            command_offset: Some(0),
            command_continues: true,
            actor: Some("anna"),
            traceparent: Some("00"),
            expected_version: Some(1),
            reply_to: Some(3),
        };
        let mut headers = Vec::new();
        envelope.write(|name, value| headers.push((name, value.to_vec())));
        headers
    }

    #[test]
    fn they_are_those_of_the_envelope() {
        let told = [Kind::Command, Kind::Event].map(|kind| properties(&envelope(kind)));
        let told: BTreeSet<_> = told.into_iter().flatten().collect();
        let written: BTreeSet<_> = written().iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(told, written);
    }

    #[test]
    fn those_that_are_required_are_those_that_are_missed() {
        let missed = written().into_iter().map(|(name, _)| name).filter(|missing| {
            let all = written();
            let rest = all.iter().filter(|(name, _)| name != missing);
            Envelope::parse(rest.map(|(name, value)| (*name, Some(value.as_slice())))).is_err()
        });
        assert_eq!(missed.collect::<Vec<_>>(), REQUIRED);
        assert_eq!(envelope(Kind::Outcome)["required"], json!(REQUIRED));
    }

    #[test]
    fn those_of_dead_letters_are_the_runtime_s() {
        let source = include_str!("../../../consumers/runtime/src/dead_letters.rs");
        let quoted = source.split('"').skip(1).step_by(2);
        let written: BTreeSet<_> =
            quoted.filter(|text| text.starts_with("oneway-dead-letter-")).collect();
        let told = OF_DEAD_LETTERS.iter().map(|(name, ..)| *name);
        assert_eq!(told.collect::<BTreeSet<_>>(), written);
    }
}
