//! Who may log in, with what password, in which roles: a file, read once.

use std::{collections::BTreeMap, fmt, sync::Arc};

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Passwords that are checked at once: each takes 19 MiB and a processor for a while.
const AT_ONCE: usize = 2;

/// Longest user name or password, in bytes.
const LONGEST: usize = 256;

/// The accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    by_name: Arc<BTreeMap<String, Account>>,
    /// Their passwords are published.
    pub demo: bool,
    room: Arc<Semaphore>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { by_name: Arc::default(), demo: false, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    demo: bool,
    accounts: BTreeMap<String, Account>,
}

/// An account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    /// Argon2 hash in PHC form.
    password: String,
    roles: Vec<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        // What the parser says may show a hash.
        let form = "write accounts: {NAME: {password: HASH, roles: [ROLE]}}";
        let file: File = serde_saphyr::from_str(text).map_err(|_| form.to_owned())?;
        if file.accounts.is_empty() {
            return Err("there is no account".to_owned());
        }
        for (name, account) in &file.accounts {
            if PasswordHash::new(&account.password).is_err() {
                return Err(format!("the password of {name} is no hash of `oneway tokens hash`"));
            }
        }
        let by_name = Arc::new(file.accounts);
        Ok(Self { by_name, demo: file.demo, ..Self::default() })
    }

    /// The roles of an account; `None` when there is no such account.
    pub fn roles(&self, name: &str) -> Option<&[String]> {
        self.by_name.get(name).map(|account| account.roles.as_slice())
    }

    /// The roles of an account whose password this is. Takes as long when there is no such
    /// account: another's password is checked then.
    pub async fn log_in(&self, name: &str, password: &str) -> Option<Vec<String>> {
        if name.len() > LONGEST || password.len() > LONGEST {
            return None;
        }
        let account = self.by_name.get(name);
        let hash = account.or_else(|| self.by_name.values().next())?.password.clone();
        let _room = self.room.acquire().await.ok()?;
        let password = password.to_owned();
        let check = spawn_blocking(move || {
            Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok()
        });
        let is_right = check.await.unwrap_or(false);
        account.filter(|_| is_right).map(|account| account.roles.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../deploy/accounts.example.yaml");

    #[tokio::test]
    async fn the_example_has_one_account_for_each_role() {
        let accounts = Accounts::parse(EXAMPLE).unwrap();
        assert!(accounts.demo);
        for name in ["viewer", "clerk", "approver", "admin"] {
            let roles = accounts.log_in(name, name).await;
            assert_eq!(roles, Some(vec![name.to_owned()]), "its password is its name");
            assert_eq!(accounts.roles(name), Some(&[name.to_owned()][..]));
        }
        for (name, password) in [("viewer", "clerk"), ("viewer", ""), ("", ""), ("eve", "viewer")] {
            assert_eq!(accounts.log_in(name, password).await, None, "{name} {password}");
        }
        assert!(!format!("{accounts:?}").contains("argon2"));
    }

    #[test]
    fn bad_files_are_explained_without_a_password() {
        for (text, said) in [
            ("accounts: {}", "no account"),
            ("accounts: {a: {password: s3cret, roles: []}}", "the password of a is no hash"),
            ("accounts: {a: {password: s3cret}}", "write accounts"),
            ("a: s3cret", "write accounts"),
        ] {
            let reason = Accounts::parse(text).unwrap_err();
            assert!(reason.contains(said) && !reason.contains("s3cret"), "{reason}");
        }
    }
}
