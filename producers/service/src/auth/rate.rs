//! How often one may ask: a token bucket for each.

use std::{
    fmt,
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

/// So many requests after another the buckets are looked through for those that are full again.
const SWEEP: u32 = 1_024;

/// Most buckets. Whoever comes when there are so many is not counted alone.
const MOST: usize = 100_000;

/// Buckets by who asks. Forgets those that are full again, so that memory follows those who ask
/// at the moment.
pub struct Limiter<K: Hash + Eq + Clone> {
    buckets: DefaultKeyedRateLimiter<Option<K>>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("buckets", &self.buckets.len()).finish()
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// One bucket for each who asks: `burst` at once, and then one in each `period`.
    #[must_use]
    pub fn new(period: Duration, burst: NonZeroU32) -> Option<Self> {
        let quota = Quota::with_period(period)?.allow_burst(burst);
        let buckets = RateLimiter::keyed(quota);
        Some(Self { buckets, clock: DefaultClock::default(), asked: AtomicU32::new(0) })
    }

    /// Takes one out of a bucket.
    ///
    /// # Errors
    /// When it is empty: in how many seconds, at least 1, there will be one.
    pub fn check(&self, key: K) -> Result<(), u32> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            self.buckets.retain_recent();
        }
        // All share the last bucket rather than have none.
        let key = Some(key).filter(|_| self.buckets.len() < MOST);
        self.buckets.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_at_a_time() {
        let burst = NonZeroU32::new(3).unwrap();
        let limiter = Limiter::new(Duration::from_secs(60), burst).unwrap();
        for _ in 0..3 {
            assert_eq!(limiter.check("anna"), Ok(()));
        }
        let wait = limiter.check("anna").unwrap_err();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(limiter.check("ben"), Ok(()), "another one");
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let burst = NonZeroU32::new(2).unwrap();
        let limiter = Limiter::new(Duration::from_nanos(1), burst).unwrap();
        for key in 0..10 * SWEEP {
            assert_eq!(limiter.check(key), Ok(()));
        }
        assert!(limiter.buckets.len() <= SWEEP as usize, "{limiter:?}");
    }
}
