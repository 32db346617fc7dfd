//! Calls of cargo, which end with us, and with all that they started: compilers and tests.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio::{process::Command, time::timeout};

use crate::{
    failure::{Failure, Result},
    stack::{process, signals::Signals},
};

/// How long cargo may take to end once it was asked to.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs cargo to its end, or until a signal; then neither it nor a child of it is left.
pub async fn run(mut cargo: Command, signals: &mut Signals) -> Result<ExitStatus> {
    // In a group of its own, so that all of it can be signalled, also when Ctrl-C was for us alone.
    let child = cargo.stdin(Stdio::null()).process_group(0).kill_on_drop(true).spawn();
    let mut child = child.context("cannot run cargo")?;
    let pid = child.id().context("cargo is gone already")?;
    tokio::select! {
        status = child.wait() => return Ok(status.context("cannot wait for cargo")?),
        () = signals.next() => {}
    }
    // It may have ended meanwhile, and then there is nobody to signal.
    let _ = process::signal_group(pid, Signal::SIGINT);
    let _ = timeout(LIMIT, child.wait()).await;
    let _ = process::kill_group(pid);
    Err(Failure::Interrupted)
}
