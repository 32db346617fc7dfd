//! Who may ask the services of a local stack.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use rand::RngExt;

use crate::{failure::Result, report::Report};

/// Who may ask, unless the caller says so by variables of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Everybody.
    pub anonymous: bool,
    /// Who has a token that was signed with the secret in this file.
    pub secret_file: Option<PathBuf>,
}

/// The variables that name keys.
const SECRETS: [&str; 2] = ["ONEWAY_JWT_SECRET", "ONEWAY_JWT_SECRET_FILE"];
const KEYS: &str = "ONEWAY_JWT_KEYS";
const ANONYMOUS: &str = "ONEWAY_ANONYMOUS";

/// Length of a secret, in bytes before they are written in letters.
const SECRET_BYTES: usize = 32;

impl Access {
    /// Everybody, and no tokens: for stacks that nobody but their maker knows of.
    pub const fn open() -> Self {
        Self { anonymous: true, secret_file: None }
    }

    /// For a stack that people use: as the caller says, and else everybody, with tokens signed by a
    /// secret of the stack's own.
    pub fn of_environment(secret_file: PathBuf, report: &Report) -> Result<Self> {
        let value = |name| std::env::var(name).unwrap_or_default();
        let access = Self::decide(value, secret_file);
        if let Some(path) = &access.secret_file {
            provide_secret(path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if access.anonymous {
            report.note(
                "anonymous access is on for these loopback services: whoever is on this machine \
                 may do everything (ONEWAY_ANONYMOUS=false asks for tokens)",
            );
        }
        Ok(access)
    }

    fn decide(value: impl Fn(&'static str) -> String, secret_file: PathBuf) -> Self {
        if has_secret(&value) || !value(KEYS).is_empty() {
            return Self::default();
        }
        let anonymous = matches!(value(ANONYMOUS).as_str(), "" | "true");
        Self { anonymous, secret_file: Some(secret_file) }
    }

    /// The variables that say so.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let anonymous = self.anonymous.then(|| (ANONYMOUS, "true".to_owned()));
        let secret = self.secret_file.as_ref();
        let secret = secret.map(|path| ("ONEWAY_JWT_SECRET_FILE", path.display().to_string()));
        anonymous.into_iter().chain(secret).collect()
    }
}

/// Whether tokens can be made: not when the caller trusts the keys of another issuer alone.
pub fn tokens_can_be_made() -> bool {
    let value = |name| std::env::var(name).unwrap_or_default();
    has_secret(&value) || value(KEYS).is_empty()
}

fn has_secret(value: &impl Fn(&'static str) -> String) -> bool {
    SECRETS.into_iter().any(|name| !value(name).is_empty())
}

/// Makes the secret up, once: tokens outlive a restart.
fn provide_secret(path: &Path) -> io::Result<()> {
    let mut options = fs::File::options();
    let mut file = match options.write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    let bytes: [u8; SECRET_BYTES] = rand::rng().random();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_caller_has_the_first_word() {
        let decide = |set: &[(&str, &str)]| {
            let value = |name: &'static str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map_or(String::new(), |(_, value)| (*value).to_owned())
            };
            let access = Access::decide(value, "/s".into());
            (access.anonymous, access.secret_file.is_some())
        };
        assert_eq!(decide(&[]), (true, true));
        assert_eq!(decide(&[("ONEWAY_ANONYMOUS", "true")]), (true, true));
        assert_eq!(decide(&[("ONEWAY_ANONYMOUS", "false")]), (false, true));
        assert_eq!(decide(&[("ONEWAY_JWT_SECRET", "x")]), (false, false));
        assert_eq!(decide(&[("ONEWAY_JWT_SECRET_FILE", "x")]), (false, false));
        assert_eq!(decide(&[("ONEWAY_JWT_KEYS", "x")]), (false, false));
    }

    #[test]
    fn a_secret_is_made_once_and_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt-secret");
        provide_secret(&path).unwrap();
        let secret = fs::read_to_string(&path).unwrap();
        assert_eq!(secret.len(), 2 * SECRET_BYTES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        provide_secret(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), secret);
    }
}
