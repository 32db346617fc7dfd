//! What the environment says.

use schemas::Money;
use service::Env;

/// Settings of the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Kafka and the registry are.
    pub log: event_log::Settings,
    /// The largest order that is confirmed at once, in EUR.
    pub threshold: Money,
}

impl Settings {
    /// Reads `ORDER_CONFIRMATION_THRESHOLD` and the settings of the event log.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let name = env.own("THRESHOLD");
        let threshold = env.parsed(&name, Money::from_minor(100_000));
        if threshold < Money::ZERO {
            env.problem(format!("{name} must not be negative"));
        }
        Self { log: event_log::Settings::from_env(env), threshold }
    }
}
