//! Runs a consumer's binary so that it builds its read model in a schema.

use std::{
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, anyhow};
use consumer_runtime::build::Until;
use event_log::Settings;
use operator::Consumer;
use tokio::process::{Child, Command};

use super::{LOOK_EVERY, as_role, behind, connect, offsets, provide};
use crate::{
    failure::{Failure, Result},
    progress::Progress,
};

/// Runs builds.
#[derive(Debug)]
pub struct Builder {
    pub consumer: Consumer,
    pub settings: Settings,
    pub database_url: String,
    /// The consumer's binary: its projection is what is built.
    pub program: PathBuf,
    /// Whether to show no progress where there is no terminal.
    pub is_quiet: bool,
}

/// How a build ended that did not succeed.
#[derive(Debug)]
pub struct Refused {
    /// Its exit code, if it had one.
    pub code: Option<i32>,
    /// The last lines that it said.
    pub said: String,
}

impl Builder {
    /// The binary of a consumer beside this one.
    pub fn beside(consumer: Consumer) -> Result<PathBuf> {
        let own = std::env::current_exe().context("cannot tell where this program is")?;
        let program = own.with_file_name(consumer.name());
        if program.exists() {
            return Ok(program);
        }
        Err(Failure::setup(format!(
            "{} is not built: run `cargo build`, or name it by --binary",
            program.display()
        )))
    }

    /// Builds up to some offsets.
    pub async fn run(&self, schema: &str, until: &Until) -> Result<()> {
        match self.try_run(schema, until).await? {
            Ok(()) => Ok(()),
            Err(Refused { code, said }) => {
                let code = code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
                let name = self.consumer.name();
                let failure = anyhow!("{name} ended with {code} while it built {schema}:\n{said}");
                Err(if code == "exit code 64" {
                    Failure::Setup(failure)
                } else {
                    Failure::Unavailable(failure)
                })
            }
        }
    }

    /// As [`Builder::run`], and tells how it ended when it did not succeed.
    pub async fn try_run(&self, schema: &str, until: &Until) -> Result<Result<(), Refused>> {
        let mut output = tempfile::tempfile().context("cannot make a file for its log")?;
        let mut child = self.spawn(schema, until, &output).await?;
        let client = connect(&self.database_url).await?;
        let begun = offsets(&client, schema).await?;
        let total = behind(&begun, until);
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        let mut progress =
            (total > 0).then(|| Progress::new(number(total), "events applied", self.is_quiet));
        let status = loop {
            let ended = tokio::time::timeout(LOOK_EVERY, child.wait()).await;
            if let Some(progress) = &mut progress {
                let left = behind(&offsets(&client, schema).await?, until);
                progress.at(number(total - left));
            }
            if let Ok(status) = ended {
                break status.context("cannot wait for the build")?;
            }
        };
        if let Some(progress) = progress {
            progress.finish();
        }
        if status.success() {
            return Ok(Ok(()));
        }
        let mut said = String::new();
        output.seek(SeekFrom::Start(0)).and_then(|_| output.read_to_string(&mut said)).ok();
        let lines: Vec<_> = said.lines().collect();
        let said = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join("\n");
        Ok(Err(Refused { code: status.code(), said }))
    }

    /// Starts a build.
    pub async fn spawn(
        &self,
        schema: &str,
        until: &Until,
        output: &std::fs::File,
    ) -> Result<Child> {
        let Settings { brokers, security, registry_url, registry_access, namespace, .. } =
            &self.settings;
        let own = |variable: &str| {
            format!("{}_{variable}", self.consumer.name().to_uppercase().replace('-', "_"))
        };
        let client = connect(&self.database_url).await?;
        let database_url = match provide(&client, &self.consumer.schema(), schema).await? {
            Some(role) => as_role(&self.database_url, &role),
            None => self.database_url.clone(),
        };
        let output = || output.try_clone().context("cannot share the file for its log");
        let mut command = Command::new(&self.program);
        command
            .env("KAFKA_BROKERS", brokers)
            .envs(security.variables())
            .envs(registry_access.variables())
            .env("SCHEMA_REGISTRY_URL", registry_url)
            .env("ONEWAY_NAMESPACE", namespace.as_str())
            .env("DATABASE_URL", database_url)
            .env(own("ADMIN_ADDRESS"), "127.0.0.1:0")
            .env(own("BUILD"), schema)
            .env(own("BUILD_UNTIL"), until.to_string())
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            // Nobody else looks after it.
            .kill_on_drop(true);
        let running = || format!("cannot run {}", self.program.display());
        Ok(command.spawn().with_context(running)?)
    }
}

/// Checks that a binary is there.
pub fn check_program(program: &Path) -> Result<()> {
    if program.is_file() {
        return Ok(());
    }
    Err(Failure::setup(format!("there is no binary {}", program.display())))
}
