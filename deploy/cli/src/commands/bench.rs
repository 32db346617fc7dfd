//! `oneway bench`: how fast it is.

mod restore;

use std::{path::Path, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{failure::Result, workspace::Workspace};

/// Measure how fast it is
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Restore(restore::Options),
}

/// Runs the command.
pub async fn run(options: Options, workspace: &Workspace, state: &Path) -> Result<ExitCode> {
    match options.what {
        What::Restore(options) => Box::pin(restore::run(options, workspace, state)).await?,
    }
    Ok(ExitCode::SUCCESS)
}
