//! What is configured.

use std::{net::SocketAddr, time::Duration};

use service::{Env, auth};

use crate::accounts::Accounts;

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it serves HTTP.
    pub address: SocketAddr,
    /// The secret and the names that are in every token; from where pages may ask.
    pub gate: auth::Settings,
    /// Who may log in.
    pub accounts: Accounts,
    /// The cookie also goes over connections that are not encrypted.
    pub insecure_cookie: bool,
    /// How long a token lives.
    pub token_life: Duration,
    /// How long a token can be renewed.
    pub session_life: Duration,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env(env: &Env) -> Self {
        let gate = auth::Settings::read(env);
        if gate.rules.secret.is_none() {
            env.problem(
                "ONEWAY_JWT_SECRET (or ONEWAY_JWT_SECRET_FILE) is not set: it signs the tokens"
                    .to_owned(),
            );
        }
        let address =
            env.parsed(&env.own("HTTP_ADDRESS"), SocketAddr::from(([127, 0, 0, 1], 3009)));
        let accounts = accounts(env);
        let insecure_cookie = env.parsed(&env.own("INSECURE_COOKIE"), false);
        let is_loopback = address.ip().is_loopback();
        if accounts.demo && !is_loopback {
            let (file, address) = (env.own("ACCOUNTS_FILE"), env.own("HTTP_ADDRESS"));
            env.problem(format!(
                "{file} has demo accounts, whose passwords everybody knows, and {address} is no \
                 loopback address"
            ));
        }
        if insecure_cookie && !is_loopback {
            let (cookie, address) = (env.own("INSECURE_COOKIE"), env.own("HTTP_ADDRESS"));
            env.problem(format!("{cookie} is true, and {address} is no loopback address"));
        }
        let minutes = env.bounded(&env.own("TOKEN_MINUTES"), 15, 1..=60);
        let hours: u64 = env.bounded(&env.own("SESSION_HOURS"), 12, 1..=168);
        Self {
            address,
            gate,
            accounts,
            insecure_cookie,
            token_life: Duration::from_mins(minutes),
            session_life: Duration::from_hours(hours),
        }
    }
}

fn accounts(env: &Env) -> Accounts {
    let name = env.own("ACCOUNTS_FILE");
    let path = env.required(&name);
    if path.is_empty() {
        return Accounts::default();
    }
    let read = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"));
    read.and_then(|text| Accounts::parse(&text)).unwrap_or_else(|reason| {
        env.problem(format!("{name} is malformed ({reason})"));
        Accounts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/accounts.example.yaml");

    fn problem(variables: &[(&str, &str)]) -> String {
        let secret = ("ONEWAY_JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let all = [secret, ("TOKENS_ACCOUNTS_FILE", EXAMPLE)]
            .into_iter()
            .chain(variables.iter().copied());
        let env = Env::new("tokens", all.map(|(n, v)| (n.to_owned(), v.to_owned())).collect());
        Settings::from_env(&env);
        env.finish().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_everybody_knows_stays_on_this_machine() {
        assert_eq!(problem(&[("TOKENS_INSECURE_COOKIE", "true")]), "");
        let everywhere = ("TOKENS_HTTP_ADDRESS", "0.0.0.0:3009");
        assert!(problem(&[everywhere]).contains("demo accounts"));
        let both = [everywhere, ("TOKENS_INSECURE_COOKIE", "true")];
        assert!(problem(&both).contains("TOKENS_INSECURE_COOKIE is true"));
        assert!(problem(&[("ONEWAY_JWT_SECRET", "")]).contains("ONEWAY_JWT_SECRET (or"));
        assert!(
            problem(&[("TOKENS_ACCOUNTS_FILE", "")]).contains("TOKENS_ACCOUNTS_FILE is not set")
        );
    }
}
