//! What the documents are made of: plain data, from the files of the repository or from a test.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use schemas::catalog::{Subject, subjects};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Everything that the documents tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Who writes and reads.
    pub services: Vec<Service>,
    /// Where to.
    pub topics: Vec<Topic>,
    /// What.
    pub schemas: Vec<Schema>,
}

/// A service, as in `deploy/services.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, and that of its consumer group.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Topics that it reads.
    pub reads: Vec<String>,
    /// Topics that it writes.
    pub writes: Vec<String>,
}

/// A topic, as in `deploy/topics.yaml`, with the defaults filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its logical name.
    pub name: String,
    /// What it holds.
    pub holds: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// Copies of each.
    pub replication: i32,
    /// Broker settings.
    pub config: BTreeMap<String, String>,
}

/// A schema on the topic that carries it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Logical name of the topic.
    pub topic: String,
    /// The folder below `schemas/avro`: the aggregate, or what else belongs together.
    pub folder: String,
    /// Wire name: the value of `ce_type`.
    pub wire_type: String,
    /// Full name of the Avro record.
    pub record: String,
    /// The present revision, as registered.
    pub text: String,
    /// The revisions before it, oldest first.
    pub earlier: Vec<String>,
    /// Values that were written with the present revision.
    pub examples: Vec<Example>,
}

/// A value of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// As people read it.
    pub value: Value,
    /// The Avro datum.
    pub datum: Vec<u8>,
}

impl Schema {
    /// Every schema of the system, with what the folder `schemas` of the repository has of it: its
    /// earlier revisions in `revisions/<folder>/<wire type>.<n>.avsc`, from 1 on, or else those of
    /// its fixtures; and the values of these.
    ///
    /// # Errors
    /// When a file cannot be read or is malformed; it is named.
    pub fn all(folder: &Path) -> io::Result<Vec<Self>> {
        subjects().into_iter().map(|subject| Self::of(folder, subject)).collect()
    }

    fn of(root: &Path, Subject { topic, file }: Subject) -> io::Result<Self> {
        let namespace = file.record.rsplit('.').nth(1).unwrap_or_default();
        let present: Value = serde_json::from_str(file.text)?;
        let revisions = root.join("revisions").join(namespace);
        let revisions = numbered(&revisions, |n| format!("{}.{n}.avsc", file.wire_type));
        let fixtures = root.join("fixtures").join(file.wire_type);
        let fixtures = numbered(&fixtures, |n| format!("{n}.json"));
        let mut earlier: Vec<Value> = Vec::new();
        let mut examples = Vec::new();
        for file in &revisions {
            earlier.push(read(file)?);
        }
        for file in &fixtures {
            let Fixture { schema, datum, value } = read(file)?;
            if schema == present {
                examples.push(Example { value, datum: bytes(&datum)? });
            } else if revisions.is_empty() {
                earlier.push(schema);
            }
        }
        earlier.dedup();
        earlier.retain(|schema| *schema != present);
        Ok(Self {
            topic: topic.name().to_owned(),
            folder: namespace.to_owned(),
            wire_type: file.wire_type.to_owned(),
            record: file.record.to_owned(),
            text: file.text.to_owned(),
            earlier: earlier.iter().map(Value::to_string).collect(),
            examples,
        })
    }
}

/// A golden datum, with the revision that it was written with.
#[derive(Deserialize)]
struct Fixture {
    schema: Value,
    datum: String,
    value: Value,
}

/// What hexadecimal digits say.
fn bytes(hex: &str) -> io::Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = str::from_utf8(pair).map_err(io::Error::other)?;
        u8::from_str_radix(pair, 16).map_err(io::Error::other)
    };
    pairs.map(byte).collect()
}

/// The files of a folder that are numbered from 1 on.
fn numbered(folder: &Path, name: impl Fn(u32) -> String) -> Vec<PathBuf> {
    let files = (1..).map(|number| folder.join(name(number)));
    files.take_while(|file| file.exists()).collect()
}

fn read<T: DeserializeOwned>(file: &Path) -> io::Result<T> {
    let text = fs::read_to_string(file);
    let parsed = text.and_then(|text| serde_json::from_str(&text).map_err(io::Error::from));
    parsed.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}
