//! The web page, made by Node.js before cargo puts it into its binary.

use std::{fs, io, path::Path, process::Stdio, time::SystemTime};

use anyhow::{Context, anyhow};
use tokio::process::Command;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{catalog::Service, signals::Signals},
    workspace::Workspace,
};

/// The service that serves it.
pub const SERVICE: &str = "web-ui";

/// Where its sources are.
const SOURCES: &str = "consumers/web-ui/app";

/// What Node.js makes, below the sources.
const MADE: [&str; 2] = ["dist", "node_modules"];

/// Builds the page unless it is there and newer than its sources. Without Node.js it is left out,
/// and its service says so.
pub async fn build(
    workspace: &Workspace,
    services: &[Service],
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    let sources = workspace.root().join(SOURCES);
    let has_page = services.iter().any(|service| service.name == SERVICE);
    if !has_page || is_fresh(&sources).context("cannot look at the sources of the web page")? {
        return Ok(());
    }
    let step = report.step("building the web page");
    let built = tokio::select! {
        built = make(&sources) => built,
        () = signals.next() => Err(Failure::Interrupted),
    };
    match built? {
        true => step.done("the web page is built"),
        false => step.done(
            "there is no Node.js: npm is not on the path, and the web page is left out; install \
             Node.js 20 or newer to have it",
        ),
    }
    Ok(())
}

/// Runs npm; false when there is none.
async fn make(sources: &Path) -> Result<bool> {
    let installed = sources.join("node_modules/.package-lock.json");
    let lock = changed(&sources.join("package-lock.json"))
        .context("cannot find the lock file of the web page")?;
    if changed(&installed).is_none_or(|installed| installed < lock)
        && !npm(sources, &["ci", "--no-audit", "--no-fund"]).await?
    {
        return Ok(false);
    }
    npm(sources, &["run", "build"]).await
}

async fn npm(folder: &Path, arguments: &[&str]) -> Result<bool> {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = match command.output().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        output => output.context("cannot run npm")?,
    };
    if output.status.success() {
        return Ok(true);
    }
    let said = [output.stdout, output.stderr].concat();
    let (said, what) = (String::from_utf8_lossy(&said), arguments.join(" "));
    Err(Failure::Negative(anyhow!("npm {what} failed: {}", said.trim())))
}

fn is_fresh(sources: &Path) -> io::Result<bool> {
    let Some(built) = changed(&sources.join("dist/index.html")) else { return Ok(false) };
    let mut folders = vec![sources.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_made = MADE.iter().any(|made| entry.file_name() == *made);
            if entry.file_type()?.is_dir() {
                folders.extend((!is_made).then(|| entry.path()));
            } else if entry.metadata()?.modified()? > built {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_is_built_again_when_a_source_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, age: u64| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        };
        write("src/page.ts", 20);
        assert!(!is_fresh(folder.path()).unwrap());
        write("dist/index.html", 10);
        write("node_modules/a/index.js", 5);
        assert!(is_fresh(folder.path()).unwrap());
        write("src/page.ts", 1);
        assert!(!is_fresh(folder.path()).unwrap());
    }
}
