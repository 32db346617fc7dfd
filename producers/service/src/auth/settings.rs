//! What is configured of the gate.

use std::{num::NonZeroU32, time::Duration};

use jsonwebtoken::Algorithm;

use super::{
    Secret, key_store::Source, origins::Origins, proxies::Proxies, roles::Roles, verifier::Rules,
};
use crate::env::Env;

/// Issuer and audience of tokens, unless they are told.
const DEFAULT_NAME: &str = "oneway";

/// Settings of the gate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What tokens are accepted.
    pub rules: Rules,
    /// From which origins pages may ask.
    pub origins: Origins,
    /// Who is believed about where requests come from.
    pub proxies: Proxies,
    /// How often one may ask; no limit when absent.
    pub rate: Option<Rate>,
}

/// How often one may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In each second.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Settings {
    /// Reads `ONEWAY_JWT_SECRET` or `_SECRET_FILE`, `ONEWAY_JWT_KEYS`, `_ALGORITHMS`, `_ISSUER`,
    /// `_AUDIENCE`, `_LEEWAY_SECONDS`, `ONEWAY_ANONYMOUS`, `ONEWAY_ROLES_FILE`,
    /// `ONEWAY_CORS_ORIGINS`, `ONEWAY_TRUSTED_PROXIES`, `ONEWAY_RATE_LIMIT` and
    /// `ONEWAY_RATE_BURST`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let settings = Self::read(env);
        let Rules { secret, keys, anonymous, .. } = &settings.rules;
        if secret.is_none() && keys.is_none() && !anonymous {
            env.problem(
                "nobody could ask: set ONEWAY_JWT_SECRET (or ONEWAY_JWT_SECRET_FILE), \
                 ONEWAY_JWT_KEYS, or ONEWAY_ANONYMOUS=true to let everybody do everything"
                    .to_owned(),
            );
        }
        settings
    }

    /// Reads them for a process that serves nobody: nothing is required.
    #[must_use]
    pub fn read(env: &Env) -> Self {
        let secret = Secret::from_env(env);
        let keys = env
            .optional("ONEWAY_JWT_KEYS")
            .map(|_| env.parsed("ONEWAY_JWT_KEYS", Source::File("".into())));
        let name = |variable| env.optional(variable).unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let rules = Rules {
            algorithms: algorithms(env, secret.is_some(), keys.is_some()),
            secret,
            keys,
            issuer: name("ONEWAY_JWT_ISSUER"),
            audience: name("ONEWAY_JWT_AUDIENCE"),
            leeway: Duration::from_secs(env.bounded("ONEWAY_JWT_LEEWAY_SECONDS", 30, 0..=300)),
            anonymous: env.parsed("ONEWAY_ANONYMOUS", false),
            roles: roles(env),
        };
        Self {
            rules,
            origins: env.parsed("ONEWAY_CORS_ORIGINS", Origins::default()),
            proxies: env.parsed("ONEWAY_TRUSTED_PROXIES", Proxies::default()),
            rate: rate(env),
        }
    }
}

/// By default those that there are keys for.
fn algorithms(env: &Env, has_secret: bool, has_keys: bool) -> Vec<Algorithm> {
    let name = "ONEWAY_JWT_ALGORITHMS";
    let of_secret = [Algorithm::HS256];
    let of_keys = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    let usable = || {
        let of_secret = of_secret.iter().filter(move |_| has_secret);
        of_secret.chain(of_keys.iter().filter(move |_| has_keys)).copied()
    };
    let Some(text) = env.optional(name) else { return usable().collect() };
    let mut listed = Vec::new();
    for item in text.split(',').map(str::trim) {
        match item.parse() {
            Ok(algorithm) if of_secret.contains(&algorithm) || of_keys.contains(&algorithm) => {
                if !usable().any(|usable| usable == algorithm) {
                    env.problem(format!("{name} has {algorithm:?}, for which there is no key"));
                }
                listed.push(algorithm);
            }
            _ => env.problem(format!("{name} is malformed (use HS256, RS256, ES256, EdDSA)")),
        }
    }
    listed
}

