//! What was measured.

use std::{collections::BTreeMap, num::NonZeroUsize};

use anyhow::anyhow;
use serde::Serialize;

use super::{append::Load, hot::Heard};
use crate::{
    bench::{
        clock::quantile,
        machine::{Machine, Versions},
    },
    failure::{Failure, Result},
};

/// All of it.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    pub versions: Versions,
    /// Whether the optimised binaries were measured.
    pub release: bool,
    pub idle: Resident,
    pub hot: Hot,
}

/// Memory of the notifier for clients to whom nothing is sent but heartbeats.
#[derive(Debug, Serialize)]
pub struct Resident {
    pub clients: usize,
    pub bytes_without: u64,
    pub bytes_with: u64,
    pub bytes_per_client: f64,
}

/// How clients hear of changes, with the idle ones there.
#[derive(Debug, Serialize)]
pub struct Hot {
    pub clients: usize,
    pub changes_per_second: u32,
    /// What came of it.
    pub appended_per_second: f64,
    /// How many changes there were for each client.
    pub changes: usize,
    pub missed: usize,
    pub repeated: usize,
    pub reloads: usize,
    /// How many were timed, of all clients.
    pub timed: usize,
    /// Milliseconds from handing a change to the producer until a client has read it.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// By process: 1 is one core all the time.
    pub cores: BTreeMap<String, f64>,
    /// The most memory that the notifier had.
    pub peak_bytes: u64,
}

impl Resident {
    /// Of a count of clients, without and with which it was looked at.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn new(clients: NonZeroUsize, bytes_without: u64, bytes_with: u64) -> Self {
        let clients = clients.get();
        let bytes_per_client = bytes_with.saturating_sub(bytes_without) as f64 / clients as f64;
        Self { clients, bytes_without, bytes_with, bytes_per_client }
    }
}

impl Hot {
    /// Of what was heard by how many clients, and the CPU seconds that it took.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn new(
        clients: NonZeroUsize,
        load: Load,
        heard: Heard,
        cpu: BTreeMap<String, f64>,
        peak_bytes: u64,
    ) -> Self {
        let Heard { missed, repeated, reloads, micros, appended } = heard;
        let seconds = appended.as_secs_f64();
        Self {
            clients: clients.get(),
            changes_per_second: load.rate,
            appended_per_second: load.changes() as f64 / seconds,
            changes: load.changes(),
            missed,
            repeated,
            reloads,
            timed: micros.len(),
            p50_ms: quantile(&micros, 50),
            p99_ms: quantile(&micros, 99),
            max_ms: quantile(&micros, 100),
            cores: cpu.into_iter().map(|(name, spent)| (name, spent / seconds)).collect(),
            peak_bytes,
        }
    }

    /// Fails when the promise was broken: each change once to each client.
    pub fn verdict(&self) -> Result<()> {
        let Self { missed, repeated, reloads, .. } = self;
        if missed + repeated + reloads == 0 {
            return Ok(());
        }
        Err(Failure::Negative(anyhow!(
            "{missed} changes were missed, {repeated} came again or out of order, and clients were \
             told to reload {reloads} times"
        )))
    }
}

/// As a table.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn text(figures: &Figures) -> String {
    let Figures { release, idle, hot, .. } = figures;
    let profile = if *release { "optimised" } else { "development" };
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let cores = hot.cores.iter().map(|(name, cores)| format!("{name} {cores:.2}"));
    [
        format!(
            "{:<24} {:>12} {:>14} {:>14} {:>14}",
            "idle", "clients", "MiB without", "MiB with", "bytes each"
        ),
        format!(
            "{:<24} {:>12} {:>14.1} {:>14.1} {:>14.0}",
            format!("{profile} binaries"),
            idle.clients,
            mib(idle.bytes_without),
            mib(idle.bytes_with),
            idle.bytes_per_client
        ),
        format!(
            "{:<24} {:>12} {:>14} {:>14} {:>14}",
            format!("{} hot clients", hot.clients),
            "changes/s",
            "p50 ms",
            "p99 ms",
            "most"
        ),
        format!(
            "{:<24} {:>12.0} {:>14.1} {:>14.1} {:>14.1}",
            "commit to client", hot.appended_per_second, hot.p50_ms, hot.p99_ms, hot.max_ms
        ),
        format!(
            "{} changes to each: {} missed, {} again, {} reloads; at most {:.1} MiB; cores: {}",
            hot.changes,
            hot.missed,
            hot.repeated,
            hot.reloads,
            mib(hot.peak_bytes),
            cores.collect::<Vec<_>>().join(", ")
        ),
    ]
    .join("\n")
}
