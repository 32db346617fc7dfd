//! What is left of a stack whose supervisor was killed: found in the ledger, and stopped.

use anyhow::Context;
use nix::sys::signal::Signal;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{
        folder::StateFolder,
        ledger::{Entry, Kind, Ledger},
        records,
    },
};

/// How long a process may take to be gone once it was killed.
const KILL_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Stops all that still runs of an earlier stack, users before what they use, and forgets it.
/// The caller holds the lock of the state folder, so that no supervisor starts them again.
pub async fn stop(folder: &StateFolder, report: &Report) -> Result<Vec<String>> {
    let ledger = Ledger::read(&folder.ledger_file())
        .with_context(|| format!("cannot read {}", folder.ledger_file().display()))?;
    let alive = ledger.alive();
    let mut stopped = Vec::new();
    for kind in Kind::STOP_ORDER {
        let group: Vec<_> = alive.iter().copied().filter(|entry| entry.kind == kind).collect();
        for entry in &group {
            signal(entry, kind.stop_signal())?;
        }
        for entry in group {
            finish(entry, report).await?;
            let Entry { name, identity, .. } = entry;
            report.note(format_args!(
                "stopped {name} (pid {}), left of a killed stack",
                identity.pid
            ));
            stopped.push(name.clone());
        }
    }
    for file in [folder.stack_file(), folder.ledger_file()] {
        records::remove(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(stopped)
}

async fn finish(entry: &Entry, report: &Report) -> Result<()> {
    let Entry { name, kind, identity } = entry;
    if identity.gone_within(kind.stop_limit()).await {
        return Ok(());
    }
    report.note(format_args!("{name} (pid {}) does not stop: killing it", identity.pid));
    identity.kill_group().with_context(|| format!("cannot kill {name} (pid {})", identity.pid))?;
    if identity.gone_within(KILL_LIMIT).await {
        return Ok(());
    }
    Err(Failure::unavailable(format!("{name} (pid {}) cannot be killed", identity.pid)))
}

fn signal(entry: &Entry, signal: Signal) -> Result<()> {
    let Entry { name, identity, .. } = entry;
    identity
        .signal(signal)
        .with_context(|| {
            format!("cannot stop {name} (pid {}), which is left of a killed stack", identity.pid)
        })
        .map_err(Failure::Setup)?;
    Ok(())
}
