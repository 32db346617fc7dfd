//! Reads outcomes from this instance's partition of `command.results`, on a thread of its own.
//!
//! Which partition that is follows from the instance's name; instances may share one, and then
//! pass over what they do not wait for. The reader takes no part in a consumer group and stores
//! no offset: it starts at the end, since only later outcomes are waited for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Error, ErrorClass, Partition, Settings,
    backoff::Backoff,
    client::{self, ClientLog},
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Message},
};
use schemas::Topic;
use service::{Shutdown, health::Part};
use tokio::{runtime::Handle, sync::oneshot};
use uuid::Uuid;

use crate::{metrics, outcomes::Outcomes, record::OutcomeDecoder};

const POLL: Duration = Duration::from_millis(100);
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// How often the brokers are asked whether they are there: nothing else tells while no command
/// comes, and a broker that hangs reports no error for a long time.
const PROBE: Duration = Duration::from_secs(5);
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// The reader.
pub struct Reader {
    /// The cluster.
    pub settings: Settings,
    /// Where outcomes go.
    pub outcomes: Arc<Outcomes>,
    /// Reads the records.
    pub decoder: OutcomeDecoder,
    /// Tells whether outcomes come.
    pub health: Part,
    /// When to end.
    pub stop: Shutdown,
    /// For waits that the stop cuts short.
    pub runtime: Handle,
}

impl Reader {
    /// Takes its place, tells the partition's number, and reads until the stop.
    pub fn run(mut self, positioned: oneshot::Sender<i32>) -> Result<(), Error> {
        let consumer: BaseConsumer<ClientLog> =
            client::watched(client::consumer_config(&self.settings))
                // Required to read at all; nothing is ever stored under it.
                .set("group.id", self.settings.qualify("command-api"))
                .create_with_context(ClientLog::new(&self.settings))
                .map_err(|error| kafka("create the reader of outcomes", error))?;
        let Some(place) = self.take_place(&consumer)? else {
            return Ok(());
        };
        tracing::info!(kafka.topic = %place.topic, kafka.partition = place.number, "reading outcomes");
        self.health.ready();
        // Whoever asked has stopped: then so do we, soon.
        let _ = positioned.send(place.number);
        self.read(&consumer, place)
    }

    /// Tries until it stands at the end of its partition; `None` when it is to stop before.
    fn take_place(&self, consumer: &BaseConsumer<ClientLog>) -> Result<Option<Partition>, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !self.stop.is_requested() {
            match self.try_take_place(consumer) {
                Ok(place) => return Ok(Some(place)),
                Err(error) if error.class() == ErrorClass::Transient => {
                    tracing::warn!(error = %chain(&error), "no outcomes yet");
                    self.health.not_ready(chain(&error));
                    let wait = tokio::time::timeout(backoff.next_wait(), self.stop.requested());
                    // Either way the loop's condition is asked next.
                    let _ = self.runtime.block_on(wait);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn try_take_place(&self, consumer: &BaseConsumer<ClientLog>) -> Result<Partition, Error> {
        let topic = self.settings.qualify(Topic::COMMAND_RESULTS.name());
        let count = partition_count(consumer, &topic)?;
        let number = reply_partition(self.settings.instance.as_deref(), count);
        let place = Partition { topic: Topic::COMMAND_RESULTS, number };
        let doing = || format!("take a place at the end of {place}");
        let (_, end) = client::watermarks(consumer, &topic, number, CALL_LIMIT)
            .map_err(|error| kafka(doing(), error))?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, number, Offset::Offset(end))
            .and_then(|()| consumer.assign(&list))
            .map_err(|error| kafka(doing(), error))?;
        Ok(place)
    }

    fn read(&mut self, consumer: &BaseConsumer<ClientLog>, place: Partition) -> Result<(), Error> {
        let mut probed = Instant::now();
        while !self.stop.is_requested() {
            match consumer.poll(POLL) {
                Some(Ok(record)) => self.take(&record),
                Some(Err(source)) => {
                    let error = kafka(format!("read {place}"), source);
                    if error.class() == ErrorClass::Fatal {
                        return Err(error);
                    }
                    self.health.not_ready(chain(&error));
                }
                None => {}
            }
            if probed.elapsed() >= PROBE {
                self.probe(consumer, place);
                probed = Instant::now();
            }
        }
        Ok(())
    }

    fn probe(&self, consumer: &BaseConsumer<ClientLog>, place: Partition) {
        let topic = self.settings.qualify(place.topic.name());
        match client::watermarks(consumer, &topic, place.number, PROBE_LIMIT) {
            Ok(_) => self.health.ready(),
            Err(source) => {
                self.health.not_ready(chain(&kafka(format!("reach {place}"), source)));
            }
        }
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) {
        match self.decoder.decode(record) {
            Ok((command, outcome)) => {
                ::metrics::counter!(metrics::OUTCOMES_READ).increment(1);
                self.outcomes.decided(command, outcome);
            }
            Err(error) => {
                ::metrics::counter!(metrics::OUTCOMES_SKIPPED).increment(1);
                tracing::warn!(
                    %error,
                    kafka.topic = record.topic(),
                    kafka.partition = record.partition(),
                    kafka.offset = record.offset(),
                    "a record of the results is no outcome"
                );
            }
        }
    }
}

/// How many partitions the topic of outcomes has.
pub fn partition_count(consumer: &BaseConsumer<ClientLog>, topic: &str) -> Result<i32, Error> {
    let doing = || format!("read the partition count of {topic}");
    let metadata = consumer.fetch_metadata(Some(topic), CALL_LIMIT);
    let metadata = metadata.map_err(|error| kafka(doing(), error))?;
    let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    match i32::try_from(partitions) {
        Ok(count) if count > 0 => Ok(count),
        _ => {
            let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
            Err(kafka(doing(), unknown))
        }
    }
}

/// The partition that an instance's outcomes go to: the same after a restart. An instance
/// without a name takes any.
fn reply_partition(instance: Option<&str>, count: i32) -> i32 {
    let hash = instance
        .map_or_else(Uuid::new_v4, |name| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
    let count = u128::try_from(count).unwrap_or(1).max(1);
    i32::try_from(hash.as_u128() % count).unwrap_or(0)
}

/// Wraps what a Kafka call said.
pub fn kafka(doing: impl Into<String>, source: KafkaError) -> Error {
    Error::Kafka { doing: doing.into(), source }
}

/// An error with its cause, for people.
pub fn chain(error: &Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_keeps_its_partition() {
        for count in [1, 4, 12] {
            let partition = reply_partition(Some("command-api-1"), count);
            assert_eq!(reply_partition(Some("command-api-1"), count), partition);
            assert!((0..count).contains(&partition));
            assert!((0..count).contains(&reply_partition(None, count)));
        }
        let names = (0..64).map(|n| reply_partition(Some(&n.to_string()), 4));
        assert_eq!(names.collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
