//! Whether keys are still where they belong. Partitions that are added, even to all topics alike,
//! move keys: their next command would meet an aggregate without a past. Nothing has to be
//! remembered to find this out, the oldest events tell: each was written where its key belonged.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use event_log::{
    Error, Settings,
    client::{self, ClientLog},
    partitioner::partition_of,
};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use schemas::Topic;

use super::risk::{Finding, Risk};

/// How many of the oldest events of each partition are looked at. With twice the partitions, half
/// of the keys move.
const OLDEST: u32 = 500;

const POLL: Duration = Duration::from_millis(50);

/// Longest look, at all partitions of a topic together.
const LIMIT: Duration = Duration::from_secs(15);

/// Looks for an event in another partition than its key belongs to, in a topic with so many
/// partitions. Blocks.
pub fn moved(settings: &Settings, topic: Topic, count: i32) -> Result<Option<Finding>, Error> {
    let failed = |source| Error::Kafka { doing: "read the oldest events".into(), source };
    let consumer: BaseConsumer<ClientLog> = client::consumer_config(settings)
        // Required to read at all; nothing is ever stored under it.
        .set("group.id", settings.qualify("command-processor-guard"))
        .set("enable.partition.eof", "true")
        .create_with_context(ClientLog::default())
        .map_err(failed)?;
    let mut starts = TopicPartitionList::new();
    for number in 0..count {
        let name = settings.qualify(topic.name());
        starts.add_partition_offset(&name, number, Offset::Beginning).map_err(failed)?;
    }
    consumer.assign(&starts).map_err(failed)?;
    look(&consumer, topic, count, Instant::now() + LIMIT).map_err(failed)
}

/// Reads the oldest events of every partition of one topic.
fn look(
    consumer: &BaseConsumer<ClientLog>,
    topic: Topic,
    count: i32,
    deadline: Instant,
) -> Result<Option<Finding>, KafkaError> {
    let mut left: BTreeMap<i32, u32> = (0..count).map(|number| (number, OLDEST)).collect();
    while !left.is_empty() {
        match consumer.poll(POLL) {
            Some(Ok(record)) => {
                let (is, key) = (record.partition(), record.key().unwrap_or_default());
                let belongs = partition_of(key, count);
                if belongs != is {
                    return Ok(Some(finding(topic, count, is, belongs)));
                }
                if let Some(left) = left.get_mut(&is) {
                    *left -= 1;
                }
                left.retain(|_, left| *left > 0);
            }
            Some(Err(KafkaError::PartitionEOF(number))) => {
                left.remove(&number);
            }
            // Errors pass or run into the deadline.
            Some(Err(_)) | None if Instant::now() > deadline => {
                return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
            Some(Err(_)) | None => {}
        }
    }
    Ok(None)
}

fn finding(topic: Topic, count: i32, is: i32, belongs: i32) -> Finding {
    let what = format!(
        "has partitions={count}, must be as many as when its events were written: partition {is} \
         has one whose key belongs to {belongs}"
    );
    Finding { risk: Risk::Partitions, topic, what }
}
