//! The last changes, bounded by count and bytes, in the order in which this replica got them.

use std::{collections::VecDeque, sync::Arc};

use event_log::Position;

use crate::{
    change::Change,
    cursor::{index, reaches},
};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Most changes.
    pub count: usize,
    /// Most bytes.
    pub bytes: usize,
}

/// The changes. Each has a number: the first one ever has 0.
#[derive(Debug)]
pub struct Ring {
    bound: Bound,
    changes: VecDeque<Arc<Change>>,
    first: u64,
    bytes: usize,
    /// By partition, the next offset.
    next: Vec<i64>,
    /// By partition, from where on nothing is missing.
    floor: Vec<i64>,
}

impl Ring {
    /// Empty; the first changes to come have these offsets.
    pub fn new(bound: Bound, next: &[i64]) -> Self {
        Self {
            bound,
            changes: VecDeque::new(),
            first: 0,
            bytes: 0,
            next: next.to_vec(),
            floor: next.to_vec(),
        }
    }

    /// By partition, the next offset.
    pub fn next(&self) -> &[i64] {
        &self.next
    }

    /// By partition, from where on nothing is missing.
    pub fn floor(&self) -> &[i64] {
        &self.floor
    }

    /// The number that the next change will have.
    pub fn end(&self) -> u64 {
        self.first + self.changes.len() as u64
    }

    /// Moves past a record. False when it is not the next one of its partition: then changes are
    /// lost, and everything is forgotten, since nobody could go on from it.
    pub fn advance(&mut self, at: Position) -> bool {
        let Some(next) = self.next.get_mut(index(at.partition.number)) else { return false };
        let follows = *next == at.offset;
        *next = at.offset.saturating_add(1);
        if !follows {
            self.first = self.end();
            self.changes.clear();
            self.bytes = 0;
            self.floor.clone_from(&self.next);
            if let Some(floor) = self.floor.get_mut(index(at.partition.number)) {
                *floor = at.offset;
            }
        }
        follows
    }

    /// Nobody can go on from before this record, which was passed.
    pub fn forget_to(&mut self, at: Position) {
        if let Some(floor) = self.floor.get_mut(index(at.partition.number)) {
            *floor = at.offset.saturating_add(1).max(*floor);
        }
    }

    /// Adds a change, and drops the oldest beyond the bound. Returns its number.
    pub fn push(&mut self, change: Arc<Change>) -> u64 {
        let number = self.end();
        self.bytes += change.size();
        self.changes.push_back(change);
        while self.changes.len() > self.bound.count || self.bytes > self.bound.bytes {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.first += 1;
            self.bytes = self.bytes.saturating_sub(oldest.size());
            self.forget_to(oldest.at);
        }
        number
    }

    /// The changes from a number on; none when the first of them is not kept any more.
    pub fn from(&self, number: u64) -> Option<impl Iterator<Item = (u64, &Arc<Change>)>> {
        let skip = usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some((number..).zip(self.changes.iter().skip(skip)))
    }

    /// The number of the first change that a reader who stands there may not have seen.
    pub fn after(&self, cursor: &[i64]) -> u64 {
        // Where readers stand after each change only grows.
        let seen = self.changes.partition_point(|change| reaches(cursor, &change.next));
        self.first + seen as u64
    }
}

#[cfg(test)]
mod tests {
    use schemas::notification::ChangeKind;

    use super::*;
    use crate::{
        change::{
            Notification,
            tests::{at, body},
        },
        cursor::LogId,
    };

    const ROOMY: Bound = Bound { count: 100, bytes: 1_000_000 };

    fn push(ring: &mut Ring, partition: i32, offset: i64) -> u64 {
        assert!(ring.advance(at(partition, offset)));
        let notification = Notification::new(body(ChangeKind::UpdateRow, "o1", None), None);
        let log = LogId::new("c", "t");
        let change = Change::new(log, at(partition, offset), ring.next(), notification);
        ring.push(Arc::new(change))
    }

    fn offsets(ring: &Ring, number: u64) -> Option<Vec<(i32, i64)>> {
        let from = ring.from(number)?;
        Some(from.map(|(_, change)| (change.at.partition.number, change.at.offset)).collect())
    }

    #[test]
    fn the_oldest_go_first_and_are_missed() {
        let mut ring = Ring::new(Bound { count: 2, ..ROOMY }, &[4, 9]);
        for (n, (partition, offset)) in [(0, 4), (1, 9), (0, 5)].into_iter().enumerate() {
            assert_eq!(push(&mut ring, partition, offset), n as u64);
        }
        assert_eq!((ring.next(), ring.floor()), (&[6, 10][..], &[5, 9][..]));
        assert_eq!(offsets(&ring, 0), None);
        assert_eq!(offsets(&ring, 1), Some(vec![(1, 9), (0, 5)]));
        assert_eq!(offsets(&ring, 3), Some(vec![]));
    }

    #[test]
    fn bytes_are_bounded() {
        let mut ring = Ring::new(Bound { bytes: 2_000, ..ROOMY }, &[0]);
        for offset in 0..50 {
            push(&mut ring, 0, offset);
        }
        let kept = offsets(&ring, ring.first).unwrap().len();
        assert!((1..4).contains(&kept), "{kept}");
        assert_eq!(ring.floor(), [50 - i64::try_from(kept).unwrap()]);
    }

    #[test]
    fn a_reader_of_another_replica_goes_on_from_the_first_it_may_miss() {
        let mut ring = Ring::new(ROOMY, &[0, 0]);
        for (partition, offset) in [(1, 0), (0, 0), (1, 1), (0, 1)] {
            push(&mut ring, partition, offset);
        }
        assert_eq!(ring.after(&[0, 0]), 0);
        // It had the first of partition 0 before the second of partition 1.
        assert_eq!(ring.after(&[2, 1]), 2);
        assert_eq!(ring.after(&[2, 2]), 4);
        assert_eq!(ring.after(&[9, 9]), 4, "another replica was ahead");
    }

    #[test]
    fn a_gap_forgets_everything() {
        let mut ring = Ring::new(ROOMY, &[0, 0]);
        push(&mut ring, 0, 0);
        push(&mut ring, 1, 0);
        assert!(!ring.advance(at(0, 5)), "records 1 to 4 are lost");
        assert_eq!((ring.next(), ring.floor()), (&[6, 1][..], &[5, 1][..]));
        assert_eq!(offsets(&ring, 1), None);
        assert!(!ring.advance(at(0, 2)), "the topic was made anew");
        assert_eq!(ring.next(), [3, 1]);
    }
}
