//! `oneway rebuild`: the next build of a read model, beside the live one.

mod steps;

use std::{path::Path, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use operator::Consumer;

use self::steps::Rebuild;
use crate::{
    commands::{
        cluster::Cluster,
        read_model::{ReadModels, check_read_model},
    },
    failure::Result,
    generations::build::{Builder, check_program},
};

/// Options of the command.
#[derive(Debug, Args)]
#[command(
    long_about = "Build a read model anew beside the live one, compare, and switch\n\n\
    The next build is made in a schema of its own from the beginning of the topics, while the live \
    one serves and goes on. `diff` shows row by row what would change. `switch` gives the next one \
    the live one's name in one transaction; `back` returns, until `drop`.\n\n\
    A projection whose rules have changed (its VERSION is raised) is deployed so: `start` with the \
    new binary, `diff`, `switch`, then deploy it.",
    after_help = "Examples:\n  cargo oneway rebuild orders plan\n  cargo oneway rebuild orders start\n  \
    cargo oneway rebuild orders diff\n  cargo oneway rebuild orders switch\n  \
    cargo oneway rebuild orders back\n  cargo oneway rebuild orders drop"
)]
pub struct Options {
    /// The consumer
    consumer: Consumer,
    #[command(subcommand)]
    action: Act,
    /// The consumer's binary, whose projection is built [default: the one beside this]
    #[arg(long, global = true, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    models: ReadModels,
    #[command(flatten)]
    cluster: Cluster,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Show what `start` would do
    Plan,
    /// Build the next one up to the end of the topics; can be interrupted and goes on
    Start,
    /// Show the builds that there are
    Status,
    /// Compare the live one with the next, row by row at the same positions; exit 1 when any differs
    Diff {
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Make the next one live, and keep the one before
    Switch,
    /// Make the one before live again
    Back,
    /// Remove what is not live: the next one and the one before
    Drop,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Options { consumer, action, binary, models, cluster } = options;
    if let Some(binary) = &binary {
        check_program(binary)?;
    }
    if !matches!(action, Act::Status | Act::Plan) {
        check_read_model(consumer)?;
    }
    let builder = Builder {
        consumer,
        settings: cluster.settings(state)?,
        database_url: models.url(state)?,
        program: binary.map_or_else(|| Builder::beside(consumer), Ok)?,
        is_quiet: false,
    };
    let rebuild = Rebuild::new(builder).await?;
    match action {
        Act::Plan => rebuild.plan().await,
        Act::Start => rebuild.start().await,
        Act::Status => rebuild.status().await,
        Act::Diff { json } => rebuild.diff(json).await,
        Act::Switch => rebuild.switch().await,
        Act::Back => rebuild.back().await,
        Act::Drop => rebuild.drop().await,
    }
}
