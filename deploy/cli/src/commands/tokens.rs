//! `oneway tokens hash` and `issue`: what the service `tokens` and scripts need.

use std::{
    io,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, anyhow};
use argon2::{Argon2, PasswordHasher};
use clap::{Args, Subcommand};
use service::{
    Env,
    auth::{self, Secret, issuer::Issuer, subject::Said},
};

use crate::{
    failure::{Failure, Result},
    report::print,
    stack::folder::StateFolder,
};

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Print the hash of a password that is read from stdin, for an accounts file
    Hash,
    /// Print a token for scripts
    #[command(long_about = "Print a token for scripts\n\n\
        It is signed with ONEWAY_JWT_SECRET or the secret in ONEWAY_JWT_SECRET_FILE, else with that \
        of the local stack.")]
    Issue {
        /// Who it is for
        #[arg(long, value_name = "NAME")]
        subject: String,

        /// In which roles
        #[arg(long, value_name = "ROLE,…", value_delimiter = ',', required = true)]
        roles: Vec<String>,

        /// How long it is valid
        #[arg(long, value_name = "MINUTES", default_value_t = 60,
            value_parser = clap::value_parser!(u64).range(1..=525_600))]
        minutes: u64,
    },
}

/// Runs the command.
pub fn run(options: Options, state: &Path) -> Result<()> {
    match options.action {
        Act::Hash => hash(),
        Act::Issue { subject, roles, minutes } => issue(subject, roles, minutes, state),
    }
}

/// From stdin: what is typed behind a command, everybody on the machine can read.
fn hash() -> Result<()> {
    let mut password = String::new();
    io::stdin().read_line(&mut password).context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::setup("there is no password on stdin"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    print(hash.map_err(|error| anyhow!("cannot hash the password: {error}"))?);
    Ok(())
}

fn issue(actor: String, roles: Vec<String>, minutes: u64, state: &Path) -> Result<()> {
    let env = Env::of_process("oneway");
    let rules = auth::Settings::read(&env).rules;
    env.finish().map_err(|error| Failure::Setup(error.into()))?;
    let secret = match rules.secret {
        Some(secret) => secret,
        None => of_stack(state)?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let expires_at = now.saturating_add(minutes.saturating_mul(60));
    let said = Said { actor, roles, expires_at, session_start: None };
    let issuer = Issuer::new(&secret, &rules.issuer, &rules.audience)?;
    print(issuer.issue(&said, now)?);
    Ok(())
}

fn of_stack(state: &Path) -> Result<Secret> {
    let missing = "set ONEWAY_JWT_SECRET or ONEWAY_JWT_SECRET_FILE: there is no local stack whose \
                   secret could be used";
    let folder = StateFolder::open(state)?.ok_or_else(|| Failure::setup(missing))?;
    let text = std::fs::read(folder.secret_file()).map_err(|_| Failure::setup(missing))?;
    Secret::new(&text).ok_or_else(|| Failure::setup("the secret of the local stack is too short"))
}
