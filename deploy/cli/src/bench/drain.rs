//! The least that reading takes: every record of some partitions, dropped.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use event_log::{Partition, Settings, client};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

/// Longest wait for a record.
const LIMIT: Duration = Duration::from_secs(30);

/// Reads to the end; how many records there were, and how long it took, connecting included.
/// Blocks.
pub fn drain(settings: &Settings, partitions: &[Partition]) -> anyhow::Result<(usize, Duration)> {
    let started = Instant::now();
    let consumer: BaseConsumer = client::consumer_config(settings)
        .set("group.id", settings.qualify("bench"))
        .set("enable.partition.eof", "true")
        .create()
        .context("cannot create a consumer")?;
    let mut list = TopicPartitionList::new();
    for Partition { topic, number } in partitions {
        list.add_partition_offset(&settings.qualify(topic.name()), *number, Offset::Beginning)?;
    }
    consumer.assign(&list).context("cannot read the partitions")?;
    let (mut read, mut open) = (0, partitions.len());
    while open > 0 {
        match consumer.poll(LIMIT) {
            Some(Ok(_)) => read += 1,
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(anyhow!(error)),
            None => return Err(anyhow!("nothing came after {read} records")),
        }
    }
    Ok((read, started.elapsed()))
}
