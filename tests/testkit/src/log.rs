//! Reads whole topics back, under `read_committed`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use event_log::{
    Partition, Position, Registry, Settings,
    client::{self, ClientLog},
    reader::MessageReader,
    record::envelope,
    restore::PartitionReader,
    topics::partition_count,
};
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use schemas::{Envelope, Topic, notification::ReadModelChanged};
use tokio::runtime::Handle;

/// What the tests look at in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// `ce_id`.
    pub id: String,
    /// `ce_type`.
    pub message_type: String,
    /// `ce_sequence`.
    pub sequence: Option<u64>,
    /// `ce_causationid`.
    pub causation_id: Option<String>,
    /// `ce_actor`.
    pub actor: Option<String>,
    /// `ce_commandoffset`.
    pub command_offset: Option<i64>,
    /// `ce_commandcontinues`.
    pub command_continues: bool,
    /// Where it is.
    pub position: Position,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Every committed record of a topic, partition by partition. Blocks.
#[must_use]
pub fn read(settings: &Settings, topic: Topic) -> Vec<Entry> {
    let reader = PartitionReader::new(settings).unwrap();
    let mut entries = Vec::new();
    for number in 0..partition_count(settings, topic).unwrap() {
        let read = reader.read_to_end(Partition { topic, number }, |record| {
            // States have none; their fields stay empty.
            let has_envelope = record.headers().is_some();
            let envelope =
                if has_envelope { envelope(record).unwrap() } else { Envelope::default() };
            let (key, payload) = event_log::record::bytes(record);
            entries.push(Entry {
                key: String::from_utf8(key.to_vec()).unwrap(),
                id: envelope.id.to_owned(),
                message_type: envelope.message_type.to_owned(),
                sequence: envelope.sequence,
                causation_id: envelope.causation_id.map(str::to_owned),
                actor: envelope.actor.map(str::to_owned),
                command_offset: envelope.command_offset,
                command_continues: envelope.command_continues,
                position: Position {
                    partition: Partition { topic, number },
                    offset: record.offset(),
                },
                payload: payload.to_vec(),
            });
            Ok(())
        });
        read.unwrap();
    }
    entries
}

/// Every change notification, partition by partition. Blocks; on a thread of the async runtime that
/// may.
#[must_use]
pub fn notifications(settings: &Settings) -> Vec<ReadModelChanged> {
    let registry = Registry::of(settings);
    let mut reader = MessageReader::new(&registry, &Handle::current());
    let entries = read(settings, Topic::CHANGE_NOTIFICATIONS);
    let message = |entry: Entry| reader.read_sole(&entry.payload).unwrap().unwrap();
    entries.into_iter().map(message).collect()
}

/// Fails unless versions run 1..n for each key and no id comes twice.
pub fn assert_whole(entries: &[Entry]) {
    let mut ids = BTreeSet::new();
    let mut versions = BTreeMap::new();
    for entry in entries {
        assert!(ids.insert(&entry.id), "event {} comes twice", entry.id);
        let version = versions.entry(&entry.key).or_insert(0);
        *version += 1;
        assert_eq!(
            entry.sequence,
            Some(*version),
            "version of {} {}",
            entry.message_type,
            entry.key
        );
    }
}

/// High watermark of every partition of some topics: equal watermarks mean that nothing at all was
/// appended. Blocks.
#[must_use]
pub fn watermarks(settings: &Settings, topics: &[Topic]) -> Vec<i64> {
    let reader = PartitionReader::new(settings).unwrap();
    let mut watermarks = Vec::new();
    for topic in topics {
        for number in 0..partition_count(settings, *topic).unwrap() {
            let partition = Partition { topic: *topic, number };
            watermarks.push(reader.high_watermark(partition).unwrap());
        }
    }
    watermarks
}

/// How many records of a topic a group has not committed. Blocks.
#[must_use]
pub fn lag(settings: &Settings, group: &str, topic: Topic) -> i64 {
    let name = settings.qualify(topic.name());
    let member: BaseConsumer<ClientLog> = client::consumer_config(settings)
        .set("group.id", settings.qualify(group))
        .create_with_context(ClientLog::default())
        .unwrap();
    let mut list = TopicPartitionList::new();
    for number in 0..partition_count(settings, topic).unwrap() {
        list.add_partition(&name, number);
    }
    let committed = member.committed_offsets(list, Duration::from_secs(10)).unwrap();
    let lags = committed.elements().into_iter().map(|element| {
        let (_, end) =
            member.fetch_watermarks(&name, element.partition(), Duration::from_secs(10)).unwrap();
        end - element.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(0)
    });
    lags.sum()
}
