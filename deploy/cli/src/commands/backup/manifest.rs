//! What a backup consists of. It is written last, whole or not at all: files that it does not name
//! are of a backup that was stopped.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use anyhow::Context;
use event_log::Partition;
use schemas::Topic;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};

/// How the files are written.
pub const FORMAT: u32 = 1;

const NAME: &str = "manifest.json";

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Prefix of the installation's names.
    pub namespace: String,
    /// Id of the Kafka cluster.
    pub cluster: String,
    /// When the newest part of it was begun.
    pub taken_at: String,
    /// Every schema of the installation's subjects.
    pub schemas: Vec<KeptSchema>,
    /// Every partition.
    pub partitions: Vec<Copy>,
}

/// A schema, as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptSchema {
    /// What records begin with.
    pub id: u32,
    /// Under which name.
    pub subject: String,
    /// From 1.
    pub version: u32,
    /// The text.
    pub text: String,
}

/// What there is of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Copy {
    /// Logical name of the topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: i32,
    /// Where the log began.
    pub begin: i64,
    /// Everything that was committed below is copied.
    pub end: i64,
    /// Of commands: the first that is not decided.
    pub undecided: Option<i64>,
    /// The files, in the order of their records.
    pub pieces: Vec<Piece>,
}

/// A file with records of a partition, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Piece {
    /// Its path in the folder.
    pub file: String,
    /// Offset of its first record.
    pub first: i64,
    /// Offset of its last record.
    pub last: i64,
    /// How many there are.
    pub records: u64,
    /// Length of the file.
    pub bytes: u64,
    /// Checksum of the file.
    pub sha256: String,
    /// Checksum of the last record alone.
    pub last_sha256: String,
}

impl Copy {
    /// Its place; an error when this build knows no such topic.
    pub fn place(&self) -> Result<Partition> {
        let topic = Topic::named(&self.topic).ok_or_else(|| {
            Failure::setup(format!(
                "the backup has topic {}, which this build does not know: use the release that \
                 made it",
                self.topic
            ))
        })?;
        Ok(Partition { topic, number: self.partition })
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.records).sum()
    }
}

impl Manifest {
    /// Reads that of a folder; none when there is no backup yet.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(NAME);
        let shown = file.display();
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {shown}")).map_err(Failure::Setup)?,
        };
        let manifest: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{shown} is not that of a backup, or of another release"))
            .map_err(Failure::Setup)?;
        if manifest.format != FORMAT {
            let found = manifest.format;
            return Err(Failure::setup(format!(
                "{shown} is of format {found}, this build knows format {FORMAT}: use the release \
                 that made it"
            )));
        }
        Ok(Some(manifest))
    }

    /// Reads that of a folder, which has to be a backup.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::find(folder)?.ok_or_else(|| {
            let shown = folder.display();
            Failure::setup(format!("there is no backup in {shown}: it has no {NAME}"))
        })
    }

    /// Writes it: from now on all that it names is part of the backup.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let (file, part) = (folder.join(NAME), folder.join(format!("{NAME}.part")));
        let text = serde_json::to_vec_pretty(self).context("cannot write the manifest")?;
        let write = || -> io::Result<()> {
            let mut written = File::create(&part)?;
            written.write_all(&text)?;
            written.sync_all()?;
            fs::rename(&part, &file)?;
            File::open(folder)?.sync_all()
        };
        Ok(write().with_context(|| format!("cannot write {}", file.display()))?)
    }

    /// What there is of a partition.
    pub fn copy_of(&self, at: Partition) -> Option<&Copy> {
        let name = at.topic.name();
        self.partitions.iter().find(|copy| copy.topic == name && copy.partition == at.number)
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.partitions.iter().map(Copy::records).sum()
    }
}
