//! Passwords, made up once.

use std::path::{Path, PathBuf};

use anyhow::Context;
use aws_lc_rs::hmac;
use rand::RngExt;

use crate::{failure::Result, stack::document};

/// All passwords of a stack come from one secret: so a service that is new has one, too, and there
/// is nothing to keep in step.
pub struct Passwords {
    secret: hmac::Key,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// Reads the secret, or makes it up.
    pub fn provide(folder: &Path) -> Result<Self> {
        let path: PathBuf = folder.join("passwords.json");
        let using = || format!("cannot use {}", path.display());
        let known: Option<Vec<u8>> = document::read(&path).with_context(using)?;
        let secret = match known {
            Some(secret) => secret,
            None => {
                let secret: [u8; 32] = rand::rng().random();
                document::write(&path, &secret).with_context(using)?;
                secret.into()
            }
        };
        Ok(Self { secret: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// The password of a user: letters and digits alone, good for any place.
    pub fn of(&self, user: &str) -> String {
        let tag = hmac::sign(&self.secret, user.as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = Passwords::provide(folder.path()).unwrap();
        let again = Passwords::provide(folder.path()).unwrap();
        assert_eq!(passwords.of("kafka/orders"), again.of("kafka/orders"));
        assert_ne!(passwords.of("kafka/orders"), passwords.of("postgres/orders"));
        let other = tempfile::tempdir().unwrap();
        assert_ne!(passwords.of("a"), Passwords::provide(other.path()).unwrap().of("a"));
    }
}
