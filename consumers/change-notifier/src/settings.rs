//! What is configured.

use std::{net::SocketAddr, time::Duration};

use service::{Env, auth, http::Listen};

use crate::ring::Bound;

/// Settings of the change notifier.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it serves HTTP, and how many connections.
    pub listen: Listen,
    /// Who may listen.
    pub gate: auth::Settings,
    /// The cluster.
    pub log: event_log::Settings,
    /// How things are bounded.
    pub limits: Limits,
}

/// How things are bounded.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What is kept in memory, for all clients.
    pub ring: Bound,
    /// What may wait for one client.
    pub client: Bound,
    /// Most notifications that are read from the log again for one client.
    pub replayed: i64,
    /// After how long without an event a client is shown that the stream lives.
    pub heartbeat: Duration,
    /// How long after its acknowledgement a socket's query may be answered.
    pub query_window: Duration,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env(env: &Env) -> Self {
        let kbytes = |name, default: usize| {
            env.bounded(&env.own(name), default, 16..=4_194_304).saturating_mul(1_024)
        };
        let count = |name, default: usize| env.bounded(&env.own(name), default, 1..=10_000_000);
        let limits = Limits {
            ring: Bound {
                count: count("KEPT_CHANGES", 50_000),
                bytes: kbytes("KEPT_KBYTES", 65_536),
            },
            client: Bound {
                count: count("CLIENT_CHANGES", 2_000),
                bytes: kbytes("CLIENT_KBYTES", 1_024),
            },
            replayed: env.bounded(&env.own("REPLAYED_CHANGES"), 20_000, 0..=1_000_000),
            heartbeat: Duration::from_millis(env.bounded(
                &env.own("HEARTBEAT_MS"),
                15_000,
                100..=600_000,
            )),
            query_window: Duration::from_millis(env.bounded(
                &env.own("QUERY_WINDOW_MS"),
                1_000,
                0..=60_000,
            )),
        };
        let address =
            env.parsed(&env.own("HTTP_ADDRESS"), SocketAddr::from(([127, 0, 0, 1], 3008)));
        let connections = env.bounded(&env.own("CONNECTIONS"), 20_000, 1..=1_000_000);
        let listen = Listen { connections, ..Listen::from(address) };
        let gate = auth::Settings::from_env(env);
        Self { listen, gate, log: event_log::Settings::from_env(env), limits }
    }
}
