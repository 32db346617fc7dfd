//! What the documents are made of: plain data, from the files of the repository or from a test.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use schema_workflow::history::Folder;
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
    /// revisions, and the values of its fixtures.
    ///
    /// # Errors
    /// When a file cannot be read or is malformed; it is named.
    pub fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let files = Folder::read(folder, folder).map_err(io::Error::other)?;
        subjects().into_iter().map(|subject| Self::of(folder, &files, subject)).collect()
    }

    fn of(root: &Path, files: &Folder, Subject { topic, file, .. }: Subject) -> io::Result<Self> {
        let namespace = file.record.rsplit('.').nth(1).unwrap_or_default();
        let message = files.messages.get(&format!("{namespace}/{}", file.wire_type));
        let now = message.and_then(|message| message.now.as_ref());
        let text = now.map_or(file.text, |source| source.text.as_str());
        let revisions = message.into_iter().flat_map(|message| &message.revisions);
        let mut earlier: Vec<_> = revisions.map(|source| source.text.clone()).collect();
        // The last one is the present one, once it is locked.
        earlier.pop_if(|last| last == text);
        let present: Value = serde_json::from_str(text)?;
        let mut examples = Vec::new();
        for file in numbered(&root.join("fixtures").join(file.wire_type)) {
            let Fixture { schema, datum, value } = read(&file)?;
            if schema == present {
                examples.push(Example { value, datum: bytes(&datum)? });
            }
        }
        Ok(Self {
            topic: topic.name().to_owned(),
            folder: namespace.to_owned(),
            wire_type: file.wire_type.to_owned(),
            record: file.record.to_owned(),
            text: text.to_owned(),
            earlier,
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

/// The fixtures of a folder, which are numbered from 1 on.
fn numbered(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let files = (1..).map(|number| folder.join(format!("{number}.json")));
    files.take_while(|file| file.exists())
}

fn read<T: DeserializeOwned>(file: &Path) -> io::Result<T> {
    let text = fs::read_to_string(file);
    let parsed = text.and_then(|text| serde_json::from_str(&text).map_err(io::Error::from));
    parsed.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}
