//! What is configured.

use std::{fmt, net::SocketAddr, path::PathBuf};

use consumer_runtime::Server;
use service::{Env, Services, auth};

/// Settings of the service.
#[derive(Clone)]
pub struct Settings {
    /// Where it serves HTTP.
    pub address: SocketAddr,
    /// Who may look.
    pub gate: auth::Settings,
    /// Where Kafka and the registry are.
    pub log: event_log::Settings,
    /// Where the read models are, as it was given: with its password.
    pub database_url: String,
    /// The same. Shows no password.
    pub database: Server,
    /// The processes whose health is shown, by their admin ports.
    pub services: Services,
    /// The command-line tool, which does rebuilds.
    pub tool: Option<PathBuf>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads `DATABASE_URL`, the settings of the event log and of all gates, and the service's own
    /// `_HTTP_ADDRESS`, `_SERVICES` and `_TOOL`.
    pub fn from_env(env: &Env) -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 3013));
        Self {
            address: env.parsed(&env.own("HTTP_ADDRESS"), local),
            gate: auth::Settings::from_env(env),
            log: event_log::Settings::from_env(env),
            database_url: env.optional("DATABASE_URL").unwrap_or_default(),
            database: Server::from_env(env),
            tool: tool(env),
            services: Services::from_env(env, &[]),
        }
    }
}

fn tool(env: &Env) -> Option<PathBuf> {
    let name = env.own("TOOL");
    let tool = env.optional(&name).map(PathBuf::from)?;
    if !tool.is_file() {
        env.problem(format!("{name} is malformed (there is no such file)"));
    }
    Some(tool)
}
