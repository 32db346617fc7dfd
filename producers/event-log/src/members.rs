//! Who is in a consumer group.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    consumer::{BaseConsumer, Consumer},
    groups::GroupList,
};
use schemas::Topic;

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(10);

/// How many members a group has. A static member that was stopped is one until its session ends.
///
/// # Errors
/// When the brokers do not answer in time.
pub fn count(settings: &Settings, group: &str) -> Result<usize, Error> {
    let list = look(settings, group)?;
    Ok(list.groups().iter().map(|group| group.members().len()).sum())
}

/// Which instance of a group reads each partition, as the instances call themselves.
///
/// # Errors
/// When the brokers do not answer in time.
pub fn owners(settings: &Settings, group: &str) -> Result<BTreeMap<Partition, String>, Error> {
    let list = look(settings, group)?;
    let members = list.groups().iter().flat_map(|group| group.members());
    let mut owners = BTreeMap::new();
    for member in members {
        let assigned = member.assignment().and_then(assigned).unwrap_or_default();
        for (topic, numbers) in assigned {
            let topic = settings.namespace.strip(&topic).and_then(Topic::named);
            let Some(topic) = topic else { continue };
            owners.extend(
                numbers
                    .into_iter()
                    .map(|number| (Partition { topic, number }, member.client_id().to_owned())),
            );
        }
    }
    Ok(owners)
}

fn look(settings: &Settings, group: &str) -> Result<GroupList, Error> {
    let failed = |error| Error::kafka(format!("look at the members of group {group}"), error);
    let client: BaseConsumer<ClientLog> =
        client::config(settings).create_with_context(ClientLog::default()).map_err(failed)?;
    client.fetch_group_list(Some(&settings.qualify(group)), CALL_LIMIT).map_err(failed)
}

/// The partitions in an assignment of Kafka's consumer protocol (`ConsumerProtocolAssignment`): a
/// version, then topics, each with its partitions.
fn assigned(mut bytes: &[u8]) -> Option<Vec<(String, Vec<i32>)>> {
    let _version: [u8; 2] = take(&mut bytes)?;
    let topics = i32::from_be_bytes(take(&mut bytes)?);
    let mut assigned = Vec::new();
    for _ in 0..topics {
        let length = usize::try_from(i16::from_be_bytes(take(&mut bytes)?)).ok()?;
        let (topic, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        let topic = String::from_utf8(topic.to_vec()).ok()?;
        let count = i32::from_be_bytes(take(&mut bytes)?);
        let numbers: Option<Vec<_>> =
            (0..count).map(|_| take(&mut bytes).map(i32::from_be_bytes)).collect();
        assigned.push((topic, numbers?));
    }
    Some(assigned)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read() {
        let bytes =
            b"\0\x01\0\0\0\x02\0\x01a\0\0\0\x02\0\0\0\x07\0\0\0\x09\0\x02bc\0\0\0\0\0\0\0\0";
        let expected = vec![("a".to_owned(), vec![7, 9]), ("bc".to_owned(), Vec::new())];
        assert_eq!(assigned(bytes), Some(expected));
        assert_eq!(assigned(&bytes[..20]), None);
        assert_eq!(assigned(b""), None);
    }
}
