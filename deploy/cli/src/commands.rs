//! One file per command.

mod alone;
pub mod backup;
pub mod bench;
pub mod chaos;
pub mod classification;
pub mod cluster;
pub mod consumer;
pub mod dead_letters;
pub mod docs;
pub mod doctor;
pub mod down;
pub mod import;
pub mod logs;
pub mod mailings;
pub mod read_model;
pub mod rebuild;
pub mod recordings;
pub mod rights;
pub mod schemas;
pub mod services;
pub mod state;
pub mod status;
pub mod test;
pub mod tokens;
pub mod topics;
pub mod trace;
pub mod up;
pub mod verify;
pub mod what_if;

use std::{path::absolute, process::ExitCode};

use anyhow::Context;

use crate::{
    args::{Args, Command},
    failure::{Failure, Result},
    workspace::Workspace,
};

/// Runs what was typed.
pub async fn run(args: Args) -> Result<ExitCode> {
    // An installation elsewhere is looked after without the sources.
    let workspace = Workspace::find();
    let default = || workspace.as_ref().map_or_else(|_| ".oneway".into(), Workspace::default_state);
    let state = args.state.unwrap_or_else(default);
    let state = absolute(state).context("cannot tell the state folder").map_err(Failure::Setup)?;
    match args.command {
        Command::Up(options) => Box::pin(up::run(options, &workspace?, &state)).await,
        Command::Down(options) => Box::pin(down::run(&options, &state)).await,
        Command::Status(options) => Box::pin(status::run(&options, &state)).await,
        Command::Logs(options) => Box::pin(logs::run(&options, &state)).await,
        Command::Topics(options) => Box::pin(topics::run(options, &state)).await.map(done),
        Command::Schemas(options) => Box::pin(schemas::run(options, &state)).await.map(done),
        Command::Tokens(options) => tokens::run(options, &state).map(done),
        Command::State(options) => Box::pin(state::run(options, &state)).await.map(done),
        Command::Import(options) => Box::pin(import::run(options, &state)).await,
        Command::Commands(options) => Box::pin(recordings::run(options, &state)).await,
        Command::Backup(options) => Box::pin(backup::run(options, &state)).await.map(done),
        Command::Trace(options) => Box::pin(trace::run(options, &state)).await,
        Command::Chaos(options) => Box::pin(chaos::run(&options, &workspace?)).await,
        Command::DeadLetters(options) => Box::pin(dead_letters::run(options, &state)).await,
        Command::Consumer(options) => Box::pin(consumer::run(options, &state)).await,
        Command::Rebuild(options) => Box::pin(rebuild::run(options, &state)).await,
        Command::Mailings(options) => Box::pin(mailings::run(options, &state)).await,
        Command::Classification(options) => Box::pin(classification::run(&options, &state)).await,
        Command::Verify(options) => Box::pin(verify::run(options, &state)).await,
        Command::Rights(options) => rights::run(options, &workspace?).map(done),
        Command::Docs(options) => docs::run(&options, &workspace?).map(done),
        Command::Doctor(options) => Box::pin(doctor::run(options, &state)).await.map(done),
        Command::WhatIf(options) => Box::pin(what_if::run(options, &state)).await,
        Command::Bench(options) => Box::pin(bench::run(options, &workspace?, &state)).await,
        Command::Test(options) => Box::pin(test::run(&options, &workspace?)).await,
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
