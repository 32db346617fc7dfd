//! What a consumer group has committed, as seen by a member or from outside.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
};

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
};

/// Longest wait for stable offsets: the life of an abandoned transaction (25 s), the broker's
/// search for such (10 s), and some.
const STABLE_LIMIT: Duration = Duration::from_secs(60);

/// The offset from which a group goes on in each partition; none where it has committed nothing.
/// The group is not joined. Waits until no transaction can still move them: the records that go
/// with them are in the log by then.
///
/// # Errors
/// When they are not stable in time.
pub fn committed(
    settings: &Settings,
    group: &str,
    partitions: &[Partition],
) -> Result<Vec<(Partition, Option<i64>)>, Error> {
    let outsider: BaseConsumer<ClientLog> = client::consumer_config(settings)
        .set("group.id", settings.qualify(group))
        .create_with_context(ClientLog::new(settings))
        .map_err(|error| Error::kafka(format!("look at group {group}"), error))?;
    stable_offsets(&outsider, settings, partitions)
}

pub(crate) fn stable_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    settings: &Settings,
    partitions: &[Partition],
) -> Result<Vec<(Partition, Option<i64>)>, Error> {
    let failed = |error| Error::kafka("read the stable offsets of the group", error);
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(&settings.qualify(partition.topic.name()), partition.number);
    }
    // Under `read_committed` the coordinator is asked for stable offsets only.
    let committed = consumer.committed_offsets(list, STABLE_LIMIT).map_err(failed)?;
    let mut offsets = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let topic = settings.qualify(partition.topic.name());
        let element = committed.find_partition(&topic, partition.number);
        let element = element.ok_or_else(|| failed(KafkaError::NoMessageReceived))?;
        element.error().map_err(failed)?;
        let next = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        offsets.push((*partition, next));
    }
    Ok(offsets)
}
