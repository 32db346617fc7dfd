//! The least that a restore must do: read every record of the state topic, and drop it.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use event_log::{Partition, Settings, client, restore::PartitionReader};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use schemas::Topic;

use crate::failure::Result;

/// The state topic's partition.
pub const STATES: Partition = Partition { topic: Topic::ORDER_STATE, number: 0 };

/// How long it takes, connecting included.
pub fn consume(settings: &Settings) -> Result<Duration> {
    let end = PartitionReader::new(settings).and_then(|reader| reader.high_watermark(STATES));
    let end = end.context("cannot read the end of the state topic")?;
    let started = Instant::now();
    let consumer: BaseConsumer = client::consumer_config(settings)
        .set("group.id", settings.qualify("bench"))
        .set("enable.partition.eof", "true")
        .create()
        .context("cannot create a consumer")?;
    let mut list = TopicPartitionList::new();
    let topic = settings.qualify(STATES.topic.name());
    list.add_partition_offset(&topic, STATES.number, Offset::Beginning)
        .and_then(|()| consumer.assign(&list))
        .context("cannot read the state topic")?;
    let mut count = 0_u64;
    loop {
        match consumer.poll(Duration::from_secs(30)) {
            Some(Ok(_)) => count += 1,
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(started.elapsed()),
            Some(Err(error)) => return Err(anyhow!(error).into()),
            None => return Err(anyhow!("nothing came after {count} records of {end}").into()),
        }
    }
}
