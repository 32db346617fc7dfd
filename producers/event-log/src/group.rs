//! What a consumer group has committed, as seen by a member or from outside.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};

use crate::{
    client::{self, AdminOptions, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
    transaction::SETTLED_LIMIT,
};

const CALL_LIMIT: Duration = Duration::from_secs(15);

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

/// Has a group that has no members go on from some offsets.
///
/// # Errors
/// When the coordinator refuses: a group with members commits for itself.
pub fn commit(settings: &Settings, group: &str, next: &[(Partition, i64)]) -> Result<(), Error> {
    let failed = |error| Error::kafka(format!("set where group {group} goes on"), error);
    let outsider: BaseConsumer<ClientLog> = client::consumer_config(settings)
        .set("group.id", settings.qualify(group))
        .create_with_context(ClientLog::new(settings))
        .map_err(failed)?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in next {
        let topic = settings.qualify(partition.topic.name());
        let offset = Offset::Offset(*offset);
        list.add_partition_offset(&topic, partition.number, offset).map_err(failed)?;
    }
    outsider.commit(&list, CommitMode::Sync).map_err(failed)
}

/// Forgets what a group has committed; one that there is not is fine.
///
/// # Errors
/// When it has members, or the brokers do not answer in time.
pub async fn delete(settings: &Settings, group: &str) -> Result<(), Error> {
    let failed = |error| Error::kafka(format!("delete group {group}"), error);
    let options = AdminOptions::new().operation_timeout(Some(CALL_LIMIT));
    let name = settings.qualify(group);
    let deleted = client::admin(settings)?.delete_groups(&[&name], &options).await;
    for result in deleted.map_err(failed)? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)) => {}
            Err((_, code)) => return Err(failed(KafkaError::AdminOp(code))),
        }
    }
    Ok(())
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
