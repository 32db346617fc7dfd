//! What a consumer group has committed, as seen by a member or from outside.

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult},
};

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
    transaction::SETTLED_LIMIT,
};

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
    let committed = consumer.committed_offsets(list, SETTLED_LIMIT).map_err(failed)?;
    let mut offsets = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let next = offset_told(&committed, settings, *partition).map_err(failed)?;
        offsets.push((*partition, next));
    }
    Ok(offsets)
}

/// The offset that an answer tells of a partition, if it tells one.
pub(crate) fn offset_told(
    answer: &TopicPartitionList,
    settings: &Settings,
    partition: Partition,
) -> KafkaResult<Option<i64>> {
    let topic = settings.qualify(partition.topic.name());
    let element = answer.find_partition(&topic, partition.number);
    let element = element.ok_or(KafkaError::NoMessageReceived)?;
    element.error()?;
    Ok(match element.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    })
}
