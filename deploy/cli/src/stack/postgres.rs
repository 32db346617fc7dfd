//! The database server.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context;
use consumer_runtime::Server;
use tokio::process::Command;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    failure::{Failure, Result},
    stack::{
        account::{self, Account},
        distribution::Distribution,
        folder::{PostgresHome, StateFolder},
        ledger::Kind,
        secure::Secure,
        spec::Spec,
    },
};

/// Its name in the stack.
pub const NAME: &str = "postgres";

/// Database, role and password of the services. The server listens on loopback alone, and this role
/// has no rights outside of its own databases.
pub const SERVICES_DATABASE: &str = "oneway";

/// Database, role and password of the schema registry.
pub const REGISTRY_DATABASE: &str = "registry";

/// The role that may do everything, and its own database.
pub const SUPERUSER: &str = "postgres";

/// Longest time for the first set-up.
const INIT_LIMIT: Duration = Duration::from_mins(2);

/// A server that is set up.
#[derive(Debug)]
pub struct Postgres {
    password: String,
    port: u16,
    /// What its URLs end with, where it does not let everybody in.
    trust: Option<String>,
}

/// What the server needs to run.
#[derive(Debug)]
pub struct Settings<'a> {
    pub distribution: &'a Distribution,
    pub folder: &'a StateFolder,
    pub port: u16,
    /// The data will be thrown away: do not wait for the disk.
    pub ephemeral: bool,
    pub secure: Option<&'a Secure>,
}

impl Settings<'_> {
    /// Makes the database cluster, unless that was done before, and tells how to run it.
    pub async fn prepare(&self) -> Result<(Postgres, Spec)> {
        let account = Account::for_postgres()?;
        let home = self.home(account)?;
        let programs = self.programs(account, &home.dir)?;
        let data = home.dir.join("data");
        if data.is_dir() {
            self.check_version(&programs, &data).await?;
        } else {
            init(&programs, &home, account).await?;
        }
        let mut args = vec!["-D".to_owned(), data.display().to_string()];
        let closed = match self.secure {
            Some(secure) => close(secure, &home.dir, account)?,
            None => Vec::new(),
        };
        for setting in self.server_settings().into_iter().chain(closed) {
            args.extend(["-c".to_owned(), setting]);
        }
        let spec = Spec {
            name: NAME.into(),
            kind: Kind::Postgres,
            program: programs.join("bin/postgres"),
            args,
            env: environment(),
            clear_env: true,
            folder: home.dir,
            run_as: account,
            log: self.folder.log(NAME),
        };
        let trust = self.secure.map(Secure::trust);
        Ok((Postgres { password: home.password, port: self.port, trust }, spec))
    }

    /// Where the data is; decided once and kept, since it cannot move.
    fn home(&self, account: Option<Account>) -> Result<PostgresHome> {
        let mut layout = self.folder.layout()?;
        if let Some(home) = layout.postgres {
            return Ok(home);
        }
        let preferred = self.folder.postgres();
        let dir = match account {
            None => preferred,
            Some(_) => account::reachable_folder(&preferred, self.folder.root())?,
        };
        let home = PostgresHome { dir, password: Uuid::new_v4().simple().to_string() };
        // Kept before anything is written there, so that it can always be deleted again.
        layout.postgres = Some(home.clone());
        self.folder.save(&layout)?;
        Ok(home)
    }

    /// The programs: those fetched, or a copy when the account cannot reach them.
    fn programs(&self, account: Option<Account>, home: &Path) -> Result<PathBuf> {
        make_private_to(home, account)
            .with_context(|| format!("cannot make {}", home.display()))?;
        let fetched = self.distribution.postgres();
        if account.is_none() || account::is_reachable(&fetched.join("bin")) {
            return Ok(fetched);
        }
        let copy = home.join(format!("programs-{}", self.distribution.key()));
        if !copy.is_dir() {
            let partial = home.join("programs.partial");
            let copying = || format!("cannot copy Postgres to {}", copy.display());
            if partial.exists() {
                fs::remove_dir_all(&partial).with_context(copying)?;
            }
            account::copy_readable(&fetched, &partial).with_context(copying)?;
            fs::rename(&partial, &copy).with_context(copying)?;
        }
        Ok(copy)
    }

    async fn check_version(&self, programs: &Path, data: &Path) -> Result<()> {
        let made_by = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
        let output = Command::new(programs.join("bin/postgres")).arg("--version").output().await;
        let output = output.context("cannot run postgres --version")?;
        let said = String::from_utf8_lossy(&output.stdout);
        match major(&said) {
            Some(version) if version != made_by.trim() => Err(Failure::setup(format!(
                "the data in {} was made by Postgres {}, this is Postgres {version}: delete it with \
                 `cargo oneway down --delete-data`, or choose another folder with --state",
                self.folder.root().display(),
                made_by.trim()
            ))),
            _ => Ok(()),
        }
    }

    fn server_settings(&self) -> Vec<String> {
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            "max_connections=200".into(),
            "timezone=UTC".into(),
            "log_timezone=UTC".into(),
        ];
        if self.ephemeral {
            settings.push("fsync=off".into());
        }
        settings
    }
}

impl Postgres {
    /// Connects as the superuser; fails until the server takes connections.
    pub async fn connect(&self, database: &str) -> anyhow::Result<Client> {
        let trust = self.trust.as_ref().map(|trust| format!("?{trust}")).unwrap_or_default();
        let url = format!("postgres://127.0.0.1:{}/{database}{trust}", self.port);
        let server: Server = url.parse()?;
        let server = server.with(|config| {
            config.user(SUPERUSER).password(&self.password).connect_timeout(Duration::from_secs(2));
        });
        Ok(server.connect().await?)
    }

