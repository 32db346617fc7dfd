//! The secret that tokens are signed with. Nothing shows it.

use std::{fmt, sync::Arc};

use crate::env::Env;

/// Shortest secret, in bytes: as long as the hash that it goes into.
const SHORTEST: usize = 32;

/// A shared secret for HS256.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Takes a secret of at least 32 bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= SHORTEST).then(|| Self(bytes.into()))
    }

    /// Reads `ONEWAY_JWT_SECRET`, or the file that `ONEWAY_JWT_SECRET_FILE` names.
    #[must_use]
    pub fn from_env(env: &Env) -> Option<Self> {
        let (direct, file) = ("ONEWAY_JWT_SECRET", "ONEWAY_JWT_SECRET_FILE");
        let (name, text) = match (env.optional(direct), env.optional(file)) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                env.problem(format!("{direct} and {file} are both set"));
                return None;
            }
            (Some(text), None) => (direct, text),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => (file, text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    env.problem(format!("{file} is malformed (cannot be read: {error})"));
                    return None;
                }
            },
        };
        let secret = Self::new(text.as_bytes());
        if secret.is_none() {
            env.problem(format!("{name} is malformed (it has less than {SHORTEST} bytes)"));
        }
        secret
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Option<Secret>, String) {
        let owned = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let env = Env::new("orders", owned.collect());
        let secret = Secret::from_env(&env);
        (secret, env.finish().err().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_secret_is_long_and_not_shown() {
        let long = "0123456789abcdef0123456789abcdef";
        let (secret, problem) = read(&[("ONEWAY_JWT_SECRET", long)]);
        assert_eq!((problem.as_str(), format!("{:?}", secret.unwrap())), ("", "Secret(…)".into()));
        let (secret, problem) = read(&[("ONEWAY_JWT_SECRET", "short-one")]);
        assert!(secret.is_none() && problem.contains("less than 32 bytes"), "{problem}");
        assert!(!problem.contains("short-one"));
        let (_, problem) = read(&[("ONEWAY_JWT_SECRET_FILE", "/nowhere/secret")]);
        assert!(problem.contains("ONEWAY_JWT_SECRET_FILE is malformed"), "{problem}");
        let (_, problem) =
            read(&[("ONEWAY_JWT_SECRET", long), ("ONEWAY_JWT_SECRET_FILE", "/nowhere/secret")]);
        assert!(problem.contains("both set"), "{problem}");
    }
}
