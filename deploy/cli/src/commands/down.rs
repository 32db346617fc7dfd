//! `oneway down`: stops everything that runs on a state folder.

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use nix::sys::signal::Signal;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{
        folder::{Lock, StateFolder},
        ledger::Ledger,
        leftovers,
        process::Identity,
    },
};

/// How long a supervisor may take: the sum of what its parts may take, and some.
const LIMIT: Duration = Duration::from_mins(2);

/// Stop everything that runs on the state folder, also what a killed `up` left behind
#[derive(Debug, Args)]
pub struct Options {
    /// Also delete its data and logs: events, schemas and read models
    #[arg(long)]
    delete_data: bool,
}

/// Runs the command.
pub async fn run(options: &Options, state: &Path) -> Result<ExitCode> {
    let report = Report::new();
    let Some(folder) = StateFolder::open(state)? else {
        report.note(format_args!("nothing runs: there is no state folder {}", state.display()));
        return Ok(ExitCode::SUCCESS);
    };
    let was_up = stop_supervisor(&folder, &report).await?;
    let lock = folder.lock()?;
    let leftovers = leftovers::stop(&folder, &report).await?;
    if !was_up && leftovers.is_empty() {
        report.note(format_args!("nothing runs on {}", folder.root().display()));
    }
    if options.delete_data {
        delete(folder, lock, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a running supervisor stop all its parts; true when there was one.
async fn stop_supervisor(folder: &StateFolder, report: &Report) -> Result<bool> {
    let ledger = Ledger::read(&folder.ledger_file())
        .with_context(|| format!("cannot read {}", folder.ledger_file().display()))?;
    let Some(supervisor) = ledger.supervisor.filter(Identity::is_alive) else { return Ok(false) };
    let pid = supervisor.pid;
    let step = report.step(&format!("stopping the stack on {}", folder.root().display()));
    let stopping = || format!("cannot stop the supervisor (pid {pid})");
    supervisor.signal(Signal::SIGTERM).with_context(stopping).map_err(Failure::Setup)?;
    if supervisor.gone_within(LIMIT).await {
        step.done("everything has stopped");
        return Ok(true);
    }
    report.note(format_args!("the supervisor (pid {pid}) does not stop: killing it"));
    supervisor.signal(Signal::SIGKILL).with_context(stopping).map_err(Failure::Setup)?;
    supervisor.gone_within(LIMIT).await;
    Ok(true)
}

fn delete(folder: StateFolder, lock: Lock, report: &Report) -> Result<()> {
    let root = folder.root().to_owned();
    let deleted = folder.delete(lock);
    let deleted = deleted.with_context(|| format!("cannot delete the data in {}", root.display()));
    for path in deleted.map_err(Failure::Setup)? {
        report.note(format_args!("deleted {}", path.display()));
    }
    if root.exists() {
        report.note(format_args!("{} stays: it holds files of others", root.display()));
    }
    Ok(())
}
