//! The folder of a stack that lives as long as one command, and is deleted with it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{folder::StateFolder, leftovers},
};

/// A state folder inside of a temporary one, whose name tells what it is for.
#[derive(Debug)]
pub struct Temporary {
    base: TempDir,
    folder: StateFolder,
}

impl Temporary {
    /// Makes one, and deletes what killed commands with the same prefix left, whose processes it
    /// stops.
    pub async fn create(prefix: &str, report: &Report) -> Result<Self> {
        sweep(&std::env::temp_dir(), prefix, report).await?;
        let base = tempfile::Builder::new()
            .prefix(prefix)
            // The account that runs Postgres must be able to pass through.
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir();
        let base = base.context("cannot make a temporary folder").map_err(Failure::Setup)?;
        let folder = StateFolder::open_or_create(&base.path().join("state"))?;
        Ok(Self { base, folder })
    }

    /// The state folder.
    pub fn folder(&self) -> &StateFolder {
        &self.folder
    }

    /// Leaves it for people to look at, under a name that no later command takes for a leftover.
    pub fn keep(self) -> Result<PathBuf> {
        let path = self.base.keep();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let kept = path.with_file_name(format!("kept-{name}"));
        fs::rename(&path, &kept).context("cannot keep the temporary folder")?;
        Ok(kept)
    }

    /// Deletes it all, once its stack has stopped. Postgres may have had its data elsewhere.
    pub fn delete(self) -> Result<()> {
        let lock = self.folder.lock()?;
        let deleted = self.folder.delete(lock).context("cannot delete the data of the stack");
        deleted?;
        Ok(self.base.close().context("cannot delete the temporary folder")?)
    }
}

/// Stops and deletes the stacks of commands that were killed.
async fn sweep(base: &Path, prefix: &str, report: &Report) -> Result<()> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let is_ours = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
    };
    for path in entries.map(|entry| entry.path()).filter(is_ours) {
        // Those of other users and of other versions are theirs to clear.
        let Ok(Some(folder)) = StateFolder::open(&path.join("state")) else { continue };
        let Ok(lock) = folder.lock() else { continue };
        leftovers::stop(&folder, report).await?;
        folder.delete(lock).context("cannot delete the data of a killed command")?;
        let _ = fs::remove_dir(&path);
        report.note(format_args!("deleted {}, left of a killed command", path.display()));
    }
    Ok(())
}
