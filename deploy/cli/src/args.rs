//! What can be typed.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::commands::{
    backup, bench, chaos, classification, consumer, dead_letters, docs, doctor, down, import, logs,
    mailings, rebuild, recordings, rights, schemas, state, status, test, tokens, topics, trace, up,
    verify, what_if,
};

/// Runs, tests and operates Oneway.
#[derive(Debug, Parser)]
#[command(
    name = "oneway",
    bin_name = "cargo oneway",
    version,
    about = "Runs, tests and operates Oneway",
    long_about = "Runs, tests and operates Oneway: CQRS and event sourcing on Apache Kafka.\n\n\
                  `cargo oneway up` is all a newcomer needs: it builds the services, fetches Kafka, a \
                  schema registry and Postgres, starts everything on loopback and prints the URLs.",
    after_help = "Exit codes: 0 done · 1 the answer is no (nothing runs, the build failed, the log is broken) · \
                  64 wrong usage or set-up · 70 a bug · 75 a part did not come up · 130 interrupted"
)]
pub struct Args {
    /// Folder with the data, logs and stack.json of a local stack [default: .oneway in the workspace]
    #[arg(long, global = true, env = "ONEWAY_STATE", value_name = "DIR", hide_env_values = true)]
    pub state: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(up::Options),
    Down(down::Options),
    Status(status::Options),
    Logs(logs::Options),
    /// Compare the topics with their declaration, and create what is missing
    Topics(topics::Options),
    /// Change a schema safely: lint, what breaks, lock, register, and read all history
    Schemas(schemas::Options),
    /// Make tokens, and hashes of passwords
    Tokens(tokens::Options),
    Rights(rights::Options),
    /// Look after the state topics
    State(state::Options),
    Import(import::Options),
    /// Write commands to a file, and send them again
    Commands(recordings::Options),
    Backup(backup::Options),
    Trace(trace::Options),
    Docs(docs::Options),
    Doctor(doctor::Options),
    /// Check that the system keeps its promises
    Verify(verify::Options),
    /// Show, retry or skip records that a consumer cannot handle
    DeadLetters(dead_letters::Options),
    /// Show mails of campaigns, and decide about those of which nobody knows
    Mailings(mailings::Options),
    /// Show how far a consumer is; pause, resume or move it back
    Consumer(consumer::Options),
    /// Build a read model anew beside the live one, compare, and switch
    Rebuild(rebuild::Options),
    Classification(classification::Options),
    /// Show what another rule would do, before it does
    WhatIf(what_if::Options),
    Test(test::Options),
    Chaos(chaos::Options),
    Bench(bench::Options),
}

/// Prints clap's message (help, version or what was wrong) and picks the exit code.
pub fn explain(message: &clap::Error) -> ExitCode {
    // Nothing can be done when not even the terminal takes the message.
    let _ = message.print();
    if message.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn arguments_for_cargo_pass_through() {
        let args =
            Args::try_parse_from(["oneway", "test", "-p", "orders", "--", "--nocapture"]).unwrap();
        let Command::Test(options) = args.command else { panic!("not a test") };
        assert_eq!(options.cargo, ["-p", "orders", "--", "--nocapture"]);
    }
}
