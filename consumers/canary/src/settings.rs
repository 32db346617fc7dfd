//! What is configured.

use std::{path::PathBuf, time::Duration};

use service::{Env, Services};

pub const COMMAND_API: &str = "command-api";
pub const ORDERS: &str = "orders";
pub const CHANGE_NOTIFIER: &str = "change-notifier";

/// Whom it asks, with their ports in a local stack.
const LOCAL: [(&str, u16); 3] = [(COMMAND_API, 3001), (ORDERS, 3005), (CHANGE_NOTIFIER, 3008)];

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From the begin of one run to that of the next.
    pub interval: Duration,
    /// Longest run.
    pub limit: Duration,
    /// Where the services are that it asks, all of [`LOCAL`] among them.
    pub services: Services,
    /// Who it is: a file with a token. Nobody without it.
    pub token_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the service's own `_INTERVAL_SECONDS`, `_TIMEOUT_SECONDS`, `_SERVICES` and
    /// `_TOKEN_FILE`.
    pub fn from_env(env: &Env) -> Self {
        let seconds = |name, default, bounds| {
            Duration::from_secs(env.bounded(&env.own(name), default, bounds))
        };
        Self {
            interval: seconds("INTERVAL_SECONDS", 60, 1..=3_600),
            // Services are asked to wait for whole seconds, fewer than are left of it.
            limit: seconds("TIMEOUT_SECONDS", 30, 3..=300),
            services: services(env),
            token_file: token_file(env),
        }
    }
}

fn services(env: &Env) -> Services {
    let services = Services::from_env(env, &LOCAL);
    for (name, _) in LOCAL {
        if services.find(name).is_none() {
            env.problem(format!("{} names no {name}", env.own("SERVICES")));
        }
    }
    services
}

/// That it is there is asked once: what is in it may be another token with each run.
fn token_file(env: &Env) -> Option<PathBuf> {
    let name = env.own("TOKEN_FILE");
    let file = env.optional(&name).map(PathBuf::from)?;
    if !file.is_file() {
        env.problem(format!("{name} is malformed (there is no such file)"));
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Settings, String) {
        let owned = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let env = Env::new("canary", HashMap::from_iter(owned));
        let settings = Settings::from_env(&env);
        (settings, env.finish().err().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn everything_has_a_default() {
        let (settings, problem) = read(&[]);
        let seconds = (settings.interval.as_secs(), settings.limit.as_secs());
        assert_eq!((seconds, settings.token_file, problem.as_str()), ((60, 30), None, ""));
        let notifier = settings.services.find(CHANGE_NOTIFIER).unwrap();
        assert_eq!(notifier.as_str(), "http://127.0.0.1:3008/");
    }

    #[test]
    fn whom_it_asks_must_be_there() {
        let (_, problem) = read(&[("CANARY_SERVICES", "orders=http://a,tokens=http://b")]);
        for name in [COMMAND_API, CHANGE_NOTIFIER] {
            assert!(problem.contains(&format!("CANARY_SERVICES names no {name}")), "{problem}");
        }
        assert!(!problem.contains("no orders"), "{problem}");
        let (_, problem) = read(&[("CANARY_TOKEN_FILE", "/nowhere/s3cret")]);
        assert!(problem.contains("CANARY_TOKEN_FILE is malformed"), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
}
