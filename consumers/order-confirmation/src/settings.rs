//! Where the line between small and large orders is.

use schemas::Money;
use service::Env;

/// Settings of the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The log.
    pub log: event_log::Settings,
    /// Orders up to this value, in EUR, are confirmed without a person.
    pub threshold: Money,
}

impl Settings {
    /// Reads `ORDER_CONFIRMATION_THRESHOLD` (default 1000.00) beside the log's own.
    pub fn from_env(env: &Env) -> Self {
        Self {
            log: event_log::Settings::from_env(env),
            threshold: env.parsed(&env.own("THRESHOLD"), Money::from_minor(100_000)),
        }
    }
}
