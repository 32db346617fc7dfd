//! `oneway backup`: what nothing can make again, in a folder, and back from there.
//!
//! In reading order:
//! - [`kinds`]: what is copied, and why nothing else
//! - [`manifest`]: what a backup consists of: what is not named there is no part of it
//! - [`frame`], [`piece`]: records in files
//! - [`create`]: into the folder, going on where the last backup ended
//! - [`spans`]: how far each partition is copied, so that all of them fit together
//! - [`copying`]: partition by partition
//! - [`check`]: whether all of it is there, as it was written
//! - [`registry`]: the ids that records name mean the same
//! - [`target`]: whether something can be restored there
//! - [`outcomes`]: those that are left out, since they come again
//! - [`restore`]: out of the folder, every record to the offset that it had

mod check;
mod copying;
mod create;
mod frame;
mod kinds;
mod manifest;
mod outcomes;
mod piece;
mod registry;
mod restore;
mod spans;
mod target;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::{commands::cluster::Cluster, failure::Result};

/// Options of the command.
#[derive(Debug, Args)]
#[command(
    long_about = "Back up what nothing can make again, and restore it\n\n\
    The events, the commands, their outcomes and refusals, and the schemas with the ids that these \
    records name. States and read models follow from them. Every record comes back to the partition \
    and the offset that it had: events, tokens and read models name offsets.",
    after_help = "Examples:\n  cargo oneway backup create /backups/2026-11\n  \
    cargo oneway backup check /backups/2026-11\n  \
    cargo oneway backup restore /backups/2026-11 --dry-run"
)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Copy into a folder, while the system runs; go on where the last backup there ended
    #[command(
        long_about = "Copy into a folder, while the system runs; go on where the last backup \
        there ended\n\n\
        What was copied before is not touched: further files are added, and counted in when all of \
        them are whole. A backup that was stopped changes nothing of the one before."
    )]
    Create(Where),
    /// Check that a backup is whole, by the checksums in it; needs no servers
    Check {
        /// The folder
        folder: PathBuf,
    },
    /// Write a backup into empty topics, while no service runs
    #[command(long_about = "Write a backup into empty topics, while no service runs\n\n\
        Before anything is written, the backup is checked, and the target: its topics must be as \
        `topics apply` makes them and empty, with as many partitions as there were, and the schema \
        registry must have the same schema for each id, or be empty. Afterwards everything is read \
        back and compared. A restore that was stopped is not gone on with: delete the topics, apply \
        them, and begin again.")]
    Restore(restore::Options),
}

#[derive(Debug, Args)]
struct Where {
    /// The folder
    folder: PathBuf,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    match options.action {
        Act::Create(Where { folder, cluster }) => {
            create::run(folder, cluster.settings(state)?).await
        }
        Act::Check { folder } => check::run(folder).await,
        Act::Restore(options) => restore::run(options, state).await,
    }
}
