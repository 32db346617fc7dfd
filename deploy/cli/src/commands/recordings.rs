//! `oneway commands`: the commands topics are a recording. They are written to a file, and sent
//! again, here or elsewhere.
//!
//! In reading order:
//! - [`merge`]: the commands of all partitions, in the order of their times
//! - [`export`]: into a file
//! - [`file`](mod@file): the two formats of such files
//! - [`replay`]: out of a file
//! - [`place`]: how far a replay is, kept beside the file
//! - [`sending`]: into the log, in the order of the file
//! - [`outcomes`]: what became of it

mod export;
mod file;
mod merge;
mod outcomes;
mod place;
mod replay;
mod sending;

use std::{path::Path, process::ExitCode};

use clap::{Args, Subcommand};

use crate::failure::Result;

/// Options of the command.
#[derive(Debug, Args)]
#[command(
    long_about = "Write commands to a file, and send them again\n\n\
    Every command is kept in the commands topics for their retention (7 days): they are the \
    recording. Sent again with their original ids, commands that were decided already change \
    nothing, on the same installation as on a copy of it; an empty installation ends up with the \
    same customers and orders.",
    after_help = "Examples:\n  cargo oneway commands export --output monday.jsonl --from 2026-11-23 \
    --until 2026-11-24\n  \
    cargo oneway commands replay monday.jsonl --dry-run\n  \
    cargo oneway commands replay monday.jsonl --brokers other:9092 --registry http://other:8081/…"
)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Export(export::Options),
    Replay(replay::Options),
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    match options.action {
        Act::Export(options) => export::run(options, state).await,
        Act::Replay(options) => replay::run(options, state).await,
    }
}
