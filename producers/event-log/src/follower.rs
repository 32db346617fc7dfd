//! Follows every partition of a topic, without a group and without commits: for readers of which
//! each instance wants everything, such as that of change notifications. Takes uncommitted records
//! too: it is for topics that nobody writes to in transactions.

use std::{ops::Range, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Message},
};
use schemas::Topic;

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::{Partition, Position},
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(5);

/// A reader of all partitions. Polled by one thread all its life.
pub struct Follower {
    consumer: BaseConsumer<ClientLog>,
    topic: Topic,
    name: String,
}

/// What a poll found.
#[derive(Debug)]
pub enum Step<'a> {
    /// A record, and where it is.
    Record(Position, BorrowedMessage<'a>),
    /// The present end of the partition with that number.
    End(i32),
    /// Nothing within the time.
    Nothing,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Follower {
    /// Makes the client; it connects by itself, and again after each outage.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn new(settings: &Settings, topic: Topic, reader: &str) -> Result<Self, Error> {
        let consumer = client::watched(client::consumer_config(settings))
            // Required to read at all; nothing is ever stored under it.
            .set("group.id", settings.qualify(reader))
            .set("isolation.level", "read_uncommitted")
            .set("enable.partition.eof", "true")
            .create_with_context(ClientLog::new(settings))
            .map_err(|error| Error::kafka(format!("create a follower of {topic}"), error))?;
        Ok(Self { consumer, topic, name: settings.qualify(topic.name()) })
    }

    /// The id of the cluster; none when the brokers do not answer in time.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        self.consumer.client().fetch_cluster_id(CALL_LIMIT)
    }

    /// How many partitions there are.
    ///
    /// # Errors
    /// When the brokers do not answer in time or have no such topic.
    pub fn partitions(&self) -> Result<i32, Error> {
        let doing = || format!("read the partition count of {}", self.topic);
        let metadata = self.consumer.fetch_metadata(Some(&self.name), CALL_LIMIT);
        let metadata = metadata.map_err(|error| Error::kafka(doing(), error))?;
        let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        match i32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => {
                let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
                Err(Error::kafka(doing(), unknown))
            }
        }
    }

    /// The offsets that a partition has now.
    ///
    /// # Errors
    /// When its broker does not answer in time.
    pub fn offsets(&self, number: i32, limit: Duration) -> Result<Range<i64>, Error> {
        let partition = Partition { topic: self.topic, number };
        let asked = client::watermarks(&self.consumer, &self.name, number, limit);
        asked
            .map(|(start, end)| start..end)
            .map_err(|error| Error::kafka(format!("read the watermarks of {partition}"), error))
    }

    /// Begins to follow: each partition from an offset, in their order. Where the offset is not
    /// kept any more, from the oldest that is.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn follow(&self, from: &[i64]) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        let added = (0..).zip(from).try_for_each(|(number, offset)| {
            list.add_partition_offset(&self.name, number, Offset::Offset(*offset))
        });
        added
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|error| Error::kafka(format!("follow {}", self.topic), error))
    }

    /// The next thing to know. After an error that is no fatal one the following goes on.
    ///
    /// # Errors
    /// What the client says of an outage.
    pub fn poll(&self, wait: Duration) -> Result<Step<'_>, Error> {
        match self.consumer.poll(wait) {
            Some(Ok(record)) => {
                let partition = Partition { topic: self.topic, number: record.partition() };
                Ok(Step::Record(Position { partition, offset: record.offset() }, record))
            }
            Some(Err(KafkaError::PartitionEOF(number))) => Ok(Step::End(number)),
            Some(Err(error)) => Err(Error::kafka(format!("follow {}", self.topic), error)),
            None => Ok(Step::Nothing),
        }
    }
}
