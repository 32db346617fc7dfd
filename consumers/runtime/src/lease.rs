//! A partition for as long as it is ours.

use std::{
    collections::HashSet,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use event_log::Partition;

use crate::dead_letters::parking::Keys;

/// One assignment of one partition: made when the partition is taken, ended by its revocation.
/// The next assignment of the same partition is another lease.
#[derive(Debug)]
pub struct Lease {
    /// The partition.
    pub partition: Partition,
    /// Number of its ownership in Postgres: whoever takes the partition next has a higher one.
    pub epoch: i64,
    /// The offset that was to come next when it was taken.
    pub start: i64,
    /// Keys whose records are parked.
    parked: Mutex<Keys>,
    /// Offsets of records that were given up.
    skipped: HashSet<i64>,
    state: Mutex<State>,
    idle: Condvar,
}

#[derive(Debug, Default)]
struct State {
    revoked: bool,
    in_use: bool,
}

impl Lease {
    /// A partition that was just taken.
    #[must_use]
    pub fn new(partition: Partition, epoch: i64, start: i64) -> Self {
        Self {
            partition,
            epoch,
            start,
            parked: Mutex::default(),
            skipped: HashSet::new(),
            state: Mutex::default(),
            idle: Condvar::new(),
        }
    }

    /// Of which some keys are parked, and some records were given up.
    #[must_use]
    pub fn with_dead_letters(self, parked: Keys, skipped: HashSet<i64>) -> Self {
        Self { parked: Mutex::new(parked), skipped, ..self }
    }

    /// Whether a record was given up: read once more, it only counts.
    #[must_use]
    pub fn is_skipped(&self, offset: i64) -> bool {
        self.skipped.contains(&offset)
    }

    /// Keys whose records are parked.
    pub fn parked(&self) -> MutexGuard<'_, Keys> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is over.
    pub fn is_revoked(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).revoked
    }

    /// Begins a transaction with events of this partition; `None` when it is revoked.
    pub fn enter(&self) -> Option<Entered<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.revoked {
            return None;
        }
        state.in_use = true;
        Some(Entered(self))
    }

    /// Ends the lease: no transaction begins any more. Waits for one that is under way, so that
    /// the next owner finds its offsets; not for ever, since the epoch protects the rows anyway.
    /// False when it was still under way at the end.
    pub fn revoke(&self, limit: Duration) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.revoked = true;
        let waited = self.idle.wait_timeout_while(state, limit, |state| state.in_use);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.in_use
    }
}

/// A transaction with events of a partition is under way.
#[derive(Debug)]
pub struct Entered<'a>(&'a Lease);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let lease = self.0;
        let mut state = lease.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use = false;
        lease.idle.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use schemas::Topic;

    use super::*;

    fn lease() -> Lease {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        Lease::new(partition, 1, 0)
    }

    #[test]
    fn nothing_begins_after_a_revocation() {
        let lease = lease();
        assert!(lease.enter().is_some());
        assert!(lease.revoke(Duration::ZERO));
        assert!(lease.enter().is_none());
    }

    #[test]
    fn a_revocation_waits_for_what_is_under_way() {
        let lease = Arc::new(lease());
        let entered = lease.enter().unwrap();
        assert!(!lease.revoke(Duration::from_millis(1)));
        let other = Arc::clone(&lease);
        let waiter = thread::spawn(move || other.revoke(Duration::from_secs(10)));
        drop(entered);
        assert!(waiter.join().unwrap());
    }
}
