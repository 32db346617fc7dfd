//! The relay's side of Kafka. Every call blocks.

use std::{
    collections::{BTreeSet, HashSet},
    time::{Duration, SystemTime},
};

use event_log::{
    OutRecord, Partition, TransactionalProducer, client,
    client::ClientLog,
    record::{self, headers},
    restore::PartitionReader,
    topics::partition_count,
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata},
};
use schemas::{Envelope, Topic};
use service::{
    Tracer,
    trace::{Kind, Place, Span},
};
use uuid::Uuid;

use crate::{
    error::Error,
    outbox::{Outgoing, RelayBatch},
};

/// Longest wait for the group's coordinator.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Longest wait when it is only looked at.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// The cursor is kept as the offset of this partition of the topic, whatever is in it.
const CURSOR_PARTITION: i32 = 0;

/// A producer of the relay, with the cursor that was stored before it began.
pub struct RelayLog {
    producer: TransactionalProducer,
    membership: ConsumerGroupMetadata,
    source: &'static str,
    topic: Topic,
    cursor: Option<i64>,
}

impl std::fmt::Debug for RelayLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayLog")
            .field("topic", &self.topic)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl RelayLog {
    /// Settles what an earlier relay left open, then reads the cursor.
    ///
    /// # Errors
    /// When Kafka fails.
    pub fn open(
        settings: &event_log::Settings,
        source: &'static str,
        topic: Topic,
    ) -> Result<Self, Error> {
        let producer = TransactionalProducer::new(settings, &name_of(source))?;
        let group = group_of(settings, source, "read_committed")?;
        let membership = group
            .group_metadata()
            .ok_or_else(|| Error::Broken("the relay's group has no metadata".into()))?;
        let cursor = read_cursor(&group, &settings.qualify(topic.name()), CALL_LIMIT)?;
        Ok(Self { producer, membership, source, topic, cursor })
    }

    /// The number of the newest batch that was in the log when this relay began; `None` when the
    /// group has none.
    #[must_use]
    pub const fn cursor(&self) -> Option<i64> {
        self.cursor
    }

    /// Sends a batch and moves the cursor to it, in one transaction. A batch without events only
    /// moves the cursor.
    ///
    /// # Errors
    /// When Kafka fails: it is not known then whether the batch is in the log.
    pub fn send(self, batch: RelayBatch, tracer: &Tracer) -> Result<Self, Error> {
        let (started, mut spans) = (SystemTime::now(), Vec::new());
        self.producer.begin()?;
        for mut event in batch.events {
            if let Some(place) = tracer.after(event.traceparent.as_deref()) {
                event.traceparent = Some(place.context().to_string());
                spans.push(self.span(place, &event, started)?);
            }
            self.producer.produce(self.record(event)?)?;
        }
        let kept_at = Partition { topic: self.topic, number: CURSOR_PARTITION };
        let cursor = (kept_at, batch.number);
        self.producer.send_offsets(&[cursor], &self.membership)?;
        self.producer.commit()?;
        tracer.send_all(spans, SystemTime::now());
        Ok(self)
    }

    fn span(&self, place: Place, event: &Outgoing, started: SystemTime) -> Result<Span, Error> {
        let topic = topic_of(event)?.name();
        let span = place.span(Kind::Producer, format!("send {}", event.message_type), started);
        let span = span.of_topic("send", topic);
        Ok(span.with("messaging.message.id", event.id.to_string()))
    }

    fn record(&self, event: Outgoing) -> Result<OutRecord, Error> {
        let topic = topic_of(&event)?;
        let id = event.id.to_string();
        let envelope = Envelope {
            id: &id,
            source: self.source,
            message_type: &event.message_type,
            time: Some(event.time),
            subject: Some(&event.key),
            sequence: event.sequence.and_then(|sequence| u64::try_from(sequence).ok()),
            correlation_id: event.correlation_id.as_deref(),
            causation_id: event.causation_id.as_deref(),
            traceparent: event.traceparent.as_deref(),
            ..Envelope::default()
        };
        let headers = headers(&envelope);
        Ok(OutRecord {
            topic,
            partition: None,
            key: Some(event.key.into_bytes()),
            payload: Some(event.payload),
            headers,
        })
    }

    /// Searches the topics of some batches, in the order of their numbers: the number of the
    /// newest that is there. For when the cursor was lost. Batches are sent whole and in order.
    /// One of which anything is missing was not sent; of one that was not, something may be there
    /// all the same, because a command was given before.
    ///
    /// # Errors
    /// When a topic cannot be read to its end.
    pub fn find_newest(
        settings: &event_log::Settings,
        batches: &[RelayBatch],
    ) -> Result<Option<i64>, Error> {
        let events = || batches.iter().flat_map(|batch| &batch.events);
        let mut missing: HashSet<Uuid> = events().map(|event| event.id).collect();
        let topics = events().map(topic_of).collect::<Result<BTreeSet<_>, _>>()?;
        let reader = PartitionReader::new(settings)?;
        for topic in topics {
            for number in 0..partition_count(settings, topic)? {
                reader.read_to_end(Partition { topic, number }, |found| {
                    let envelope = record::envelope(found).ok();
                    if let Some(id) = envelope.and_then(|found| Uuid::parse_str(found.id).ok()) {
                        missing.remove(&id);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(newest_whole(batches, &missing))
    }
}

fn topic_of(event: &Outgoing) -> Result<Topic, Error> {
    let unknown = || Error::Broken(format!("the outbox has a record for topic {}", event.topic));
    Topic::named(&event.topic).ok_or_else(unknown)
}

/// The last of the batches before the first of which anything is missing.
fn newest_whole(batches: &[RelayBatch], missing: &HashSet<Uuid>) -> Option<i64> {
    let is_whole =
        |batch: &&RelayBatch| !batch.events.iter().any(|event| missing.contains(&event.id));
    batches.iter().take_while(is_whole).last().map(|batch| batch.number)
}

/// The cursor as it was last committed. What a relay has left open is not waited for: whoever takes
/// over aborts it, which may be who asks.
///
/// # Errors
/// When Kafka does not tell at once.
pub fn cursor(
    settings: &event_log::Settings,
    source: &str,
    topic: Topic,
) -> Result<Option<i64>, Error> {
    let group = group_of(settings, source, "read_uncommitted")?;
    read_cursor(&group, &settings.qualify(topic.name()), LOOK_LIMIT)
}

fn name_of(source: &str) -> String {
    format!("{source}.relay")
}

/// Never subscribes: it stands for the group that holds the cursor. Under `read_committed` it asks
/// for the cursor until no transaction is open that moves it (KIP-447).
fn group_of(
    settings: &event_log::Settings,
    source: &str,
    isolation: &str,
) -> Result<BaseConsumer<ClientLog>, Error> {
    client::consumer_config(settings)
        .set("group.id", settings.qualify(&name_of(source)))
        .set("isolation.level", isolation)
        .create_with_context(ClientLog::new(settings))
        .map_err(|error| broken("create the relay's group", &error))
}

fn read_cursor(
    group: &BaseConsumer<ClientLog>,
    topic: &str,
    limit: Duration,
) -> Result<Option<i64>, Error> {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, CURSOR_PARTITION);
    let committed = group
        .committed_offsets(list, limit)
        .map_err(|error| broken("read the relay's cursor", &error))?;
    let elements = committed.elements();
    let cursor = elements.first().map(|element| {
        element.error().map_err(|error| broken("read the relay's cursor", &error))?;
        match element.offset() {
            Offset::Offset(cursor) => Ok(Some(cursor)),
            _ => Ok(None),
        }
    });
    cursor.unwrap_or(Ok(None))
}

fn broken(doing: &str, error: &rdkafka::error::KafkaError) -> Error {
    Error::Connection(format!("cannot {doing}: {error}"))
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;

    use super::*;

    fn batch(number: i64, ids: &[u128]) -> RelayBatch {
        let events = ids.iter().map(|id| Outgoing {
            topic: "order.commands".into(),
            key: "o1".into(),
            message_type: "confirm_order".into(),
            id: Uuid::from_u128(*id),
            sequence: None,
            correlation_id: None,
            causation_id: None,
            traceparent: None,
            time: Timestamp::now(),
            payload: Vec::new(),
        });
        RelayBatch { number, events: events.collect() }
    }

    /// A command that was given before does not make its batch a sent one.
    #[test]
    fn a_batch_is_there_when_all_of_it_is() {
        let batches = [batch(7, &[1, 2]), batch(8, &[1, 3]), batch(9, &[2])];
        let missing = |ids: &[u128]| ids.iter().map(|id| Uuid::from_u128(*id)).collect();
        assert_eq!(newest_whole(&batches, &missing(&[])), Some(9));
        assert_eq!(newest_whole(&batches, &missing(&[3])), Some(7));
        assert_eq!(newest_whole(&batches, &missing(&[1, 3])), None);
    }
}
