//! Reads whole topics back, under `read_committed`.

use std::collections::{BTreeMap, BTreeSet};

use event_log::{
    Partition, Settings, record::envelope, restore::PartitionReader, topics::partition_count,
};
use schemas::Topic;

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
            let envelope = envelope(record).unwrap();
            let (key, payload) = event_log::record::bytes(record);
            entries.push(Entry {
                key: String::from_utf8(key.to_vec()).unwrap(),
                id: envelope.id.to_owned(),
                message_type: envelope.message_type.to_owned(),
                sequence: envelope.sequence,
                causation_id: envelope.causation_id.map(str::to_owned),
                payload: payload.to_vec(),
            });
            Ok(())
        });
        read.unwrap();
    }
    entries
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
