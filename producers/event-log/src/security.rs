//! How the brokers are trusted, and how they know who asks. What encrypts also verifies: there is
//! no setting that would turn that off.

use std::{fmt, fs};

use rdkafka::ClientConfig;
use service::Env;

/// The variables, in the order in which they are read.
const PROTOCOL: &str = "KAFKA_SECURITY_PROTOCOL";
const CA: &str = "KAFKA_CA_FILE";
const CERTIFICATE: &str = "KAFKA_CERTIFICATE_FILE";
const KEY: &str = "KAFKA_KEY_FILE";
const MECHANISM: &str = "KAFKA_SASL_MECHANISM";
const USERNAME: &str = "KAFKA_SASL_USERNAME";
const PASSWORD: &str = "KAFKA_SASL_PASSWORD";

const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
const MECHANISMS: [&str; 3] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];

/// How to speak with the brokers; by default in the clear, as nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Security {
    tls: Option<Tls>,
    login: Option<Login>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tls {
    /// Of the authorities to trust; else those of the system.
    ca: Option<String>,
    /// Our certificate, and its key.
    own: Option<(String, String)>,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    mechanism: String,
    username: String,
    password: String,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.login.as_ref().map(|login| &login.username);
        f.debug_struct("Security").field("tls", &self.tls).field("user", &user).finish()
    }
}

impl Security {
    /// Reads `KAFKA_SECURITY_PROTOCOL`, `_CA_FILE`, `_CERTIFICATE_FILE`, `_KEY_FILE`,
    /// `_SASL_MECHANISM`, `_SASL_USERNAME` and `_SASL_PASSWORD`. What contradicts each other is a
    /// problem: nobody is to believe in a protection that is not there.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let protocol = one_of(env, PROTOCOL, &PROTOCOLS);
        let tls = tls(env, protocol.ends_with("ssl"));
        let login = login(env, protocol.starts_with("sasl"));
        Self { tls, login }
    }

    /// The variables that say the same, for processes that are to speak with the brokers so, too.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![(PROTOCOL, self.protocol().to_owned())];
        if let Some(Tls { ca, own }) = &self.tls {
            all.extend(ca.iter().map(|ca| (CA, ca.clone())));
            if let Some((certificate, key)) = own {
                all.extend([(CERTIFICATE, certificate.clone()), (KEY, key.clone())]);
            }
        }
        if let Some(Login { mechanism, username, password }) = &self.login {
            let named = [(MECHANISM, mechanism), (USERNAME, username), (PASSWORD, password)];
            all.extend(named.map(|(name, value)| (name, value.clone())));
        }
        all
    }

    const fn protocol(&self) -> &'static str {
        match (&self.tls, &self.login) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        }
    }

    /// Has a client speak so.
    pub fn apply(&self, config: &mut ClientConfig) {
        config.set("security.protocol", self.protocol());
        if let Some(Tls { ca, own }) = &self.tls {
            // The OpenSSL that is built in does not know where a system keeps its authorities.
            config.set("ssl.ca.location", ca.as_deref().unwrap_or("probe"));
            if let Some((certificate, key)) = own {
                config.set("ssl.certificate.location", certificate).set("ssl.key.location", key);
            }
        }
        if let Some(Login { mechanism, username, password }) = &self.login {
            config
                .set("sasl.mechanism", mechanism)
                .set("sasl.username", username)
                .set("sasl.password", password);
        }
    }
}

fn tls(env: &Env, is_on: bool) -> Option<Tls> {
    let [ca, certificate, key] = [CA, CERTIFICATE, KEY].map(|name| file(env, name, is_on));
    let own = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => problem(env, format!("{CERTIFICATE} is set without {KEY}")),
        (None, Some(_)) => problem(env, format!("{KEY} is set without {CERTIFICATE}")),
    };
    is_on.then_some(Tls { ca, own })
}

fn login(env: &Env, is_on: bool) -> Option<Login> {
    let named = env.optional(MECHANISM).is_some();
    let mechanism = one_of(env, MECHANISM, &MECHANISMS);
    let (username, password) = (env.optional(USERNAME), env.optional(PASSWORD));
    if !is_on {
        let named = named.then_some(MECHANISM);
        let username = username.is_some().then_some(USERNAME);
        let password = password.is_some().then_some(PASSWORD);
        for name in named.into_iter().chain(username).chain(password) {
            env.problem(format!("{name} is set, but {PROTOCOL} is not sasl_ssl or sasl_plaintext"));
        }
        return None;
    }
    for (name, is_missing) in [(USERNAME, username.is_none()), (PASSWORD, password.is_none())] {
        if is_missing {
            env.problem(format!("{name} is not set, which {PROTOCOL} asks for"));
        }
    }
    Some(Login { mechanism: mechanism.to_owned(), username: username?, password: password? })
}

