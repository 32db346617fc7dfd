//! A copy of an installation's log in a namespace of its own, to be damaged on the way.

use std::{collections::BTreeMap, time::Duration};

use event_log::{
    Appender, OutRecord, Partition, Settings,
    client::{AdminOptions, admin, consumer_config},
    restore::PartitionReader,
    topics::partition_count,
};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    message::{Header, Headers, OwnedHeaders},
};
use schemas::{Namespace, Topic};
use testkit::Installation;

/// Every topic that is verified.
pub const TOPICS: [Topic; 10] = [
    Topic::CUSTOMER_COMMANDS,
    Topic::CUSTOMER_EVENTS,
    Topic::CUSTOMER_STATE,
    Topic::ORDER_COMMANDS,
    Topic::ORDER_EVENTS,
    Topic::ORDER_STATE,
    Topic::CAMPAIGN_STATE,
    Topic::MAILING_STATE,
    Topic::COMMAND_RESULTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
];

/// A record as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub partition: i32,
    pub key: String,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Where a record will be.
pub type Place = (&'static str, i64, i64);

/// The records of each topic, to be written partition by partition in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy(pub BTreeMap<Topic, Vec<Record>>);

impl Record {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name)?;
        std::str::from_utf8(&found.1).ok()
    }

    /// The same with another value of a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let header = self.headers.iter_mut().find(|(header, _)| header == name);
        header.unwrap_or_else(|| panic!("no header {name}")).1 = value.as_bytes().to_vec();
        self
    }

    fn out(&self, topic: Topic) -> OutRecord {
        let headers = self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        OutRecord {
            topic,
            partition: Some(self.partition),
            key: Some(self.key.clone().into_bytes()),
            payload: self.payload.clone(),
            headers,
        }
    }
}

impl Copy {
    /// Reads everything. Blocks.
    pub fn read(settings: &Settings) -> Self {
        let reader = PartitionReader::new(settings).unwrap();
        let mut copy = Self::default();
        for topic in TOPICS {
            let records = copy.0.entry(topic).or_default();
            for number in 0..partition_count(settings, topic).unwrap() {
                let read = reader.read_to_end(Partition { topic, number }, |record| {
                    let headers = record.headers().into_iter().flat_map(|h| h.iter());
                    records.push(Record {
                        partition: number,
                        key: String::from_utf8(record.key().unwrap().to_vec()).unwrap(),
                        payload: record.payload().map(<[u8]>::to_vec),
                        headers: headers
                            .map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec()))
                            .collect(),
                    });
                    Ok(())
                });
                read.unwrap();
            }
        }
        copy
    }

    pub fn on(&mut self, topic: Topic) -> &mut Vec<Record> {
        self.0.get_mut(&topic).unwrap()
    }

    /// Index of the only record of a topic that is looked for.
    pub fn find(&self, topic: Topic, is_it: impl Fn(&Record) -> bool) -> usize {
        let found: Vec<_> =
            self.0[&topic].iter().enumerate().filter(|(_, r)| is_it(r)).map(|(i, _)| i).collect();
        assert_eq!(found.len(), 1, "records found on {topic}");
        found[0]
    }

    /// Index of the event with this version.
    pub fn event(&self, topic: Topic, key: &str, version: u32) -> usize {
        let version = version.to_string();
        self.find(topic, |r| r.key == key && r.header("ce_sequence") == Some(&version))
    }

    /// Appends a record; its index.
    pub fn append(&mut self, topic: Topic, record: Record) -> usize {
        self.on(topic).push(record);
        self.0[&topic].len() - 1
    }

    /// Where the record with this index will be.
    pub fn place(&self, topic: Topic, index: usize) -> Place {
        let (before, rest) = self.0[&topic].split_at(index);
        let partition = rest[0].partition;
        let offset = before.iter().filter(|record| record.partition == partition).count();
        (topic.name(), partition.into(), i64::try_from(offset).unwrap())
    }

    /// Writes it into a fresh namespace, whose processor has consumed all commands.
    pub async fn write(&self, installation: &Installation) -> Settings {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let namespace = Namespace::new(&format!("e{}", &id[..12])).unwrap();
        let settings = Settings { namespace, ..installation.settings() };
        let mut apply = on(installation, &settings, &["topics", "apply"]);
        let applied = apply.output().unwrap();
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        let appender = Appender::new(&settings, Duration::from_secs(30)).unwrap();
        let mut appended = Vec::new();
        for (topic, records) in &self.0 {
            for record in records {
                appended.push(appender.queue(record.out(*topic)).unwrap());
            }
        }
        for append in appended {
            append.await.unwrap();
        }
        let copy = self.clone();
        let written = settings.clone();
        tokio::task::spawn_blocking(move || copy.consume(&written)).await.unwrap();
        settings
    }

    /// Commits the ends of the commands as the processor would.
    fn consume(&self, settings: &Settings) {
        let group: BaseConsumer = consumer_config(settings)
            .set("group.id", settings.qualify("command-processor"))
            .create()
            .unwrap();
        let mut ends = TopicPartitionList::new();
        for topic in [Topic::CUSTOMER_COMMANDS, Topic::ORDER_COMMANDS] {
            for number in 0..partition_count(settings, topic).unwrap() {
                let end = self.0[&topic].iter().filter(|r| r.partition == number).count();
                let end = Offset::Offset(i64::try_from(end).unwrap());
                ends.add_partition_offset(&settings.qualify(topic.name()), number, end).unwrap();
            }
        }
        group.commit(&ends, CommitMode::Sync).unwrap();
    }
}

/// A `oneway` command on another namespace of an installation's cluster.
pub fn on(
    installation: &Installation,
    settings: &Settings,
    command: &[&str],
) -> std::process::Command {
    let mut oneway = installation.oneway();
    oneway.args(command).args(["--brokers", &settings.brokers]);
    oneway.args(["--registry", &settings.registry_url]);
    oneway.args(["--namespace", settings.namespace.as_str()]);
    oneway
}

/// Deletes the oldest records of each partition of a topic, as retention would: so many percent.
pub async fn delete_oldest(settings: &Settings, topic: Topic, percent: i64) {
    let shared = settings.clone();
    let starts = tokio::task::spawn_blocking(move || {
        let reader = PartitionReader::new(&shared).unwrap();
        let mut starts = TopicPartitionList::new();
        for number in 0..partition_count(&shared, topic).unwrap() {
            let end = reader.high_watermark(Partition { topic, number }).unwrap();
            let start = Offset::Offset(end * percent / 100);
            starts.add_partition_offset(&shared.qualify(topic.name()), number, start).unwrap();
        }
        starts
    });
    let starts = starts.await.unwrap();
    let deleted = admin(settings).unwrap().delete_records(&starts, &AdminOptions::new());
    deleted.await.unwrap().elements().iter().for_each(|deleted| deleted.error().unwrap());
}
