//! Our binaries, built by one call of cargo.

use std::{path::PathBuf, process::Stdio};

use anyhow::anyhow;

use crate::{
    cargo,
    failure::{Failure, Result},
    report::Report,
    stack::{catalog::Service, signals::Signals},
    workspace::Workspace,
};

/// Builds the binaries of the services; cargo shows its own progress.
pub async fn build(
    workspace: &Workspace,
    services: &[Service],
    release: bool,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    if services.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = services.iter().map(|service| service.name.as_str()).collect();
    announced(workspace, &names, release, report, signals).await
}

/// Builds binaries by their names, and says which.
pub async fn announced(
    workspace: &Workspace,
    names: &[&str],
    release: bool,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    report.note(format_args!("building {}", names.join(", ")));
    binaries(workspace, names, release, signals).await
}

/// Builds binaries by their names.
pub async fn binaries(
    workspace: &Workspace,
    names: &[&str],
    release: bool,
    signals: &mut Signals,
) -> Result<()> {
    let mut command = workspace.cargo();
    command.arg("build").stdout(Stdio::null());
    if release {
        command.arg("--release");
    }
    // By binary, not by package: so the dependencies get the features that the whole workspace
    // asks for, and nothing is compiled twice.
    for name in names {
        command.args(["--bin", name]);
    }
    if !cargo::run(command, signals).await?.success() {
        return Err(Failure::Negative(anyhow!("the build failed: cargo says why above")));
    }
    Ok(())
}

/// The binary of that name, which has to be there by now.
pub fn binary(workspace: &Workspace, name: &str, release: bool) -> Result<PathBuf> {
    let path = workspace.binary(name, release);
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::setup(format!(
        "there is no binary {}: build it with `cargo build --bin {name}`, or leave out --no-build",
        path.display()
    )))
}
