//! What is configured.

use std::path::PathBuf;

use service::Env;

use crate::guard::Accepted;

/// Settings of the command processor.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster.
    pub log: event_log::Settings,
    /// With which risks to the log it starts all the same.
    pub accepted: Accepted,
    /// Where checkpoints are kept; without it there are none.
    pub checkpoints: Option<PathBuf>,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env(env: &Env) -> Self {
        let name = env.own("CHECKPOINT_DIR");
        let checkpoints = env.optional(&name).map(PathBuf::from);
        if checkpoints.as_ref().is_some_and(|folder| !folder.is_absolute()) {
            env.problem(format!("{name} is malformed (not an absolute path)"));
        }
        Self {
            log: event_log::Settings::from_env(env),
            accepted: env.parsed(&env.own("ACCEPT_RISK"), Accepted::default()),
            checkpoints,
        }
    }
}
