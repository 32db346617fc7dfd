//! The newest records of some topics, page by page into the past.

use std::{cmp::Reverse, collections::BTreeMap};

use consumer_runtime::build::Until;
use event_log::{Partition, record};
use schemas::{Envelope, Timestamp, Topic};

use crate::{
    error::Error,
    scan::{Scan, Tools},
    seen::{Seen, time_of},
};

/// Records of one partition that are read for one page at most: who looks for something rare is
/// told how far the search has come, instead of waiting.
const BUDGET: i64 = 50_000;

/// Records that are read first of each partition.
const FIRST: i64 = 64;

/// Which records are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these topics.
    pub topics: Vec<Topic>,
    /// Of this type.
    pub message_type: Option<String>,
    /// With this key.
    pub key: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Records, the newest first.
#[derive(Debug)]
pub struct Page {
    /// The records.
    pub records: Vec<Seen>,
    /// Up to where each partition is still to be shown; none when there is nothing more.
    pub next: Option<Until>,
}

impl Filter {
    fn takes(&self, envelope: &Envelope<'_>, key: &[u8]) -> bool {
        let is = |wanted: &Option<String>, text: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == text)
        };
        let time = envelope.time;
        is(&self.message_type, Some(envelope.message_type))
            && is(&self.correlation_id, envelope.correlation_id)
            && self.key.as_ref().is_none_or(|wanted| wanted.as_bytes() == key)
            && self.until.is_none_or(|until| time.is_none_or(|time| time < until))
            && self.since.is_none_or(|since| time.is_none_or(|time| time >= since))
    }

    /// True when nothing before a record of this moment can be wanted.
    fn is_before(&self, time: Timestamp) -> bool {
        self.since.is_some_and(|since| time < since)
    }
}

/// What was found in one partition.
struct Found {
    partition: Partition,
    /// The newest first.
    records: Vec<Seen>,
    /// Down to where it was searched.
    from: i64,
    /// Whether there may be more below.
    more: bool,
}

/// A page: at most so many records, from the cursor on or from the very newest. Blocks.
///
/// # Errors
/// When Kafka or the registry do not answer.
pub fn page(
    scan: &Scan,
    filter: &Filter,
    cursor: Option<&Until>,
    limit: usize,
) -> Result<Page, Error> {
    let partitions = match cursor {
        Some(Until(ends)) => ends.keys().copied().collect(),
        None => scan.partitions(&filter.topics, filter.key.as_deref())?,
    };
    let found = scan.each(&partitions, |tools, partition| {
        let end = cursor.and_then(|ends| ends.of(partition));
        back(tools, partition, (filter, end, limit))
    })?;
    Ok(merged(&found, limit))
}

/// Reads a partition backwards until there are enough, or it was searched for long enough.
fn back(
    Tools { log, messages }: &mut Tools,
    partition: Partition,
    (filter, end, limit): (&Filter, Option<i64>, usize),
) -> Result<Found, event_log::Error> {
    let (start, high) = log.watermarks(partition)?;
    let top = end.unwrap_or(high).min(high);
    let (mut records, mut from, mut step, mut is_past) = (Vec::new(), top, FIRST, false);
    while records.len() < limit && from > start && top - from < BUDGET && !is_past {
        let lower = start.max(from - step);
        let (mut part, mut is_first) = (Vec::new(), true);
        log.read_range(partition, lower..from, |found| {
            let wanted = |envelope: &Envelope<'_>, key: &[u8]| filter.takes(envelope, key);
            if std::mem::take(&mut is_first) {
                // The oldest of these tells whether older ones can be wanted.
                is_past = record::envelope(found)
                    .is_ok_and(|envelope| filter.is_before(time_of(found, &envelope)));
            }
            part.extend(Tools::seen(messages, partition, found, wanted)?);
            Ok(())
        })?;
        records.extend(part.into_iter().rev());
        (from, step) = (lower, step.saturating_mul(4));
    }
    Ok(Found { partition, records, from, more: from > start && !is_past })
}

/// The newest of all; what is not shown stays for the next page.
fn merged(found: &[Found], limit: usize) -> Page {
    let mut all: Vec<(usize, Seen)> = Vec::new();
    for (index, one) in found.iter().enumerate() {
        all.extend(one.records.iter().cloned().map(|seen| (index, seen)));
    }
    all.sort_by_key(|(_, seen)| Reverse((seen.time, seen.at)));
    let left = all.split_off(limit.min(all.len()));
    let mut ends = BTreeMap::new();
    for (index, one) in found.iter().enumerate() {
        let newest_left = left.iter().filter(|(of, _)| *of == index);
        let newest_left = newest_left.filter_map(|(_, seen)| seen.at).map(|at| at.offset).max();
        match newest_left {
            Some(offset) => ends.insert(one.partition, offset + 1),
            None if one.more => ends.insert(one.partition, one.from),
            None => None,
        };
    }
    let next = (!ends.is_empty()).then_some(Until(ends));
    Page { records: all.into_iter().map(|(_, seen)| seen).collect(), next }
}

#[cfg(test)]
mod tests {
    use event_log::Position;

    use super::*;
    use crate::seen::Kind;

    fn partition(number: i32) -> Partition {
        Partition { topic: Topic::ORDER_EVENTS, number }
    }

    fn seen(number: i32, offset: i64, second: i64) -> Seen {
        Seen {
            at: Some(Position { partition: partition(number), offset }),
            time: Timestamp::from_micros(second * 1_000_000).unwrap(),
            id: String::new(),
            source: String::new(),
            message_type: String::new(),
            key: String::new(),
            sequence: None,
            actor: None,
            causation_id: None,
            correlation_id: None,
            schema_id: None,
            fields: None,
            kind: Kind::Event,
        }
    }

    #[test]
    fn pages_are_of_the_newest_and_go_on_where_they_ended() {
        let found = vec![
            Found {
                partition: partition(0),
                records: vec![seen(0, 9, 90), seen(0, 8, 50)],
                from: 7,
                more: true,
            },
            Found {
                partition: partition(1),
                records: vec![seen(1, 3, 80), seen(1, 2, 70)],
                from: 0,
                more: false,
            },
        ];
        let page = merged(&found, 3);
        let offsets: Vec<_> = page.records.iter().map(|seen| seen.at.unwrap().offset).collect();
        assert_eq!(offsets, [9, 3, 2]);
        // Partition 1 is at its start; of partition 0 one record is left.
        let next = page.next.unwrap();
        assert_eq!(next.to_string(), "order.events/0=9");
    }
}
