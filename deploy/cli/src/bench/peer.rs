//! Java programs that ours are compared with: their modules under `tests/bench`, built by Maven.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context;
use tokio::process::Command;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::logs,
    workspace::Workspace,
};

/// A module.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The name of its folder, and of its process.
    pub name: &'static str,
    /// What it is, such as "the Kafka Streams application".
    pub title: &'static str,
}

impl Peer {
    /// Its sources.
    pub fn sources(self, workspace: &Workspace) -> PathBuf {
        workspace.root().join("tests/bench").join(self.name)
    }

    /// The pom, which names the versions.
    pub fn pom(self, workspace: &Workspace) -> PathBuf {
        self.sources(workspace).join("pom.xml")
    }

    /// The version that a property of its pom names, such as `kafka.version`.
    pub fn version(self, workspace: &Workspace, property: &str) -> Option<String> {
        version(&self.pom(workspace), property)
    }

    /// What Java finds its classes by.
    pub fn class_path(self, workspace: &Workspace) -> String {
        format!("{0}/application.jar:{0}/lib/*", self.built(workspace).display())
    }

    fn built(self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("bench").join(self.name)
    }

    /// Builds it. The first time Maven fetches what it needs.
    pub async fn build(self, workspace: &Workspace, report: &Report) -> Result<()> {
        let Self { title, .. } = self;
        let step = report.step(&format!("building {title}"));
        let into = self.built(workspace);
        fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
        forget_jars(&into.join("lib"))?;
        let log = into.join("maven.log");
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log of Maven")?;
        let status = Command::new("mvn")
            .args(["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "--file"])
            .arg(self.pom(workspace))
            .arg("package")
            .arg(format!("-Doneway.bench.dir={}", into.display()))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .status()
            .await
            .context("cannot run mvn")
            .map_err(Failure::Setup)?;
        if !status.success() {
            return Err(Failure::unavailable(format!(
                "Maven could not build {title} ({status}); its last lines, of {}:\n{}",
                log.display(),
                logs::last_lines(&log, 0, 12)
            )));
        }
        step.done(&format!("built {title}"));
        Ok(())
    }
}

/// Maven adds jars and leaves those of versions that were asked for before, which Java would take.
fn forget_jars(lib: &Path) -> Result<()> {
    match fs::remove_dir_all(lib) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let clearing = format!("cannot clear {}", lib.display());
            Err(anyhow::Error::new(error).context(clearing).into())
        }
        _ => Ok(()),
    }
}

/// The version that a property of a pom names.
pub fn version(pom: &Path, property: &str) -> Option<String> {
    let text = fs::read_to_string(pom).ok()?;
    let (_, rest) = text.split_once(&format!("<{property}>"))?;
    rest.split_once('<').map(|(version, _)| version.to_owned())
}
