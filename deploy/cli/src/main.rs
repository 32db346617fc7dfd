//! The `oneway` command: runs the whole system on this machine, tests it and operates it.
//!
//! In reading order:
//! - [`args`]: what can be typed
//! - [`commands`]: one file per command
//! - [`stack`]: the local stack: Kafka, schema registry, Postgres and the services, supervised
//! - [`chaos`]: faults and load, for `oneway chaos`
//! - [`prepare`]: what a fresh installation needs before its first service starts
//! - [`rights`]: what each service may do on Kafka and in Postgres, and nothing else
//! - [`verify`]: whether a log keeps its promises
//! - [`generations`], [`snapshot`]: the builds of a read model, and how they differ
//! - [`bench`]: what `oneway bench` measures, and how
//! - [`workspace`]: where the sources and the binaries are
//! - [`cargo`]: calls of cargo
//! - [`report`]: progress and news for people, on stderr; results go to stdout
//! - [`progress`]: how far a long command is
//! - [`refused`]: lines of a file that cannot be used
//! - [`failure`]: why a command ends badly, and its exit code

mod args;
mod bench;
mod cargo;
mod chaos;
mod commands;
mod failure;
mod generations;
mod prepare;
mod progress;
mod refused;
mod report;
mod rights;
mod snapshot;
mod stack;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Args, failure::Failure};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(message) => return args::explain(&message),
    };
    match run(args) {
        Ok(code) => code,
        Err(failure) => {
            report::error(&failure);
            failure.exit_code()
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Internal(error.into()))?;
    let end = runtime.block_on(commands::run(args));
    // Whatever still blocks (unpacking, a Kafka client) must not hold an interrupted command back.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    end
}
