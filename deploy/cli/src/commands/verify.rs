//! `oneway verify log`: whether the log keeps its promises.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::{Args, Subcommand};
use event_log::Settings;
use tokio::runtime::Handle;

use crate::{
    commands::cluster::{Cluster, failed},
    failure::{Failure, Result},
    progress::Progress,
    report,
    stack::signals::Signals,
    verify::{self, Report},
};

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Check events, commands, outcomes, states and classifications against each other
    #[command(long_about = "Check events, commands, outcomes, states and classifications against \
        each other\n\n\
        Reads every topic up to where it ended at the start, while the system runs on, and changes \
        nothing. Checks that each aggregate's versions are 1..n without gap, repeat or fork, that \
        event ids follow from their commands, that keys are in their partitions and records can \
        be read; that each consumed command has one outcome, the same each time, which names its \
        events; that states are the fold of the events; and that each classification event is a \
        real change.\n\n\
        What retention has deleted is counted as not checkable, and commands that are not consumed \
        yet as under way: neither is a violation.\n\n\
        Needs about 300 bytes of memory per aggregate and 200 per command and outcome that is \
        still in its topic, for as many partitions at a time as there are processors.\n\n\
        Exit code 0: no violation was found; 1: some were.")]
    Log(Where),
}

#[derive(Debug, Args)]
struct Where {
    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Act::Log(Where { json, cluster }) = options.action;
    let settings = cluster.settings(state)?;
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let report = tokio::select! {
        report = log(settings, json) => report?,
        () = signals.next() => return Err(Failure::Interrupted),
    };
    if json {
        report::print(serde_json::to_string_pretty(&report).context("cannot print the report")?);
    } else {
        report::print(report.as_text());
    }
    Ok(ExitCode::from(u8::from(!report.is_clean())))
}

/// Verifies on a thread that may block, and shows how far it is.
async fn log(settings: Settings, is_quiet: bool) -> Result<Report> {
    let (progress, runtime) = (Arc::new(verify::Progress::default()), Handle::current());
    let shared = Arc::clone(&progress);
    let verifying = tokio::task::spawn_blocking(move || verify::log(&settings, &runtime, &shared));
    let mut verifying = std::pin::pin!(verifying);
    let mut shown: Option<Progress> = None;
    loop {
        match tokio::time::timeout(LOOK_EVERY, &mut verifying).await {
            Ok(ended) => {
                if let Some(shown) = shown {
                    shown.finish();
                }
                let ended = ended.map_err(|panic| Failure::Internal(panic.into()))?;
                return ended.map_err(failed);
            }
            Err(_) => {
                let (done, total) = progress.now();
                if total > 0 {
                    let start = || Progress::new(total, "records verified", is_quiet);
                    shown.get_or_insert_with(start).at(done);
                }
            }
        }
    }
}
