//! What a consumer is told by its environment.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use service::{Env, auth, prefer::LONGEST_WAIT};

use crate::{build::Until, dead_letters::Limits, read_model::SchemaName, server::Server};

/// Any port of this machine.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Settings of every consumer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Kafka and the registry are.
    pub log: event_log::Settings,
    /// Where Postgres is. Shows no password.
    pub database: Server,
    /// Connections for queries.
    pub connections: usize,
    /// Who may query; absent where there is nothing to query.
    pub gate: Option<auth::Settings>,
    /// Where queries are served.
    pub http_address: SocketAddr,
    /// How long a query waits for what its token names, when the client does not say.
    pub query_wait: Duration,
    /// Most queries that wait so at once.
    pub waiting_queries: usize,
    /// How many members of the group this process is: each reads partitions of its own, and
    /// applies them in transactions of its own, side by side with the others.
    pub workers: usize,
    /// Most events in one transaction.
    pub batch_events: usize,
    /// How many records may be given up.
    pub dead_letters: Limits,
    /// How long something the consumer needs may be away before the process ends.
    pub outage_budget: Duration,
    /// Instead of living on, build the read model in this schema, and end.
    pub build: Option<SchemaName>,
    /// Where the build ends; without it, where the topics end now.
    pub build_until: Until,
    /// How often the relay looks for events that other instances emitted.
    pub relay_poll: Duration,
    /// Only a debug build can be told so, by a test that proves that others would notice: former
    /// owners of a partition may move its offset.
    pub unfenced: bool,
}

impl Settings {
    /// Of a consumer with a read model: reads what each has ([`Settings::of_policy`]), the settings
    /// of the gate, and its own `_HTTP_ADDRESS`, `_DATABASE_CONNECTIONS`, `_WAIT_MS`,
    /// `_WAITING_QUERIES`, `_BUILD` and `_BUILD_UNTIL`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let longest_wait = u64::try_from(LONGEST_WAIT.as_millis()).unwrap_or(u64::MAX);
        let build = Some(env.parsed(&env.own("BUILD"), SchemaName::default()))
            .filter(|name| *name != SchemaName::default());
        // A build serves nobody.
        let gate = match build {
            None => auth::Settings::from_env(env),
            Some(_) => auth::Settings::read(env),
        };
        Self {
            gate: Some(gate),
            connections: env.bounded(&env.own("DATABASE_CONNECTIONS"), 8, 1..=200),
            http_address: env.parsed(&env.own("HTTP_ADDRESS"), LOOPBACK),
            query_wait: Duration::from_millis(env.bounded(
                &env.own("WAIT_MS"),
                10_000,
                100..=longest_wait,
            )),
            waiting_queries: env.bounded(&env.own("WAITING_QUERIES"), 500, 1..=100_000),
            build,
            build_until: env.parsed(&env.own("BUILD_UNTIL"), Until::default()),
            ..Self::of_policy(env)
        }
    }

    /// Of a consumer that shows nothing: reads `DATABASE_URL`, the settings of the event log, and
    /// its own `_WORKERS`, `_BATCH_EVENTS`, `_DEAD_LETTER_LIMIT`, `_DEAD_LETTER_PERCENT`,
    /// `_OUTAGE_BUDGET_SECONDS` and `_RELAY_POLL_MS`; in a debug build also
    /// `ONEWAY_UNFENCED_OFFSETS`.
    #[must_use]
    pub fn of_policy(env: &Env) -> Self {
        Self {
            log: event_log::Settings::from_env(env),
            database: Server::from_env(env),
            connections: 1,
            gate: None,
            http_address: LOOPBACK,
            query_wait: Duration::ZERO,
            waiting_queries: 0,
            workers: env.bounded(&env.own("WORKERS"), 1, 1..=64),
            batch_events: env.bounded(&env.own("BATCH_EVENTS"), 2_000, 1..=100_000),
            dead_letters: Limits {
                count: env.bounded(&env.own("DEAD_LETTER_LIMIT"), 1_000, 0..=1_000_000),
                percent: env.bounded(&env.own("DEAD_LETTER_PERCENT"), 10, 0..=100),
            },
            outage_budget: Duration::from_secs(env.bounded(
                &env.own("OUTAGE_BUDGET_SECONDS"),
                600,
                1..=86_400,
            )),
            build: None,
            build_until: Until::default(),
            relay_poll: Duration::from_millis(env.bounded(
                &env.own("RELAY_POLL_MS"),
                500,
                10..=60_000,
            )),
            unfenced: cfg!(debug_assertions) && env.parsed("ONEWAY_UNFENCED_OFFSETS", false),
        }
    }
}
