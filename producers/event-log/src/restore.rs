//! Reads a partition from its start to its very end: everything committed before the call.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::BorrowedMessage,
};

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Longest time without progress: longer than an abandoned transaction stays open.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// The high watermark of a partition: one past the newest record, committed or not.
///
/// # Errors
/// When the brokers do not answer in time.
pub fn high_watermark(settings: &Settings, partition: Partition) -> Result<i64, Error> {
    // Under read_committed the client would answer with the last stable offset.
    let reader = reader(settings, "read_uncommitted", partition)?;
    let topic = settings.qualify(partition.topic.name());
    let (_, high) = reader
        .fetch_watermarks(&topic, partition.number, CALL_LIMIT)
        .map_err(|error| Error::kafka(format!("read the watermarks of {partition}"), error))?;
    Ok(high)
}

/// Hands every committed record below the present high watermark to `each`, in order. Waits for
/// transactions that are open below it: stopping at the last stable offset would miss what they
/// are about to commit.
///
/// # Errors
/// [`Error::Stalled`] when the end is not reached, or what `each` returns.
pub fn read_to_end(
    settings: &Settings,
    partition: Partition,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let end = high_watermark(settings, partition)?;
    let consumer = reader(settings, "read_committed", partition)?;
    let topic = settings.qualify(partition.topic.name());
    let doing = || format!("read {partition}");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, partition.number, Offset::Beginning)
        .and_then(|()| consumer.assign(&list))
        .map_err(|error| Error::kafka(doing(), error))?;
    let mut progress = Instant::now();
    let mut at = 0;
    while at < end {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => {
                each(&record)?;
                progress = Instant::now();
                at = rdkafka::Message::offset(&record) + 1;
            }
            // At the end of what is stable. The position also counts the markers of finished
            // transactions, which are never delivered.
            Some(Err(KafkaError::PartitionEOF(_))) | None => at = at.max(position(&consumer)),
            Some(Err(error)) => tracing::warn!(%error, kafka.partition = %partition, "reading"),
        }
        if progress.elapsed() > STALL_LIMIT {
            return Err(Error::Stalled { partition, at, end, seconds: STALL_LIMIT.as_secs() });
        }
    }
    Ok(())
}

fn reader(
    settings: &Settings,
    isolation: &str,
    partition: Partition,
) -> Result<BaseConsumer<ClientLog>, Error> {
    client::consumer_config(settings)
        .set("group.id", settings.qualify("restore"))
        .set("isolation.level", isolation)
        .set("enable.partition.eof", "true")
        .create_with_context(ClientLog::default())
        .map_err(|error| Error::kafka(format!("create a reader of {partition}"), error))
}

fn position(consumer: &BaseConsumer<ClientLog>) -> i64 {
    let positions = consumer.position().ok();
    let offset = positions.and_then(|list| list.elements().first().map(|e| e.offset()));
    match offset {
        Some(Offset::Offset(offset)) => offset,
        _ => 0,
    }
}
