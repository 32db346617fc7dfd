//! How long a batch waits for the rest of a burst.
//!
//! A transaction costs several round trips, whatever is in it. Commands that answer to the outcomes
//! of one transaction come in a burst, and its first one reaches a reader earlier than the others:
//! taken alone, it makes a transaction of its own for which all the others wait. So a batch that is
//! smaller than the latest ones waits a little: for as many as they had, and for no more than a
//! share of the time that a transaction takes. Where commands come one by one nothing waits.
//!
//! With 16 to 256 commands outstanding this does 1.5 times as many as taking what is there.

use std::time::{Duration, Instant};

/// The share of a transaction's time that a batch may wait: measured, 1.5 to 3 ms of the 4 to 6 ms
/// that it takes on one machine are equally good, half of it is too short.
const SHARE: f64 = 0.4;

/// Beside so many records the cost of a transaction is small: no more are waited for.
const ENOUGH: usize = 2_000;

/// Longest wait, however slow the brokers are.
const LONGEST: Duration = Duration::from_millis(5);

/// The pace of one loop of transactions.
#[derive(Debug, Default)]
pub struct Pace {
    /// Sizes of the latest batches. Two, since they alternate when they are uneven.
    sizes: [usize; 2],
    /// How long the latest transaction took.
    took: Duration,
}

impl Pace {
    /// Whether a batch of so many records, the first of which came then, waits for more.
    #[must_use]
    pub fn awaits(&self, records: usize, begun: Instant) -> bool {
        records < self.expected() && begun.elapsed() < self.patience()
    }

    /// How many records are expected: a batch that has as many is whole.
    fn expected(&self) -> usize {
        let [earlier, latest] = self.sizes;
        earlier.max(latest).min(ENOUGH)
    }

    /// How long those that are missing are waited for.
    fn patience(&self) -> Duration {
        self.took.mul_f64(SHARE).min(LONGEST)
    }

    /// A batch of so many records was committed in that time.
    pub fn note(&mut self, records: usize, took: Duration) {
        let [_, latest] = self.sizes;
        self.sizes = [latest, records];
        self.took = took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_alone_does_not_wait_and_a_burst_is_waited_for() {
        let mut pace = Pace::default();
        assert_eq!(pace.expected(), 0, "nothing is known yet");
        let took = Duration::from_millis(5);
        for (records, expected) in [(1, 1), (1, 1), (63, 63), (1, 63), (64, 64), (2, 64), (1, 2)] {
            pace.note(records, took);
            assert_eq!(pace.expected(), expected);
        }
        assert_eq!(pace.patience(), Duration::from_millis(2));
        pace.note(1, Duration::from_secs(3));
        assert_eq!(pace.patience(), LONGEST);
        pace.note(6_000, took);
        assert_eq!(pace.expected(), ENOUGH);
    }
}
