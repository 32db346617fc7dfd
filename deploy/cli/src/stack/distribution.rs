//! Kafka, the registry and Postgres, fetched from Maven Central once per version of `deploy/pom.xml`
//! and shared by all stacks of the workspace.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context;
use liblzma::read::XzDecoder;
use tempfile::TempDir;
use tokio::{process::Command, time::Instant};
use uuid::Uuid;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::logs,
    workspace::Workspace,
};

/// How long a fetch may take, and another one be waited for: 190 MB over a slow line.
const LIMIT: Duration = Duration::from_mins(30);

/// How often the lock of another fetch is tried.
const LOOK: Duration = Duration::from_millis(200);

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Distribution {
    root: PathBuf,
}

impl Distribution {
    /// Fetches it unless it is there already. Never half there: it is filled under another name.
    pub async fn fetch(workspace: &Workspace, report: &Report) -> Result<Self> {
        let pom = workspace.deploy("pom.xml");
        let text = fs::read(&pom)
            .with_context(|| format!("cannot read {}", pom.display()))
            .map_err(Failure::Setup)?;
        let platform = platform(std::env::consts::OS, std::env::consts::ARCH)?;
        let key = key(&text, platform);
        let base = workspace.target().join("stack");
        let there = Self { root: base.join(&key) };
        if there.root.is_dir() {
            return Ok(there);
        }
        let making = || format!("cannot make {}", base.display());
        fs::create_dir_all(&base).with_context(making).map_err(Failure::Setup)?;
        let step =
            report.step("fetching Kafka, the schema registry and Postgres from Maven Central");
        let _lock = lock(&base.join(format!("{key}.lock"))).await?;
        if there.root.is_dir() {
            step.done("another command fetched them meanwhile");
            return Ok(there);
        }
        let partial = partial_folder(&base, &key).with_context(making)?;
        maven(&pom, platform, partial.path(), &base.join(format!("{key}.log"))).await?;
        step.at("unpacking Postgres");
        let folder = partial.path().to_owned();
        let unpacked = tokio::task::spawn_blocking(move || complete(&folder)).await;
        unpacked.context("cannot unpack Postgres")??;
        fs::rename(partial.path(), &there.root)
            .context("cannot put the fetched files into place")?;
        step.done("fetched Kafka, the schema registry and Postgres");
        Ok(there)
    }

    /// Names this version of it.
    pub fn key(&self) -> &str {
        self.root.file_name().and_then(|name| name.to_str()).unwrap_or("unknown")
    }

    /// Class path of the broker and its tools.
    pub fn kafka_classpath(&self) -> PathBuf {
        self.root.join("kafka/*")
    }

    /// The registry's jar that runs by itself.
    pub fn registry_jar(&self) -> Result<PathBuf> {
        let folder = self.root.join("registry");
        find(&folder, "-runner.jar")
            .with_context(|| format!("cannot read {}", folder.display()))?
            .ok_or_else(|| {
                Failure::setup(format!("there is no runner jar in {}", folder.display()))
            })
    }

    /// Class path of the mail catcher.
    pub fn mail_classpath(&self) -> PathBuf {
        self.root.join("mail/*")
    }

    /// Postgres, with `bin/`, `lib/` and `share/`.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }
}

/// Names the fetched files by what decides them, so that an edited pom is fetched anew.
fn key(pom: &[u8], platform: &str) -> String {
    let content = [pom, platform.as_bytes()].concat();
    let mut key = Uuid::new_v5(&Uuid::NAMESPACE_OID, &content).simple().to_string();
    key.truncate(12);
    key
}

/// The platform's name among the Postgres artifacts.
fn platform(os: &str, arch: &str) -> Result<&'static str> {
    match (os, arch) {
        ("linux", "x86_64") => Ok("linux-amd64"),
        ("linux", "aarch64") => Ok("linux-arm64v8"),
        ("macos", "x86_64") => Ok("darwin-amd64"),
        ("macos", "aarch64") => Ok("darwin-arm64v8"),
        _ => Err(Failure::setup(format!(
            "there is no Postgres for {os} on {arch}: set DATABASE_URL to an existing one"
        ))),
    }
}

/// Waits for other commands that fetch the same.
async fn lock(path: &Path) -> Result<File> {
    let locking = || format!("cannot lock {}", path.display());
    let file = File::options().create(true).append(true).open(path).with_context(locking)?;
    let deadline = Instant::now() + LIMIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => return Err(anyhow::Error::new(error).context(locking()).into()),
        }
    }
}

async fn maven(pom: &Path, platform: &str, into: &Path, log: &Path) -> Result<()> {
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let errors = output.try_clone().context("cannot share the log of Maven")?;
    let child = Command::new("mvn")
        .arg("--batch-mode")
        .arg("--no-transfer-progress")
        .arg("-Dstyle.color=never")
        .arg("--file")
        .arg(pom)
        .arg("package")
        .arg(format!("-Doneway.stack.dir={}", into.display()))
        .arg(format!("-Doneway.postgres.platform={platform}"))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::setup(
                "there is no Maven: mvn is not on the path; install Maven 3.6.3 or newer, it fetches \
                 Kafka, the schema registry and Postgres once",
            ));
        }
        child => child.context("cannot run mvn")?,
    };
    let status = match tokio::time::timeout(LIMIT, child.wait()).await {
        Ok(status) => status.context("cannot wait for mvn")?,
        Err(_) => return Err(Failure::unavailable("Maven did not finish within 30 minutes")),
    };
    if status.success() {
        return Ok(());
    }
    Err(Failure::unavailable(format!(
        "Maven could not fetch Kafka, the schema registry and Postgres ({status}); its last lines, of {}:\n{}",
        log.display(),
        logs::last_lines(log, 0, 12)
    )))
}

/// Unpacks the archive that Maven leaves inside of `postgres/`, and drops what is not needed again.
fn complete(folder: &Path) -> anyhow::Result<()> {
    let postgres = folder.join("postgres");
    let archive = find(&postgres, ".txz")?.context("the artifact of Postgres holds no archive")?;
    let reader = XzDecoder::new(io::BufReader::new(File::open(&archive)?));
    tar::Archive::new(reader)
        .unpack(&postgres)
        .with_context(|| format!("cannot unpack {}", archive.display()))?;
    fs::remove_file(&archive)?;
    remove_all(&folder.join(".maven"))?;
    Ok(())
}

fn find(folder: &Path, ending: &str) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.ends_with(ending)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// A new folder to fill, in place of those that killed fetches left. It never has their name, since
/// their Maven may still be writing.
fn partial_folder(base: &Path, key: &str) -> io::Result<TempDir> {
    let prefix = format!("{key}.partial-");
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            remove_all(&entry.path())?;
        }
    }
    // Postgres may have to be run from here under another account.
    let mode = fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix(&prefix).permissions(mode).tempdir_in(base)
}

fn remove_all(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_pom_and_another_platform_are_fetched_anew() {
        let keys = [key(b"a", "linux-amd64"), key(b"b", "linux-amd64"), key(b"a", "darwin-amd64")];
        assert_ne!(keys[0], keys[1]);
        assert_ne!(keys[0], keys[2]);
        assert_eq!(keys[0], key(b"a", "linux-amd64"));
        assert_eq!(keys[0].len(), 12);
    }

    #[test]
    fn platforms() {
        assert_eq!(platform("linux", "x86_64").unwrap(), "linux-amd64");
        assert_eq!(platform("macos", "aarch64").unwrap(), "darwin-arm64v8");
        assert!(platform("plan9", "mips").unwrap_err().to_string().contains("DATABASE_URL"));
    }
}
