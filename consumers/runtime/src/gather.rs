//! The batch that is being gathered: it takes what is there and never waits for more.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::Partition;

use crate::{batch::Batch, dead_letters::parking::Spoiled, lease::Lease, recorded::Item};

/// Most payload in one batch, in bytes.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// When a batch without any event, whose offsets only move on, is handed over.
const EMPTY_OFFSETS: i64 = 10_000;
const EMPTY_AGE: Duration = Duration::from_secs(1);

/// What a record is to a batch.
#[derive(Debug)]
pub enum Gathered<E> {
    /// An event that matters.
    Event(Item<E>),
    /// It cannot be handled.
    Spoiled(Spoiled),
    /// It only moves the offset on.
    Nothing,
}

/// A batch in the making.
#[derive(Debug)]
pub struct Gathering<E> {
    batch: Batch<E>,
    bytes: usize,
    since: Instant,
    most_events: usize,
}

impl<E> Gathering<E> {
    /// Gathers batches of up to so many events.
    #[must_use]
    pub fn new(most_events: usize) -> Self {
        Self { batch: Batch::default(), bytes: 0, since: Instant::now(), most_events }
    }

    /// Adds a stretch of a partition, which ends with this record.
    pub fn add(
        &mut self,
        lease: &Arc<Lease>,
        offsets: Range<i64>,
        commands_done: Option<i64>,
        last: Gathered<E>,
        bytes: usize,
    ) {
        if self.batch.spans.is_empty() {
            self.since = Instant::now();
        }
        self.batch.cover(lease, offsets, commands_done);
        match last {
            Gathered::Event(item) => self.batch.items.push(item),
            Gathered::Spoiled(spoiled) => self.batch.spoiled.push(spoiled),
            Gathered::Nothing => return,
        }
        self.bytes += bytes;
    }

    /// Forgets what it has of these partitions.
    pub fn drop_partitions(&mut self, partitions: &[Partition]) {
        self.batch.drop_partitions(partitions);
        if !self.has_events() {
            self.bytes = 0;
        }
    }

    /// Whether it has anything but offsets to move on.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.events() > 0
    }

    fn events(&self) -> usize {
        self.batch.items.len() + self.batch.spoiled.len()
    }

    /// Whether no more fits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.events() >= self.most_events || self.bytes >= MOST_BYTES
    }

    /// Whether it should go: nothing more is there, or nothing more fits. Without an event, and
    /// only offsets to be moved on, there is no hurry.
    #[must_use]
    pub fn is_due(&self, nothing_came: bool) -> bool {
        if self.has_events() {
            return nothing_came || self.is_full();
        }
        let covered = self.batch.offsets();
        covered >= EMPTY_OFFSETS || (covered > 0 && self.since.elapsed() >= EMPTY_AGE)
    }

    /// Hands the batch over and begins the next.
    pub fn take(&mut self) -> Batch<E> {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }
}

#[cfg(test)]
mod tests {
    use schemas::{AggregateId, Topic};

    use super::*;
    use crate::recorded::Passed;

    fn lease(number: i32) -> Arc<Lease> {
        Arc::new(Lease::new(Partition { topic: Topic::ORDER_EVENTS, number }, 1, 0))
    }

    fn item(lease: &Lease, offset: i64) -> Gathered<()> {
        let at = event_log::Position { partition: lease.partition, offset };
        let key = AggregateId::new("o1").unwrap();
        Gathered::Event(Item::Passed(Passed { at, key, sequence: None, is_skipped: false }))
    }

    #[test]
    fn a_batch_goes_when_it_is_full_or_nothing_more_comes() {
        let lease = lease(0);
        let mut gathering = Gathering::new(2);
        assert!(!gathering.is_due(true));
        gathering.add(&lease, 0..1, Some(7), item(&lease, 0), 10);
        assert!(gathering.is_due(true) && !gathering.is_due(false));
        gathering.add(&lease, 1..5, None, item(&lease, 4), 10);
        assert!(gathering.is_full() && gathering.is_due(false));
        let batch = gathering.take();
        assert_eq!((batch.items.len(), batch.offsets()), (2, 5));
        assert_eq!(batch.spans[0].commands_done, Some(7));
        assert!(!gathering.is_full() && !gathering.is_due(true));
    }

    #[test]
    fn large_events_fill_a_batch_too() {
        let lease = lease(0);
        let mut gathering = Gathering::new(1_000);
        gathering.add(&lease, 0..1, Some(7), item(&lease, 0), MOST_BYTES);
        assert!(gathering.is_full());
        gathering.drop_partitions(&[lease.partition]);
        assert!(!gathering.is_full() && !gathering.is_due(true));
    }

    #[test]
    fn offsets_alone_are_in_no_hurry() {
        let (first, second) = (lease(0), lease(1));
        let mut gathering = Gathering::<()>::new(2);
        gathering.add(&first, 0..1, None, Gathered::Nothing, 0);
        assert!(!gathering.is_due(true));
        gathering.add(&second, 0..EMPTY_OFFSETS, None, Gathered::Nothing, 0);
        assert!(gathering.is_due(false));
        gathering.drop_partitions(&[second.partition]);
        assert!(!gathering.is_due(true));
    }
}
