//! What is configured.

use std::{fmt, net::SocketAddr, path::PathBuf};

use consumer_runtime::Server;
use service::{Env, auth};
use url::Url;

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
    /// The processes whose health is shown.
    pub services: Services,
    /// The command-line tool, which does rebuilds.
    pub tool: Option<PathBuf>,
}

/// Processes by their names, each with the base URL of its admin port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(pub Vec<(String, Url)>);

/// Why a text names no services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use NAME=URL with commas, such as orders=http://orders:9105")]
pub struct InvalidServices;

impl std::str::FromStr for Services {
    type Err = InvalidServices;

    fn from_str(text: &str) -> Result<Self, InvalidServices> {
        let service = |item: &str| {
            let (name, url) = item.trim().split_once('=')?;
            let url = Url::parse(url).ok()?;
            let is_web = matches!(url.scheme(), "http" | "https");
            (!name.is_empty() && is_web).then(|| (name.to_owned(), url))
        };
        let services: Option<Vec<_>> = text.split(',').map(service).collect();
        services.map(Self).ok_or(InvalidServices)
    }
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
            services: env.parsed(&env.own("SERVICES"), Services::default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read() {
        let Services(services) = "orders=http://a:1, orders-2=http://a:2".parse().unwrap();
        let names: Vec<_> = services.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["orders", "orders-2"]);
        for bad in ["", "orders", "=http://a", "orders=ftp://a"] {
            assert_eq!(bad.parse::<Services>(), Err(InvalidServices), "{bad}");
        }
    }
}
