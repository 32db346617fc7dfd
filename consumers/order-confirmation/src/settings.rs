//! What the environment says.

use schemas::Money;
use service::Env;

/// Settings of the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every policy.
    pub runtime: consumer_runtime::Settings,
    /// The largest order that is confirmed at once, in EUR.
    pub threshold: Money,
}

impl Settings {
    /// Reads `ORDER_CONFIRMATION_THRESHOLD`, and what every policy has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let name = env.own("THRESHOLD");
        let threshold = env.parsed(&name, Money::from_minor(100_000));
        if threshold < Money::ZERO {
            env.problem(format!("{name} must not be negative"));
        }
        Self { runtime: consumer_runtime::Settings::of_policy(env), threshold }
    }
}
