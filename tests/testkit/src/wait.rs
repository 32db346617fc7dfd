//! Polls until a condition holds.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// Longest wait for something that is certain to come.
pub const LIMIT: Duration = Duration::from_secs(90);

/// Looks again and again until `holds`; fails with the last value seen.
pub async fn eventually<T: Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> T,
    holds: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        let value = look().await;
        if holds(&value) {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}; last seen: {value:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