/// A value from a list, the first one by default.
fn one_of(env: &Env, name: &str, known: &[&'static str]) -> &'static str {
    let default = known.first().copied().unwrap_or_default();
    let Some(given) = env.optional(name) else { return default };
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(&given));
    found.copied().unwrap_or_else(|| {
        env.problem(format!("{name} is malformed (it is one of {})", known.join(", ")));
        default
    })
}

/// A file in PEM that can be read.
fn file(env: &Env, name: &str, is_on: bool) -> Option<String> {
    let path = env.optional(name)?;
    if !is_on {
        return problem(env, format!("{name} is set, but {PROTOCOL} is not ssl or sasl_ssl"));
    }
    match fs::read(&path) {
        Ok(bytes) if String::from_utf8_lossy(&bytes).contains("-----BEGIN ") => Some(path),
        Ok(_) => problem(env, format!("{name}: cannot use {path}: it is not PEM")),
        Err(error) => problem(env, format!("{name}: cannot use {path}: {error}")),
    }
}

fn problem<T>(env: &Env, problem: String) -> Option<T> {
    env.problem(problem);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority.pem");

    const NO_PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    fn read(variables: &[(&str, &str)]) -> (Security, String) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env = Env::new("orders", variables.iter().map(owned).collect());
        let security = Security::from_env(&env);
        (security, env.finish().map_or_else(|error| error.to_string(), |()| String::new()))
    }

    fn applied(security: &Security) -> ClientConfig {
        let mut config = ClientConfig::new();
        security.apply(&mut config);
        config
    }

    #[test]
    fn nothing_is_said_and_all_is_in_the_clear() {
        let (security, problems) = read(&[]);
        assert_eq!((security.clone(), problems.as_str()), (Security::default(), ""));
        assert_eq!(security.variables(), [(PROTOCOL, "plaintext".to_owned())]);
        assert_eq!(applied(&security).get("security.protocol"), Some("plaintext"));
    }

    #[test]
    fn a_user_over_tls() {
        let given = [
            (PROTOCOL, "SASL_SSL"),
            (CA, PEM),
            (CERTIFICATE, PEM),
            (KEY, PEM),
            (MECHANISM, "scram-sha-256"),
            (USERNAME, "orders"),
            (PASSWORD, "s3cret!"),
        ];
        let (security, problems) = read(&given);
        assert_eq!(problems, "");
        let config = applied(&security);
        for (name, value) in [
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", PEM),
            ("ssl.certificate.location", PEM),
            ("ssl.key.location", PEM),
            ("sasl.mechanism", "SCRAM-SHA-256"),
            ("sasl.username", "orders"),
            ("sasl.password", "s3cret!"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
        assert!(!format!("{security:?}").contains("s3cret!"), "{security:?}");
        let again: Vec<_> = security.variables();
        let again: Vec<_> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&again).0, security);
    }

    #[test]
    fn the_systems_authorities_are_looked_for_when_none_is_named() {
        let (security, problems) = read(&[(PROTOCOL, "ssl")]);
        assert_eq!(problems, "");
        assert_eq!(applied(&security).get("ssl.ca.location"), Some("probe"));
    }

    #[test]
    fn contradictions_are_named_and_no_password_is_shown() {
        let user = [(PROTOCOL, "sasl_ssl"), (PASSWORD, "s3cret!")];
        for (given, said) in [
            (&[(PROTOCOL, "tls")][..], "KAFKA_SECURITY_PROTOCOL is malformed (it is one of plain"),
            (&[(CA, PEM)], "KAFKA_CA_FILE is set, but KAFKA_SECURITY_PROTOCOL is not ssl or"),
            (&[(PASSWORD, "s3cret!")], "KAFKA_SASL_PASSWORD is set, but KAFKA_SECURITY_PROTOCOL"),
            (&[(MECHANISM, "PLAIN")], "KAFKA_SASL_MECHANISM is set, but KAFKA_SECURITY_PROTOCOL"),
            (&user, "KAFKA_SASL_USERNAME is not set, which KAFKA_SECURITY_PROTOCOL asks for"),
            (
                &[(PROTOCOL, "ssl"), (CERTIFICATE, PEM)],
                "KAFKA_CERTIFICATE_FILE is set without KAFKA_KEY_FILE",
            ),
            (&[(PROTOCOL, "ssl"), (KEY, PEM)], "KAFKA_KEY_FILE is set without KAFKA_CERTIFICATE"),
            (&[(PROTOCOL, "ssl"), (CA, "/no/ca.pem")], "KAFKA_CA_FILE: cannot use /no/ca.pem: No"),
            (&[(PROTOCOL, "ssl"), (CA, NO_PEM)], "Cargo.toml: it is not PEM"),
        ] {
            let (_, problems) = read(given);
            assert!(problems.contains(said), "{given:?}: {problems}");
            assert!(!problems.contains("s3cret!"), "{problems}");
        }
    }
}
