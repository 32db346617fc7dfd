//! `oneway bench`: how fast it is.

mod autoscale;
mod changes;
mod read;
mod restore;
mod write;

use std::{path::Path, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{
    bench::{driver, http, limit},
    failure::Result,
    workspace::Workspace,
};

/// Measure how fast it is
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Write(write::Options),
    Read(read::Options),
    Restore(restore::Options),
    Changes(changes::Options),
    Autoscale(autoscale::Options),
    #[command(hide = true)]
    Drive(driver::Options),
    #[command(hide = true)]
    Http(http::Options),
    #[command(hide = true)]
    Limit(limit::Options),
}

/// Runs the command.
pub async fn run(options: Options, workspace: &Workspace, state: &Path) -> Result<ExitCode> {
    match options.what {
        What::Write(options) => Box::pin(write::run(&options, workspace)).await?,
        What::Read(options) => Box::pin(read::run(&options, workspace)).await?,
        What::Restore(options) => Box::pin(restore::run(options, workspace, state)).await?,
        What::Changes(options) => Box::pin(changes::run(&options, workspace)).await?,
        What::Autoscale(options) => Box::pin(autoscale::run(&options, workspace)).await?,
        What::Drive(options) => driver::run(options).await?,
        What::Http(options) => http::run(options).await?,
        What::Limit(options) => limit::run(options).await?,
    }
    Ok(ExitCode::SUCCESS)
}