fn roles(env: &Env) -> Roles {
    let name = "ONEWAY_ROLES_FILE";
    let read = match env.optional(name).map(std::fs::read_to_string) {
        None => Roles::of_this_system(),
        Some(Ok(text)) => Roles::parse(&text),
        Some(Err(error)) => {
            env.problem(format!("{name} is malformed (cannot be read: {error})"));
            Roles::of_this_system()
        }
    };
    read.unwrap_or_else(|error| {
        env.problem(format!("{name} is malformed ({error})"));
        Roles::default()
    })
}

/// Twice the rate at once, unless told.
fn rate(env: &Env) -> Option<Rate> {
    let most = 1_000_000;
    let per_second: u32 = env.bounded("ONEWAY_RATE_LIMIT", 0, 0..=most);
    let twice = per_second.saturating_mul(2).clamp(1, most);
    let burst: u32 = env.bounded("ONEWAY_RATE_BURST", twice, 1..=most);
    Some(Rate { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: (&str, &str) = ("ONEWAY_JWT_SECRET", "0123456789abcdef0123456789abcdef");

    fn read(variables: &[(&str, &str)]) -> (Settings, String) {
        let owned = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let env = Env::new("orders", owned.collect());
        let settings = Settings::from_env(&env);
        (settings, env.finish().err().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn without_keys_anonymous_access_has_to_be_meant() {
        let (_, problem) = read(&[]);
        for named in ["ONEWAY_JWT_SECRET", "ONEWAY_JWT_KEYS", "ONEWAY_ANONYMOUS=true"] {
            assert!(problem.contains(named), "{problem}");
        }
        let (settings, problem) = read(&[("ONEWAY_ANONYMOUS", "true")]);
        assert!(problem.is_empty() && settings.rules.anonymous);
        let (settings, problem) = read(&[SECRET]);
        assert!(problem.is_empty() && !settings.rules.anonymous);
        assert_eq!(settings.rules.algorithms, [Algorithm::HS256]);
        assert!(!format!("{settings:?}").contains("0123456789"));
    }

    #[test]
    fn algorithms_are_those_that_there_are_keys_for() {
        let keys = ("ONEWAY_JWT_KEYS", "https://issuer.example/keys");
        let (settings, problem) = read(&[SECRET, keys, ("ONEWAY_JWT_ALGORITHMS", "ES256, HS256")]);
        assert_eq!(problem, "");
        assert_eq!(settings.rules.algorithms, [Algorithm::ES256, Algorithm::HS256]);
        for (variables, said) in [
            (vec![SECRET, ("ONEWAY_JWT_ALGORITHMS", "RS256")], "RS256, for which there is no key"),
            (vec![keys, ("ONEWAY_JWT_ALGORITHMS", "HS256")], "HS256, for which there is no key"),
            (vec![SECRET, ("ONEWAY_JWT_ALGORITHMS", "none")], "is malformed"),
            (vec![SECRET, ("ONEWAY_JWT_ALGORITHMS", "HS512")], "is malformed"),
            (vec![("ONEWAY_JWT_KEYS", "ftp://issuer.example")], "ONEWAY_JWT_KEYS is malformed"),
            (vec![SECRET, ("ONEWAY_ROLES_FILE", "/nowhere")], "ONEWAY_ROLES_FILE is malformed"),
            (vec![SECRET, ("ONEWAY_CORS_ORIGINS", "*")], "ONEWAY_CORS_ORIGINS is malformed"),
            (vec![SECRET, ("ONEWAY_TRUSTED_PROXIES", "*")], "ONEWAY_TRUSTED_PROXIES is malformed"),
        ] {
            let (_, problem) = read(&variables);
            assert!(problem.contains(said), "{variables:?}: {problem}");
        }
    }

    #[test]
    fn there_is_no_rate_limit_unless_told() {
        assert_eq!(read(&[SECRET]).0.rate, None);
        let (settings, _) = read(&[SECRET, ("ONEWAY_RATE_LIMIT", "10")]);
        let rate = settings.rate.unwrap();
        assert_eq!((rate.per_second.get(), rate.burst.get()), (10, 20));
    }
}
