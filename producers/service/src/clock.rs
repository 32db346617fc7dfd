//! The clock of the process. It is the system's, unless a simulation or a test moves it: then the
//! business lives at another time, while credentials, and whatever Kafka stamps, keep the true one.

use schemas::Timestamp;

use crate::env::Env;

/// The variable that moves it.
const VARIABLE: &str = "ONEWAY_CLOCK_OFFSET_SECONDS";

/// Three hundred years there and back.
const LARGEST: i64 = 10_000_000_000;

/// By how many seconds it is to be moved.
pub(crate) fn offset_of(env: &Env) -> i64 {
    env.bounded(VARIABLE, 0, -LARGEST..=LARGEST)
}

/// Moves it, and says so where nobody can miss it.
pub(crate) fn move_by(seconds: i64) {
    Timestamp::move_clock(seconds);
    if seconds != 0 {
        tracing::warn!(
            clock.offset_seconds = seconds,
            "{VARIABLE} is set: for this process it is {} now. That is for simulations; \
             never for a system in use",
            Timestamp::now()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn offset(value: &str) -> Result<i64, String> {
        let env = Env::new("orders", HashMap::from([(VARIABLE.to_owned(), value.to_owned())]));
        let offset = offset_of(&env);
        env.finish().map(|()| offset).map_err(|problem| problem.to_string())
    }

    #[test]
    fn whole_seconds_both_ways() {
        assert_eq!(offset(""), Ok(0));
        assert_eq!(offset("-927000000"), Ok(-927_000_000));
        assert_eq!(offset("86400"), Ok(86_400));
        for bad in ["1.5", "1d", "10000000001", "-10000000001"] {
            assert!(offset(bad).unwrap_err().contains(VARIABLE), "{bad}");
        }
    }
}
