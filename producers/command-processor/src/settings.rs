//! What is configured.

use service::Env;

use crate::guard::Accepted;

/// Settings of the command processor.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster.
    pub log: event_log::Settings,
    /// With which risks to the log it starts all the same.
    pub accepted: Accepted,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env(env: &Env) -> Self {
        Self {
            log: event_log::Settings::from_env(env),
            accepted: env.parsed(&env.own("ACCEPT_RISK"), Accepted::default()),
        }
    }
}
