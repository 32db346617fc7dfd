//! How far each partition is copied, so that all of them fit together although the system runs on.
//!
//! First of all it is noted which commands are decided: their events are before the ends that are
//! taken next. Of the commands after those, some are decided meanwhile and their events copied. The
//! events tell: a command is decided when one at its offset or behind it in its partition is the
//! cause of an event. The rest is decided by whoever restores, at the same state and in the same
//! order as here; the outcomes that some of them have already are left out then.

use std::collections::BTreeMap;

use event_log::{Partition, Settings, group, restore::PartitionReader, topics::partition_count};

use super::{
    kinds::{PROCESSOR, TOPICS, commands_of, is_event_store},
    manifest::Copy,
};
use crate::{commands::cluster::failed, failure::Result};

/// A partition as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub at: Partition,
    /// The oldest offset.
    pub begin: i64,
    /// What was committed below is copied.
    pub end: i64,
    /// Of commands: from where they are not decided.
    pub undecided: Option<i64>,
}

/// Looks at all of them.
pub fn take(settings: &Settings, reader: &PartitionReader) -> Result<Vec<Span>> {
    let mut places = Vec::new();
    for topic in TOPICS {
        let count = partition_count(settings, topic).map_err(failed)?;
        places.extend((0..count).map(|number| Partition { topic, number }));
    }
    let is_commands = |at: &Partition| at.topic.events_of_commands().is_some();
    let commands: Vec<_> = places.iter().copied().filter(is_commands).collect();
    let decided = group::committed(settings, PROCESSOR, &commands).map_err(failed)?;
    let mut decided: BTreeMap<_, _> = decided.into_iter().collect();
    let mut spans: Vec<Span> = Vec::with_capacity(places.len());
    let mut settled = false;
    for at in places {
        // Of transactions that have written below, all that they write is there by then.
        if !is_event_store(at.topic) && !settled {
            for span in &spans {
                reader.settle(span.at, span.end).map_err(failed)?;
            }
            settled = true;
        }
        let (begin, end) = reader.watermarks(at).map_err(failed)?;
        let undecided = decided.remove(&at).flatten();
        spans.push(Span { at, begin, end, undecided });
    }
    Ok(spans)
}

/// Moves on from where commands are not decided, to what the events tell: `done` is the offset of
/// the last command of which there are events, by the partition of those.
pub fn settle(copies: &mut [Copy], done: &BTreeMap<Partition, i64>) {
    for (events, last) in done {
        let Some(commands) = commands_of(events.topic) else { continue };
        let mut copies = copies.iter_mut();
        let is_theirs =
            |copy: &&mut Copy| copy.topic == commands.name() && copy.partition == events.number;
        if let Some(copy) = copies.find(is_theirs) {
            copy.undecided = copy.undecided.max(Some(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::Topic;

    use super::*;

    #[test]
    fn what_made_events_is_decided() {
        let copy = |partition, undecided| Copy {
            topic: "order.commands".into(),
            partition,
            begin: 0,
            end: 9,
            undecided,
            pieces: Vec::new(),
        };
        let mut copies = [copy(0, None), copy(1, Some(7)), copy(2, Some(2)), copy(3, None)];
        let events = |number| Partition { topic: Topic::ORDER_EVENTS, number };
        settle(&mut copies, &[(events(0), 4), (events(1), 5), (events(2), 5)].into());
        let undecided = copies.map(|copy| copy.undecided);
        assert_eq!(undecided, [Some(5), Some(7), Some(6), None]);
    }
}
