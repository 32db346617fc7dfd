//! Which read model a command works on.

use std::path::Path;

use clap::Args;
use consumer_runtime::Database;
use event_log::ErrorClass;
use operator::Consumer;

use crate::{
    commands::cluster::running,
    failure::{Failure, Result},
    generations,
};

/// Why there cannot be another build of a consumer, or its rows be compared with the log.
///
/// # Errors
/// When there cannot.
pub fn check_read_model(consumer: Consumer) -> Result<()> {
    consumer.is_no_read_model().map_or(Ok(()), |reason| Err(Failure::setup(reason)))
}

/// Where the read models are; when it is left out, those of the local stack.
#[derive(Clone, Debug, Args)]
pub struct ReadModels {
    /// Postgres
    #[arg(long = "database", env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    url: Option<String>,
}

impl ReadModels {
    /// Where they are.
    pub fn url(&self, state: &Path) -> Result<String> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let stack = running(state)?.ok_or_else(|| {
            Failure::setup(
                "no stack runs here: start one with `cargo oneway up`, or name the database by \
                 --database (DATABASE_URL)",
            )
        })?;
        Ok(stack.database_url)
    }

    /// Connections to the schema of a consumer.
    pub fn of(&self, consumer: Consumer, state: &Path) -> Result<Database> {
        let server = generations::server(&self.url(state)?)?;
        Database::new(&server, &consumer.schema(), 2).map_err(failed)
    }
}

/// Who asks for something, for those who look later.
pub fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
}

/// Turns an error of the runtime into the end of a command.
pub fn failed(error: consumer_runtime::Error) -> Failure {
    match error.class() {
        _ if error.is_wrong_set_up() => Failure::Setup(error.into()),
        ErrorClass::Transient => Failure::Unavailable(error.into()),
        ErrorClass::Poison | ErrorClass::Fatal => Failure::Internal(error.into()),
    }
}
