//! What proves that a checkpoint and the log are of one history.

use event_log::{Error, Partition, record::envelope, restore::PartitionReader};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::command::STATE_COMPLETE_KEY;

use crate::checkpoint::position::{Mark, Position};

/// The partitions of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Of the state topic.
    pub states: Partition,
    /// Of the event store.
    pub events: Partition,
}

/// Why a checkpoint must not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The state topic was set back, or is another one.
    #[error("it is ahead of the state topic: it ends at {next}, the topic at {end}")]
    Ahead {
        /// Of the checkpoint.
        next: i64,
        /// Of the topic.
        end: i64,
    },
    /// What came after the checkpoint is not there any more.
    #[error("the state topic begins at {start}, behind its end at {next}")]
    Gone {
        /// Of the checkpoint.
        next: i64,
        /// Of the topic.
        start: i64,
    },
    /// The state topic was lost or rebuilt, and written anew.
    #[error("the state topic was written anew since")]
    OtherStates,
    /// The event store was set back and took another course.
    #[error("the event store has another event at offset {0}")]
    OtherEvents(i64),
}

/// Whether this is the record that says that its partition of a state topic is complete.
pub fn says_complete(record: &BorrowedMessage<'_>) -> bool {
    record.key() == Some(STATE_COMPLETE_KEY.as_bytes())
}

/// The mark of that record: when it was written, to the microsecond.
pub fn completion(record: &BorrowedMessage<'_>) -> Mark {
    let time = envelope(record).ok().and_then(|envelope| envelope.time);
    let says = time.map(|time| time.to_string()).unwrap_or_default();
    Mark { offset: record.offset(), says }
}

fn event(record: &BorrowedMessage<'_>) -> Mark {
    let id = envelope(record).map(|envelope| envelope.id.to_owned());
    Mark { offset: record.offset(), says: id.unwrap_or_default() }
}

/// The newest event.
pub fn newest_event(log: &PartitionReader, place: Place) -> Result<Option<Mark>, Error> {
    log.last(place.events, event)
}

/// The first record behind an offset that says that the state topic is complete.
pub fn find_completion(
    log: &PartitionReader,
    place: Place,
    from: i64,
) -> Result<Option<Mark>, Error> {
    let mut found = None;
    log.read_from(place.states, from, |record| {
        if found.is_none() && says_complete(record) {
            found = Some(completion(record));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Looks whether the log is still the one that the position was taken from.
pub fn check(
    log: &PartitionReader,
    place: Place,
    position: &Position,
) -> Result<Result<(), Mismatch>, Error> {
    let (start, end) = log.watermarks(place.states)?;
    let Position { next, complete, event: newest, .. } = position;
    let next = *next;
    if next > end {
        return Ok(Err(Mismatch::Ahead { next, end }));
    }
    if next < start {
        return Ok(Err(Mismatch::Gone { next, start }));
    }
    let found = log.record_at(place.states, complete.offset, |record| {
        says_complete(record).then(|| completion(record))
    })?;
    if found.flatten().as_ref() != Some(complete) {
        return Ok(Err(Mismatch::OtherStates));
    }
    let Some(newest) = newest else { return Ok(Ok(())) };
    let found = log.record_at(place.events, newest.offset, event)?;
    if found.as_ref() != Some(newest) {
        return Ok(Err(Mismatch::OtherEvents(newest.offset)));
    }
    Ok(Ok(()))
}
