//! Waits between attempts: exponential, with full jitter, so that many processes that lost the
//! same server do not come back in step.

use std::time::Duration;

/// Growing waits; one per thing that is attempted.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The first wait is up to `first`, each further one up to twice the one before, none above
    /// `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, first, longest }
    }

    /// How long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        let limit = self.next;
        self.next = (limit * 2).min(self.longest);
        // At least half, so that waits do grow.
        limit.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// The attempt succeeded: the next failure starts from the first wait.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(400));
        for limit in [100, 200, 400, 400] {
            let wait = backoff.next_wait().as_millis();
            assert!((limit / 2..=limit).contains(&wait), "{wait} of {limit}");
        }
        backoff.reset();
        assert!(backoff.next_wait().as_millis() <= 100);
    }
}
