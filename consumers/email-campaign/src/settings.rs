//! What the environment says.

use std::{fs, time::Duration};

use lettre::{message::Mailbox, transport::smtp::client::Certificate};
use service::Env;
use url::Url;

use crate::{
    links::Links,
    mail::Composer,
    server::{Protection, Server},
};

/// Shortest key for links, in bytes: as long as the hash that it goes into.
const SHORTEST_KEY: usize = 32;

/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Settings of email-campaign.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every consumer.
    pub runtime: consumer_runtime::Settings,
    /// The mail server.
    pub server: Server,
    /// Longest wait for each of its answers.
    pub server_wait: Duration,
    /// Makes the mails.
    pub composer: Composer,
    /// How fast mails are asked for and sent.
    pub pace: Pace,
    /// When a refused mail is sent again.
    pub patience: Patience,
}

/// How fast mails are asked for and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Mails per second, of each campaign.
    pub per_second: u32,
    /// How often to look for something to do.
    pub poll: Duration,
}

/// When a mail that the server refused for now is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Most attempts.
    pub attempts: i32,
    /// Wait after the first; twice as long after each further one, up to an hour.
    pub first: Duration,
}

impl Patience {
    /// Wait after so many refusals.
    #[must_use]
    pub fn wait(&self, refusals: i32) -> Duration {
        let doublings = u32::try_from(refusals - 1).unwrap_or_default().min(20);
        self.first.saturating_mul(1 << doublings).min(LONGEST_WAIT)
    }
}

impl Settings {
    /// Reads the saga's own `_SMTP_URL`, `_SMTP_CA_FILE`, `_SMTP_WAIT_MS`, `_FROM`, `_PUBLIC_URL`, `_LINK_KEY`,
    /// `_MAILS_PER_SECOND`, `_POLL_MS`, `_ATTEMPTS` and `_RETRY_MS`, and what every consumer has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let wait = env.bounded(&env.own("SMTP_WAIT_MS"), 30_000, 10..=600_000);
        Self {
            runtime: consumer_runtime::Settings::from_env(env),
            server: server(env),
            server_wait: Duration::from_millis(wait),
            composer: Composer { from: from(env), links: links(env) },
            pace: Pace {
                per_second: env.bounded(&env.own("MAILS_PER_SECOND"), 20, 1..=1_000),
                poll: Duration::from_millis(env.bounded(&env.own("POLL_MS"), 200, 10..=60_000)),
            },
            patience: Patience {
                attempts: env.bounded(&env.own("ATTEMPTS"), 8, 1..=100),
                first: Duration::from_millis(env.bounded(
                    &env.own("RETRY_MS"),
                    30_000,
                    10..=3_600_000,
                )),
            },
        }
    }
}

fn server(env: &Env) -> Server {
    let server = env.parsed(&env.own("SMTP_URL"), Server::local());
    let name = env.own("SMTP_CA_FILE");
    let Some(path) = env.optional(&name) else { return server };
    if server.protection == Protection::None {
        let url = env.own("SMTP_URL");
        env.problem(format!("{name} is set, but {url} is not smtps:// or smtp+starttls://"));
    }
    let authorities = authorities(&path);
    if let Err(error) = &authorities {
        // The value is not shown, as everywhere.
        env.problem(format!("{name} is malformed (it names no PEM of authorities: {error})"));
    }
    Server { authorities: authorities.ok(), ..server }
}

fn authorities(path: &str) -> Result<Certificate, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    // What has no certificate at all is taken by the library, and trusts nobody.
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err("it has no certificate".to_owned());
    }
    Certificate::from_pem(&pem).map_err(|error| error.to_string())
}

fn from(env: &Env) -> Mailbox {
    let name = env.own("FROM");
    let text = env.required(&name);
    text.parse().unwrap_or_else(|_| {
        if !text.is_empty() {
            env.problem(format!("{name} is malformed (use NAME <ADDRESS>)"));
        }
        Mailbox::new(None, lettre::Address::new_dangerous("nobody", "invalid"))
    })
}

/// The base of links, and the key that signs them.
fn links(env: &Env) -> Links {
    let (url, key) = (env.own("PUBLIC_URL"), env.own("LINK_KEY"));
    let (base, secret) = (env.required(&url), env.required(&key));
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
    if !base.is_empty() && !Url::parse(&base).is_ok_and(|url| is_web(&url)) {
        env.problem(format!("{url} is malformed (use the http or https URL of this service)"));
    }
    if !secret.is_empty() && secret.len() < SHORTEST_KEY {
        // Not shown.
        env.problem(format!("{key} is malformed (it has less than {SHORTEST_KEY} bytes)"));
    }
    Links::new(secret.as_bytes(), &base)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TLS: (&str, &str) = ("EMAIL_CAMPAIGN_SMTP_URL", "smtps://mail.example.org");
    const FILE: &str = "EMAIL_CAMPAIGN_SMTP_CA_FILE";
    const NO_PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    const PEM: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../producers/event-log/tests/authority.pem");

    fn read(variables: &[(&str, &str)]) -> (bool, String) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env = Env::new("email-campaign", variables.iter().map(owned).collect());
        let has_own = server(&env).authorities.is_some();
        (has_own, env.finish().map_or_else(|error| error.to_string(), |()| String::new()))
    }

    #[test]
    fn authorities_are_those_of_a_file() {
        assert_eq!(read(&[TLS]), (false, String::new()));
        assert_eq!(read(&[TLS, (FILE, PEM)]), (true, String::new()));
    }

    #[test]
    fn a_file_that_protects_nothing_is_a_problem() {
        for (given, said) in [
            (&[(FILE, PEM)][..], "EMAIL_CAMPAIGN_SMTP_URL is not smtps:// or smtp+starttls://"),
            (
                &[TLS, (FILE, "/no/ca.pem")],
                "SMTP_CA_FILE is malformed (it names no PEM of authorities: No ",
            ),
            (&[TLS, (FILE, NO_PEM)], "authorities: it has no certificate)"),
        ] {
            let (_, problems) = read(given);
            assert!(problems.contains(said), "{given:?}: {problems}");
        }
    }
}
