//! The service binaries, built by one call of cargo.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, anyhow};

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::catalog::Service,
    workspace::Workspace,
};

/// Builds the binaries of the services; cargo shows its own progress.
pub async fn build(
    workspace: &Workspace,
    services: &[Service],
    release: bool,
    report: &Report,
) -> Result<()> {
    if services.is_empty() {
        return Ok(());
    }
    report.note(format_args!("building {} services", services.len()));
    let mut cargo = workspace.cargo();
    cargo.arg("build");
    if release {
        cargo.arg("--release");
    }
    for service in services {
        cargo.args(["--package", &service.name, "--bin", &service.name]);
    }
    let status = cargo.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).status().await;
    if !status.context("cannot run cargo build")?.success() {
        return Err(Failure::Negative(anyhow!(
            "the services could not be built: cargo says why above"
        )));
    }
    Ok(())
}

/// The binary of a service, which has to be there by now.
pub fn binary(workspace: &Workspace, service: &Service, release: bool) -> Result<PathBuf> {
    let path = workspace.binary(&service.name, release);
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::setup(format!(
        "there is no binary {}: build it with `cargo build --package {}`, or leave out --no-build",
        path.display(),
        service.name
    )))
}
