//! Whether every partition that a group reads has an owner.
//!
//! A process that comes back under its instance's name, in the middle of a rebalance in which it was
//! to give partitions up, gets from the broker the assignment that it had been given, without them,
//! and no rebalance follows: those who were to get them wait for ever. The group is stable then, and
//! some partitions are read by nobody. So whoever has joined, or took part in a rebalance, looks a
//! little later whether all have an owner. When some have none it leaves and joins anew, which begins
//! a rebalance.

use std::{
    cell::Cell,
    collections::BTreeSet,
    time::{Duration, Instant},
};

use rdkafka::{
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
};

/// Time from a change of the group to the first look, and between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks in a row that have to agree: who has to give partitions up may be busy for a while.
const LOOKS: u32 = 4;

/// Longest wait for an answer. Whoever polls waits as well.
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// State of a group in which nothing is under way.
const STABLE: &str = "Stable";

type Partitions = BTreeSet<(String, i32)>;

/// Looks after the partitions of a group.
pub struct Ownership {
    group: String,
    /// When to look next; none while all is well.
    next: Cell<Option<Instant>>,
    /// Looks in a row that found partitions without an owner.
    bad: Cell<u32>,
}

impl Ownership {
    /// Of a group that is about to be joined.
    pub fn new(group: String) -> Self {
        let ownership = Self { group, next: Cell::new(None), bad: Cell::new(0) };
        ownership.look_again();
        ownership
    }

    /// The group has changed.
    pub fn look_again(&self) {
        self.next.set(Some(Instant::now() + EVERY));
    }

    /// Whether partitions are left without an owner. Costs nothing but some seconds after a change.
    pub fn is_broken<C: ConsumerContext>(
        &self,
        client: &BaseConsumer<C>,
        topics: &[(String, schemas::Topic)],
    ) -> bool {
        if self.next.get().is_none_or(|next| Instant::now() < next) {
            return false;
        }
        self.look_again();
        let ownerless = match self.ownerless(client, topics) {
            Ok(Some(ownerless)) => ownerless,
            // Something is under way, or nobody answers.
            Ok(None) | Err(_) => {
                self.bad.set(0);
                return false;
            }
        };
        if ownerless.is_empty() {
            self.bad.set(0);
            self.next.set(None);
            return false;
        }
        self.bad.set(self.bad.get() + 1);
        if self.bad.get() < LOOKS {
            return false;
        }
        tracing::warn!(?ownerless, "the group left partitions without an owner: joining it anew");
        self.bad.set(0);
        true
    }

    /// The partitions without an owner; none while the group is not stable.
    fn ownerless<C: ConsumerContext>(
        &self,
        client: &BaseConsumer<C>,
        topics: &[(String, schemas::Topic)],
    ) -> Result<Option<Partitions>, KafkaError> {
        let list = client.fetch_group_list(Some(&self.group), CALL_LIMIT)?;
        let Some(group) = list.groups().iter().find(|group| group.name() == self.group) else {
            return Ok(None);
        };
        if group.state() != STABLE {
            return Ok(None);
        }
        let mut ownerless = Partitions::new();
        for (topic, _) in topics {
            let metadata = client.fetch_metadata(Some(topic), CALL_LIMIT)?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            ownerless.extend(partitions.map(|partition| (topic.clone(), partition.id())));
        }
        for member in group.members() {
            for owned in assigned(member.assignment().unwrap_or_default()).unwrap_or_default() {
                ownerless.remove(&owned);
            }
        }
        Ok(Some(ownerless))
    }
}

/// Reads an assignment as the protocol of consumers has it: a version, and for each topic its name
/// and numbers of partitions; lengths and numbers big-endian.
fn assigned(mut bytes: &[u8]) -> Option<Vec<(String, i32)>> {
    fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
        let (head, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(head)
    }
    fn number(bytes: &mut &[u8]) -> Option<i32> {
        take(bytes).map(|bytes| i32::from_be_bytes(*bytes))
    }
    let _version = i16::from_be_bytes(*take(&mut bytes)?);
    let mut all = Vec::new();
    for _ in 0..number(&mut bytes)? {
        let length = usize::from(u16::from_be_bytes(*take(&mut bytes)?));
        let (name, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        let name = std::str::from_utf8(name).ok()?;
        for _ in 0..number(&mut bytes)? {
            all.push((name.to_owned(), number(&mut bytes)?));
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read() {
        let bytes = b"\0\x01\0\0\0\x01\0\x02ab\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0";
        assert_eq!(assigned(bytes).unwrap(), [("ab".to_owned(), 0), ("ab".to_owned(), 3)]);
        for length in 0..bytes.len() - 4 {
            assert_eq!(assigned(&bytes[..length]), None, "{length}");
        }
    }
}
