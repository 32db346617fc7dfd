//! What the environment says.

use service::Env;

use crate::graphql;

/// Settings of orders.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every consumer.
    pub runtime: consumer_runtime::Settings,
    /// Of `/graphql`.
    pub graphql: graphql::Settings,
}

impl Settings {
    /// Reads the consumer's own `_EXPLORER` and `_SUBSCRIBERS`, and what every consumer has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self {
            runtime: consumer_runtime::Settings::from_env(env),
            graphql: graphql::Settings {
                explorer: env.parsed(&env.own("EXPLORER"), false),
                subscribers: env.bounded(&env.own("SUBSCRIBERS"), 500, 0..=100_000),
            },
        }
    }
}
