//! Where the sources and the binaries are.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tokio::process::Command;

use crate::failure::{Failure, Result};

/// The file that tells a Oneway workspace from any other folder.
const MARKER: &str = "deploy/services.yaml";

/// The workspace: its sources, and the folder that cargo builds into.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace around the current folder, else the one this command was built in.
    pub fn find() -> Result<Self> {
        let here = env::current_dir().context("cannot tell the current folder")?;
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = around(&here).or_else(|| around(built_in)).ok_or_else(|| {
            Failure::setup(format!(
                "there is no {MARKER} here or above: run this inside the workspace"
            ))
        })?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => here.join(folder),
            _ => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Its first folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds into.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where stacks note which free ports they have.
    pub fn ports(&self) -> PathBuf {
        self.target.join("stack/ports")
    }

    /// What a stack is kept in unless another folder is named.
    pub fn default_state(&self) -> PathBuf {
        self.root.join(".oneway")
    }

    /// A file of `deploy/`.
    pub fn deploy(&self, name: &str) -> PathBuf {
        self.root.join("deploy").join(name)
    }

    /// Where cargo puts a binary.
    pub fn binary(&self, name: &str, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" }).join(name)
    }

    /// A call of the cargo that runs this command, else of the one on the path.
    pub fn cargo(&self) -> Command {
        let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }
}

fn around(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join(MARKER).is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_from_any_folder_inside() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        assert_eq!(around(&root.join("deploy/cli/src")).as_deref(), Some(root));
        assert_eq!(around(Path::new("/")), None);
    }
}
