//! What is configured.

use std::{net::SocketAddr, time::Duration};

use service::{Env, auth, http::Listen, prefer::LONGEST_WAIT};

/// Settings of the command API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it serves HTTP, and how many connections.
    pub listen: Listen,
    /// Who may ask.
    pub gate: auth::Settings,
    /// The cluster.
    pub log: event_log::Settings,
    /// How things are bounded.
    pub limits: Limits,
}

/// How things are bounded.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long an outcome is waited for when the client does not say.
    pub wait: Duration,
    /// How long the log may take to acknowledge a command.
    pub delivery: Duration,
    /// How many commands may be under way at once.
    pub in_flight: usize,
    /// How many KiB of request bodies may be under way at once.
    pub body_kbytes: u32,
    /// How many KiB of commands may wait for the log at once.
    pub queue_kbytes: u32,
    /// How many outcomes are remembered.
    pub remembered: usize,
    /// How long the log is searched for the outcome of one command.
    pub lookup: Duration,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env(env: &Env) -> Self {
        let millis = |name, default, bounds| {
            Duration::from_millis(env.bounded(&env.own(name), default, bounds))
        };
        let longest = u64::try_from(LONGEST_WAIT.as_millis()).unwrap_or(u64::MAX);
        let limits = Limits {
            wait: millis("WAIT_MS", 10_000, 100..=longest),
            delivery: millis("DELIVERY_MS", 5_000, 50..=longest),
            in_flight: env.bounded(&env.own("IN_FLIGHT"), 2_000, 1..=100_000),
            body_kbytes: env.bounded(&env.own("BODY_KBYTES"), 8_192, 64..=1_048_576),
            queue_kbytes: env.bounded(&env.own("QUEUE_KBYTES"), 16_384, 1_024..=1_048_576),
            remembered: env.bounded(&env.own("REMEMBERED_OUTCOMES"), 10_000, 1..=1_000_000),
            lookup: millis("LOOKUP_MS", 10_000, 100..=longest),
        };
        if limits.delivery >= limits.wait {
            env.problem(format!(
                "{} must be less than {}: a command is in the log before its outcome",
                env.own("DELIVERY_MS"),
                env.own("WAIT_MS")
            ));
        }
        let address =
            env.parsed(&env.own("HTTP_ADDRESS"), SocketAddr::from(([127, 0, 0, 1], 3001)));
        let connections = env.bounded(&env.own("CONNECTIONS"), 4_000, 1..=100_000);
        let listen = Listen { connections, ..Listen::from(address) };
        let gate = auth::Settings::from_env(env);
        Self { listen, gate, log: event_log::Settings::from_env(env), limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Settings, Result<(), service::env::BadEnvironment>) {
        let base = [
            ("KAFKA_BROKERS", "b:1"),
            ("SCHEMA_REGISTRY_URL", "http://r"),
            ("ONEWAY_ANONYMOUS", "true"),
        ];
        let all = base.iter().chain(variables);
        let owned = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env = Env::new("command-api", owned.collect());
        (Settings::from_env(&env), env.finish())
    }

    #[test]
    fn defaults_are_enough() {
        let (settings, end) = read(&[]);
        assert_eq!(end, Ok(()));
        assert_eq!(settings.limits.wait, Duration::from_secs(10));
        assert_eq!(settings.listen.address.to_string(), "127.0.0.1:3001");
    }

    #[test]
    fn delivery_ends_before_the_wait() {
        let (_, end) = read(&[("COMMAND_API_WAIT_MS", "1000")]);
        assert!(end.unwrap_err().to_string().contains("COMMAND_API_DELIVERY_MS must be less"));
        let (_, end) = read(&[("COMMAND_API_WAIT_MS", "1000"), ("COMMAND_API_DELIVERY_MS", "500")]);
        assert_eq!(end, Ok(()));
    }
}
