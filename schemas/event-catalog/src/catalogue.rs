//! Everything that is known of each message, as the pages show it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    fields::{Change, Field, changes, fields},
    input::{Input, Schema, Service},
    schema::parse,
};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A wish.
    Command,
    /// What happened.
    Event,
    /// What an aggregate has become.
    State,
    /// What became of a command.
    Outcome,
    /// That something may be looked at again.
    Notification,
}

impl Kind {
    /// All of them, in the order in which people read of them.
    pub const ALL: [Self; 5] =
        [Self::Command, Self::Event, Self::State, Self::Outcome, Self::Notification];

    /// What the messages of a topic are, by its logical name.
    #[must_use]
    pub fn on(topic: &str) -> Self {
        match topic.rsplit_once('.') {
            Some((_, "commands")) => Self::Command,
            Some((_, "events")) => Self::Event,
            Some((_, "state")) => Self::State,
            Some(("command", _)) => Self::Outcome,
            _ => Self::Notification,
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Event => "event",
            Self::State => "state",
            Self::Outcome => "outcome",
            Self::Notification => "notification",
        }
    }

    /// The key of its records.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Command | Self::Event | Self::State => "id of the aggregate",
            Self::Outcome => "id of the command",
            Self::Notification => "key of the row, or the consumer when there is none",
        }
    }
}

/// A type of messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Wire name.
    #[serde(rename = "type")]
    pub wire_type: String,
    /// Full name of the Avro record.
    pub record: String,
    /// Under which its schemas are registered.
    pub subject: String,
    /// The aggregate, or what else belongs together.
    pub aggregate: String,
    /// What it is for.
    pub kind: Kind,
    /// Logical name of the topic that carries it.
    pub topic: String,
    /// What the key of its records is.
    pub key: &'static str,
    /// What it says.
    pub doc: String,
    /// Its fields, and those of the records within it.
    pub fields: Vec<Field>,
    /// Its revisions, the present one first.
    pub versions: Vec<Version>,
    /// A value, as people read it.
    pub example: Option<Value>,
    /// Services that write its topic.
    pub producers: Vec<String>,
    /// Services that read its topic.
    pub consumers: Vec<String>,
}

/// A revision of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// From 1.
    pub number: usize,
    /// What it changed; nothing in the first one.
    pub changes: Vec<Change>,
}

/// The data of the web page's catalogue.
#[must_use]
pub fn catalogue(input: &Input) -> Value {
    let services = input.services.iter();
    let services =
        services.map(|Service { name, about, .. }| json!({"name": name, "about": about}));
    let topics = input.topics.iter().map(
        |topic| json!({"name": topic.name, "holds": topic.holds, "partitions": topic.partitions}),
    );
    json!({
        "messages": messages(input),
        "services": services.collect::<Vec<_>>(),
        "topics": topics.collect::<Vec<_>>(),
    })
}

/// The types of messages, in the order of the schemas.
#[must_use]
pub fn messages(input: &Input) -> Vec<Message> {
    input.schemas.iter().map(|schema| message(input, schema)).collect()
}

fn message(input: &Input, schema: &Schema) -> Message {
    let present = parse(&schema.text);
    let kind = Kind::on(&schema.topic);
    Message {
        wire_type: schema.wire_type.clone(),
        record: schema.record.clone(),
        subject: format!("{}-{}", schema.topic, schema.record),
        aggregate: schema.folder.clone(),
        kind,
        topic: schema.topic.clone(),
        key: kind.key(),
        doc: present.as_ref().and_then(|schema| schema.root.doc.clone()).unwrap_or_default(),
        fields: present.as_ref().map(fields).unwrap_or_default(),
        versions: versions(schema),
        example: schema.examples.first().map(|example| example.value.clone()),
        producers: producers(input, &schema.topic),
        consumers: consumers(input, &schema.topic),
    }
}

fn versions(schema: &Schema) -> Vec<Version> {
    let texts = schema.earlier.iter().chain([&schema.text]);
    let revisions: Vec<_> = texts.filter_map(|text| parse(text)).collect();
    let later = revisions.iter().zip(revisions.iter().skip(1));
    let later = later.map(|(before, after)| changes(before, after));
    let all = [Vec::new()].into_iter().chain(later).enumerate();
    let mut versions: Vec<_> =
        all.map(|(index, changes)| Version { number: index + 1, changes }).collect();
    versions.reverse();
    versions
}

/// The services that write a topic.
#[must_use]
pub fn producers(input: &Input, topic: &str) -> Vec<String> {
    named(input, |service| service.writes.iter().any(|name| name == topic))
}

/// The services that read a topic.
#[must_use]
pub fn consumers(input: &Input, topic: &str) -> Vec<String> {
    named(input, |service| service.reads.iter().any(|name| name == topic))
}

fn named(input: &Input, is_wanted: impl Fn(&Service) -> bool) -> Vec<String> {
    let wanted = input.services.iter().filter(|service| is_wanted(service));
    wanted.map(|service| service.name.clone()).collect()
}
