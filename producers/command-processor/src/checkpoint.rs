//! Checkpoints: the states of each partition in a local file, so that a restart reads of the state
//! topic only what is new. They are a cache: whatever is wrong with one, it is set aside and the
//! log is read instead.
//!
//! In reading order:
//! - [`frame`]: the pieces of a file, each with its checksum
//! - [`position`]: up to where the state topic is in a file, and what proves it
//! - [`file`]: one file: opened, written on, compacted
//! - [`proof`]: whether file and log are of one history
//! - [`slot`]: when a position may be believed
//! - [`worker`]: the thread that writes

mod file;
mod frame;
mod position;
mod proof;
mod slot;
mod worker;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use event_log::{Error, Partition, Settings, restore::PartitionReader};

pub use self::{
    file::CheckpointFile,
    frame::Frames,
    position::{Mark, Position},
    proof::{Place, check, completion, newest_event, says_complete},
    slot::{Batch, Size},
    worker::{Handle, Open},
};
use self::{file::Useless, worker::Worker};

/// The last position of a file, whatever it is of.
#[cfg(test)]
pub fn last_position(path: &Path) -> Option<Position> {
    file::last_position(path)
}

/// The checkpoints of this instance.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    cluster: String,
    settings: Settings,
    worker: Worker,
    /// The operating system lets go of it when the process dies.
    _lock: File,
}

impl Checkpoints {
    /// Takes the folder of this instance; without a folder that is ours alone there are none.
    pub fn open(settings: &Settings, folder: &Path) -> Option<Self> {
        Self::try_open(settings, folder)
            .inspect_err(|error| {
                tracing::warn!(path = %folder.display(), "there are no checkpoints: {error:#}");
            })
            .ok()
    }

    fn try_open(settings: &Settings, folder: &Path) -> Result<Self, String> {
        let instance = settings.instance.as_deref().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = settings.qualify(instance).chars().map(plain).collect();
        let folder = folder.join(name);
        let failed = |error: io::Error| error.to_string();
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = folder.join("lock");
        let lock = File::options().create(true).append(true).open(lock).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => "another process uses the folder".to_owned(),
            TryLockError::Error(error) => error.to_string(),
        })?;
        let log = PartitionReader::new(settings).map_err(|error| error.to_string())?;
        let cluster = log.cluster_id().ok_or("the cluster does not tell its id")?;
        let worker = Worker::start(log).map_err(failed)?;
        Ok(Self { folder, cluster, settings: settings.clone(), worker, _lock: lock })
    }

    /// The file of a partition and its position, if it is of this log. One that is not is set
    /// aside with a warning.
    ///
    /// # Errors
    /// When the log cannot be asked.
    pub fn find(
        &self,
        log: &PartitionReader,
        place: Place,
    ) -> Result<Option<(CheckpointFile, Position)>, Error> {
        let path = self.path(place.states);
        if !path.exists() {
            return Ok(None);
        }
        let reason = match CheckpointFile::open(&path, &self.identity(place.states)) {
            Ok((file, position)) => match check(log, place, &position)? {
                Ok(()) => return Ok(Some((file, position))),
                Err(mismatch) => mismatch.to_string(),
            },
            // Begun, and never got so far.
            Err(Useless::NoPosition) => return Ok(None),
            Err(useless) => useless.to_string(),
        };
        self.set_aside(place, &reason);
        Ok(None)
    }

    /// Keeps a file that must not be used, for whoever wants to know; one at most.
    pub fn set_aside(&self, place: Place, reason: &str) {
        let path = self.path(place.states);
        let aside = path.with_extension("set-aside");
        tracing::warn!(
            kafka.partition = %place.states,
            path = %aside.display(),
            "a checkpoint is set aside and the state topic read instead: {reason}"
        );
        if let Err(error) = fs::rename(&path, &aside) {
            tracing::warn!(%error, path = %path.display(), "cannot set a checkpoint aside");
        }
    }

    /// Begins the file of a partition anew.
    pub fn begin(&self, place: Place) -> Option<CheckpointFile> {
        CheckpointFile::create(&self.path(place.states), &self.identity(place.states))
            .inspect_err(|error| self.cannot_write(place, error))
            .ok()
    }

    /// Says that a file is not written on.
    pub fn cannot_write(&self, place: Place, error: &io::Error) {
        tracing::warn!(%error, kafka.partition = %place.states, path = %self.folder.display(), "cannot write a checkpoint");
    }

    /// From now on the thread writes the file.
    pub fn keep(&self, place: Place, open: Open) -> Option<Handle> {
        self.worker.open(place, open)
    }

    fn path(&self, partition: Partition) -> PathBuf {
        let Partition { topic, number } = partition;
        self.folder.join(format!("{}-{number}.checkpoint", self.settings.qualify(topic.name())))
    }

    fn identity(&self, partition: Partition) -> String {
        let Partition { topic, number } = partition;
        format!("cluster {}, {}/{number}", self.cluster, self.settings.qualify(topic.name()))
    }
}