    /// As [`Postgres::provide_databases`], with a role for each service and nothing that is open to
    /// everybody.
    pub async fn provide_roles(&self, client: &Client, secure: &Secure) -> Result<()> {
        let making = || "cannot make the roles of a secure stack";
        for name in [SERVICES_DATABASE, REGISTRY_DATABASE] {
            let known = "select 1 from pg_database where datname = $1";
            if client.query_opt(known, &[&name]).await.with_context(making)?.is_none() {
                let create = format!("create database {name}");
                client.batch_execute(&create).await.with_context(making)?;
            }
        }
        let password = secure.password(REGISTRY_DATABASE);
        let name = REGISTRY_DATABASE;
        let registry = format!(
            "do $$ begin if to_regrole('{name}') is null then create role {name}; end if; end $$; \
             alter role {name} login password '{password}'; alter database {name} owner to {name}; \
             revoke all on database {name}, {SUPERUSER}, template1 from public;"
        );
        client.batch_execute(&registry).await.with_context(making)?;
        let services = self.connect(SERVICES_DATABASE).await.with_context(making)?;
        Ok(services.batch_execute(&secure.sql()).await.with_context(making)?)
    }

    /// Makes the roles and databases that are missing.
    pub async fn provide_databases(&self, client: &Client) -> Result<()> {
        for (name, rights) in [(SERVICES_DATABASE, "createdb"), (REGISTRY_DATABASE, "")] {
            let making = || format!("cannot make the database {name}");
            let known = "select 1 from pg_roles where rolname = $1";
            if client.query_opt(known, &[&name]).await.with_context(making)?.is_none() {
                let create = format!("create role {name} login {rights} password '{name}'");
                client.batch_execute(&create).await.with_context(making)?;
            }
            let known = "select 1 from pg_database where datname = $1";
            if client.query_opt(known, &[&name]).await.with_context(making)?.is_none() {
                let create = format!("create database {name} owner {name}");
                client.batch_execute(&create).await.with_context(making)?;
            }
        }
        Ok(())
    }
}

/// Where services connect to.
pub fn url(port: u16) -> String {
    let name = SERVICES_DATABASE;
    format!("postgres://{name}:{name}@127.0.0.1:{port}/{name}")
}

/// Settings that let in only who has a password, and over TLS alone. Postgres reads its key only
/// when that is its own.
fn close(secure: &Secure, home: &Path, account: Option<Account>) -> Result<Vec<String>> {
    let closing = || format!("cannot write to {}", home.display());
    let (certificate, key) = secure.identity(NAME);
    let rules = home.join("pg_hba.conf");
    fs::write(&rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n").with_context(closing)?;
    let copy = |from: &Path, name: &str| {
        let to = home.join(name);
        fs::copy(from, &to)?;
        Ok::<_, std::io::Error>(to)
    };
    let certificate = copy(&certificate, "server.pem").with_context(closing)?;
    let key = copy(&key, "server.key").with_context(closing)?;
    for file in [&rules, &certificate, &key] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).with_context(closing)?;
        account.map_or(Ok(()), |account| account.own(file)).with_context(closing)?;
    }
    Ok(vec![
        format!("hba_file={}", rules.display()),
        "ssl=on".into(),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
    ])
}

/// Makes the cluster under another name, so that an interrupted one is never taken for a whole one.
async fn init(programs: &Path, home: &PostgresHome, account: Option<Account>) -> Result<()> {
    let making = || format!("cannot make a database cluster in {}", home.dir.display());
    let (data, new) = (home.dir.join("data"), home.dir.join("data.new"));
    if new.exists() {
        fs::remove_dir_all(&new).with_context(making)?;
    }
    let password = home.dir.join("password");
    fs::write(&password, &home.password).with_context(making)?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).with_context(making)?;
    let mut command = Command::new(programs.join("bin/initdb"));
    command
        .arg("--pgdata")
        .arg(&new)
        .arg("--pwfile")
        .arg(&password)
        .args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
        // The same order and the same rules for letters on every machine.
        .args(["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"])
        .env_clear()
        .envs(environment())
        .current_dir(&home.dir)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(account) = account {
        account.own(&password).with_context(making)?;
        command.uid(account.uid).gid(account.gid);
    }
    let output = tokio::time::timeout(INIT_LIMIT, command.output())
        .await
        .map_err(|_| Failure::unavailable("initdb took longer than two minutes"))?
        .context("cannot run initdb")?;
    fs::remove_file(&password).with_context(making)?;
    if !output.status.success() {
        return Err(Failure::unavailable(format!(
            "{} ({}):\n{}",
            making(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    fs::rename(&new, &data).with_context(making)?;
    Ok(())
}

/// Makes a folder that only the account that runs Postgres can look into.
fn make_private_to(home: &Path, account: Option<Account>) -> std::io::Result<()> {
    fs::create_dir_all(home)?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700))?;
    account.map_or(Ok(()), |account| account.own(home))
}

/// Nothing of ours: variables such as `PGPORT` and `PGDATA` would be heeded.
fn environment() -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    vec![("PATH".into(), path), ("LC_ALL".into(), "C".into())]
}

/// `18` of `postgres (PostgreSQL) 18.0`.
fn major(said: &str) -> Option<&str> {
    said.rsplit(' ').next()?.split('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_of_what_it_says() {
        assert_eq!(major("postgres (PostgreSQL) 18.0\n"), Some("18"));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some("19beta1"));
    }
}
