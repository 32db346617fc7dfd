//! `oneway verify log`: whether the log keeps its promises.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use consumer_runtime::{build::Until, read_model::SCRATCH, run::schema_of};
use event_log::Settings;
use operator::Consumer;
use tokio::runtime::Handle;

use crate::{
    commands::{
        cluster::{Cluster, failed},
        read_model::{ReadModels, check_read_model},
    },
    failure::{Failure, Result},
    generations::{
        self,
        build::Builder,
        compare::{Side, compare},
    },
    progress::Progress,
    report,
    snapshot::Snapshot,
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
    /// Check that a read model is what its log says, row by row
    #[command(long_about = "Check that a read model is what its log says, row by row\n\n\
        Applies the log in a scratch schema, up to the positions of the live read model at one \
        moment, and compares the two row by row. The live one is not touched and goes on. The \
        scratch schema needs as much room as the read model.\n\n\
        Exit code 0: every row is as it should be; 1: some are not.")]
    ReadModel(Model),
}

#[derive(Debug, Args)]
struct Model {
    /// The consumer
    consumer: Consumer,
    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,
    /// The consumer's binary [default: the one beside this]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    models: ReadModels,
    #[command(flatten)]
    cluster: Cluster,
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
    let Where { json, cluster } = match options.action {
        Act::Log(log) => log,
        Act::ReadModel(model) => return read_model(model, state).await,
    };
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

/// Builds a second one, and compares.
async fn read_model(model: Model, state: &Path) -> Result<ExitCode> {
    let Model { consumer, json, binary, models, cluster } = model;
    check_read_model(consumer)?;
    let builder = Builder {
        consumer,
        settings: cluster.settings(state)?,
        database_url: models.url(state)?,
        program: binary.map_or_else(|| Builder::beside(consumer), Ok)?,
        is_quiet: json,
    };
    let live = schema_of(consumer.name());
    let scratch = format!("{live}{SCRATCH}");
    let client = generations::connect(&builder.database_url).await?;
    let hint = "its consumer has not run on this database yet";
    generations::require(&client, &live, hint).await?;
    // Of a verification that was interrupted.
    generations::remove(&client, &scratch).await?;
    let snapshot = Snapshot::take(&builder.database_url, &live, &Until::default()).await?;
    builder.run(&scratch, &snapshot.positions).await?;
    let ours = Side { client: &snapshot.client, schema: &live };
    let theirs = Side { client: &client, schema: &scratch };
    let compared = compare(consumer, &snapshot.positions, ours, theirs).await?;
    generations::remove(&client, &scratch).await?;
    if json {
        report::print(serde_json::to_string_pretty(&compared).context("cannot print the report")?);
    } else {
        report::print(compared.as_text());
        report::print(match compared.is_equal() {
            true => "equal: every row is what the log says",
            false => "NOT equal: `oneway rebuild` makes the rows anew",
        });
    }
    Ok(ExitCode::from(u8::from(!compared.is_equal())))
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
