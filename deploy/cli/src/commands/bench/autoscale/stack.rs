//! The stack, as anybody starts it: by `oneway up --autoscale`, in a folder of its own.

use std::{fs::File, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, anyhow};
use nix::sys::signal::Signal;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{Options, SCALED, SERVICES};
use crate::{
    failure::{Failure, Result},
    stack::{
        document::{self, Stack},
        folder::StateFolder,
        logs, process,
    },
};

/// Longest time until it is up.
const STARTING: Duration = Duration::from_mins(5);

/// Longest time until it has stopped: the sum of what its parts may take.
const STOPPING: Duration = Duration::from_mins(2);

/// How often is looked whether it is up.
const LOOK: Duration = Duration::from_millis(100);

/// Variables of the caller that would make it another stack.
const OTHERS: [&str; 9] = [
    "DATABASE_URL",
    "KAFKA_BROKERS",
    "ONEWAY_ANONYMOUS",
    "ONEWAY_JWT_KEYS",
    "ONEWAY_JWT_SECRET",
    "ONEWAY_JWT_SECRET_FILE",
    "ONEWAY_NAMESPACE",
    "ONEWAY_STATE",
    "SCHEMA_REGISTRY_URL",
];

/// A running `oneway up`.
pub struct Up {
    child: Child,
    pid: u32,
    folder: StateFolder,
    log: PathBuf,
}

impl Up {
    /// Starts it; it has to be stopped.
    pub fn start(options: &Options, folder: &StateFolder) -> Result<Self> {
        let log = folder.log("up");
        let output = File::create(&log).context("cannot make a log")?;
        let errors = output.try_clone().context("cannot share the log")?;
        let mut command = oneway(folder)?;
        command.args(["up", "--no-build", "--ports", "auto", "--services", &SERVICES.join(",")]);
        command.args(["--autoscale", SCALED]);
        for (name, value) in [
            ("threshold", options.threshold),
            ("poll", options.poll),
            ("lasting", options.lasting),
            ("quiet", options.quiet),
            ("step", options.step),
        ] {
            command.args([format!("--autoscale-{name}"), value.to_string()]);
        }
        if options.release {
            command.arg("--release");
        }
        let child = command
            .env("ORDERS_BATCH_EVENTS", options.batch.to_string())
            // Ctrl-C is for this command, which stops it.
            .process_group(0)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .context("cannot run `oneway up`")?;
        let pid = child.id().context("`oneway up` is gone already")?;
        Ok(Self { child, pid, folder: folder.clone(), log })
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) -> Result<Stack> {
        let look = async {
            loop {
                if let Some(stack) = self.stack()? {
                    return Ok(stack);
                }
                tokio::select! {
                    _ = self.child.wait() => return Err(self.failed("ended")),
                    () = sleep(LOOK) => {}
                }
            }
        };
        let look = timeout(STARTING, look).await;
        look.unwrap_or_else(|_| Err(Failure::unavailable("`oneway up` is not ready in time")))
    }

    /// What runs, as `stack.json` tells; none before it is ready.
    pub fn stack(&self) -> Result<Option<Stack>> {
        Ok(document::read(&self.folder.stack_file()).context("cannot read stack.json")?)
    }

    /// Returns when it has ended by itself.
    pub async fn ends(&mut self) -> Failure {
        let _ = self.child.wait().await;
        self.failed("ended by itself")
    }

    fn failed(&self, what: &str) -> Failure {
        let said = logs::last_lines(&self.log, 0, 20);
        Failure::unavailable(format!("`oneway up` {what}; it said:\n{said}"))
    }

    /// Each change of the number of instances, as it was told.
    pub fn changes(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let told = text.lines().filter(|line| line.starts_with(&format!("{SCALED}: ")));
        told.map(str::to_owned).collect()
    }

    /// Runs a check to its end; fails with what it says when it is not passed.
    pub async fn check(&self, words: &[&str]) -> Result<()> {
        let output = oneway(&self.folder)?.args(words).kill_on_drop(true).output().await;
        let output = output.context("cannot run a check")?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        Err(Failure::Negative(anyhow!("`oneway {}` says:\n{}", words.join(" "), said.trim())))
    }

    /// Stops everything.
    pub async fn stop(mut self) -> Result<()> {
        // Its pid is its own until it is reaped.
        if self.child.id().is_some() {
            process::signal_child(self.pid, Signal::SIGTERM).context("cannot stop `oneway up`")?;
        }
        match timeout(STOPPING, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(_) => Err(self.failed("did not stop well")),
            Err(_) => Err(self.failed("does not stop")),
        }
    }
}

/// This program, on the stack of a folder.
fn oneway(folder: &StateFolder) -> Result<Command> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    for name in OTHERS {
        command.env_remove(name);
    }
    command.arg("--state").arg(folder.root()).stdin(Stdio::null());
    Ok(command)
}
