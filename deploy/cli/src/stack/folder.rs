//! The state folder: data, logs and records of one stack, and the lock of its supervisor.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, Result},
    stack::{account, document, ledger::Ledger, records},
};

/// Raised when a version can no longer read what another one left. 2: an older Kafka, which cannot
/// read the metadata of the newer one before.
const LAYOUT: u32 = 2;

/// A state folder that exists and is ours.
#[derive(Clone, Debug)]
pub struct StateFolder {
    root: PathBuf,
}

/// What has to be known to use the data again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// See [`LAYOUT`].
    pub layout: u32,
    /// Where Postgres keeps its data, when it has any.
    #[serde(default)]
    pub postgres: Option<PostgresHome>,
}

/// Where Postgres keeps its data: outside of the state folder when its user cannot reach that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresHome {
    /// The folder, ours alone.
    pub dir: PathBuf,
    /// The superuser's password; made up, so that other users of the machine cannot guess it.
    pub password: String,
}

/// Held by the one supervisor of a state folder; the operating system lets go of it when that dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl StateFolder {
    /// Opens a state folder, or makes a new one.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        if let Some(folder) = Self::open(path)? {
            return Ok(folder);
        }
        let making = || format!("cannot make the state folder {}", path.display());
        fs::create_dir_all(path).with_context(making).map_err(Failure::Setup)?;
        let root = path.canonicalize().with_context(making).map_err(Failure::Setup)?;
        let folder = Self { root };
        folder.save(&Layout { layout: LAYOUT, postgres: None })?;
        fs::create_dir_all(folder.logs()).with_context(making)?;
        Ok(folder)
    }

    /// Opens a state folder; none when there is none yet.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let Ok(root) = path.canonicalize() else { return Ok(None) };
        let folder = Self { root };
        let shown = folder.root.display();
        let Ok(mut entries) = fs::read_dir(&folder.root) else {
            return Err(Failure::setup(format!("cannot read the state folder {shown}")));
        };
        if entries.next().is_none() {
            return Ok(None);
        }
        let layout: Option<serde_json::Value> = document::read(&folder.layout_file())
            .with_context(|| format!("cannot read layout.json in the state folder {shown}"))
            .map_err(Failure::Setup)?;
        match layout.as_ref().map(|layout| layout.get("layout").and_then(serde_json::Value::as_u64))
        {
            Some(Some(version)) if version == u64::from(LAYOUT) => Ok(Some(folder)),
            Some(version) => Err(Failure::setup(format!(
                "the state folder {shown} was left by another version of oneway (layout {}, this \
                 one reads {LAYOUT}): delete it or choose another with --state",
                version.map_or_else(|| "unknown".to_owned(), |version| version.to_string())
            ))),
            None => Err(Failure::setup(format!(
                "{shown} is no state folder of oneway, but not empty either: choose another with --state"
            ))),
        }
    }

    /// Its path, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Becomes the one supervisor of the stack.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.root.join("lock");
        let file = File::options().create(true).append(true).open(&path);
        let file = file
            .with_context(|| format!("cannot open {}", path.display()))
            .map_err(Failure::Setup)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::setup(format!(
                "a stack already runs on {}{}: use it, stop it with `cargo oneway down`, or start \
                 another one with --state DIR --ports auto",
                self.root.display(),
                self.supervisor().map(|pid| format!(" (supervisor pid {pid})")).unwrap_or_default()
            ))),
            Err(TryLockError::Error(error)) => Err(anyhow::Error::new(error)
                .context(format!("cannot lock {}", path.display()))
                .into()),
        }
    }

    fn supervisor(&self) -> Option<u32> {
        Ledger::read(&self.ledger_file()).ok()?.supervisor.map(|identity| identity.pid)
    }

    /// What has to be known to use the data again.
    pub fn layout(&self) -> Result<Layout> {
        let layout = document::read(&self.layout_file())
            .with_context(|| format!("cannot read {}", self.layout_file().display()))?;
        layout.ok_or_else(|| Failure::setup("the state folder was deleted meanwhile"))
    }

    /// Keeps what has to be known.
    pub fn save(&self, layout: &Layout) -> Result<()> {
        document::write(&self.layout_file(), layout)
            .with_context(|| format!("cannot write {}", self.layout_file().display()))
            .map_err(Failure::Setup)
    }

    /// Deletes everything that a stack keeps here, and the folder itself unless others put
    /// something into it. Returns what was deleted.
    pub fn delete(self, _lock: Lock) -> io::Result<Vec<PathBuf>> {
        let mut deleted = Vec::new();
        let home =
            document::read::<Layout>(&self.layout_file())?.and_then(|layout| layout.postgres);
        let folders = [
            self.kafka(),
            self.registry(),
            self.postgres(),
            self.secure(),
            self.logs(),
            self.checkpoints(),
        ];
        for folder in home.map(|home| home.dir).into_iter().chain(folders) {
            match fs::remove_dir_all(&folder) {
                Ok(()) => deleted.push(folder),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        account::tidy_shared();
        let lock = self.root.join("lock");
        for file in
            [self.stack_file(), self.ledger_file(), self.secret_file(), lock, self.layout_file()]
        {
            records::remove(&file)?;
        }
        if fs::remove_dir(&self.root).is_ok() {
            deleted.push(self.root);
        }
        Ok(deleted)
    }

    /// `stack.json`.
    pub fn stack_file(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// The secret that signs the tokens of this stack.
    pub fn secret_file(&self) -> PathBuf {
        self.root.join("jwt-secret")
    }

    /// The ledger of processes.
    pub fn ledger_file(&self) -> PathBuf {
        self.root.join("processes.json")
    }

    fn layout_file(&self) -> PathBuf {
        self.root.join("layout.json")
    }

    /// All log files.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log file of one process.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Kafka's settings and data.
    pub fn kafka(&self) -> PathBuf {
        self.root.join("kafka")
    }

    /// The registry's data, when it keeps none in Postgres.
    pub fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }

    /// The checkpoints of the command processor, see `services.yaml`.
    fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// Certificates and passwords, where the servers let in only whom they know.
    pub fn secure(&self) -> PathBuf {
        self.root.join("secure")
    }

    /// Where Postgres lives unless its user cannot reach it.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_deleted_without_a_trace() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/state");
        assert!(StateFolder::open(&path).unwrap().is_none());
        let folder = StateFolder::open_or_create(&path).unwrap();
        assert!(StateFolder::open(&path).unwrap().is_some());
        let lock = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().to_string().starts_with("a stack already runs on"));
        folder.delete(lock).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn strangers_folders_are_left_alone() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("thesis.txt"), "years of work").unwrap();
        let error = StateFolder::open_or_create(base.path()).unwrap_err().to_string();
        assert!(error.contains("is no state folder of oneway"), "{error}");

        let state = base.path().join("state");
        let folder = StateFolder::open_or_create(&state).unwrap();
        fs::write(state.join("notes.txt"), "mine").unwrap();
        let lock = folder.lock().unwrap();
        folder.delete(lock).unwrap();
        assert!(state.join("notes.txt").exists());
        assert!(!state.join("layout.json").exists());
    }

    #[test]
    fn other_versions_are_named() {
        let base = tempfile::tempdir().unwrap();
        for (text, said) in [(r#"{"layout": 99}"#, "layout 99"), (r#"{"x": 1}"#, "layout unknown")]
        {
            fs::write(base.path().join("layout.json"), text).unwrap();
            let error = StateFolder::open_or_create(base.path()).unwrap_err().to_string();
            assert!(error.contains("another version of oneway") && error.contains(said), "{error}");
        }
    }
}
