//! What the environment says.

use service::Env;

/// Settings of orders.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every consumer.
    pub runtime: consumer_runtime::Settings,
    /// Whether `/graphql` tells its schema and serves a `GraphiQL` page.
    pub graphiql: bool,
}

impl Settings {
    /// Reads the consumer's own `_GRAPHIQL`, and what every consumer has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self {
            runtime: consumer_runtime::Settings::from_env(env),
            graphiql: env.parsed(&env.own("GRAPHIQL"), false),
        }
    }
}
