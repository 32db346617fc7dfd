//! Every revision that was ever registered, and the lock file that holds them.
//!
//! - `avro/<folder>/<name>.avsc`: the schema as it is now; people edit it
//! - `revisions/<folder>/<name>.<n>.avsc`: revision n, as it was registered; nobody edits it
//! - `schemas.lock`: a line for each revision, with the fingerprint of its whole text

mod lock;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use schemas::catalog::{self, Subject};

pub use crate::history::lock::{Entry, Lock, LockError, fingerprint};
use crate::{
    breaking::{self, Earlier},
    finding::Finding,
    lint, rules,
    source::Source,
};

const NOW: &str = "avro";
const REVISIONS: &str = "revisions";
const LOCK: &str = "schemas.lock";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file cannot be read or written.
    #[error("cannot use {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The lock file says what it cannot say.
    #[error("cannot use {}: {error}", path.display())]
    Lock {
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: LockError,
    },
}

/// One message type: what the code says of it, and its files.
#[derive(Clone, Debug)]
pub struct Message {
    /// Folder and file name without ending, such as `order/order_created`.
    pub name: String,
    /// Its subject; none when the code has no such record.
    pub subject: Option<Subject>,
    /// As it is now; none when the file is gone.
    pub now: Option<Source>,
    /// As it was registered, oldest first.
    pub revisions: Vec<Source>,
}

/// The folder of the schemas.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// What was locked.
    pub lock: Lock,
    /// Every message type, by its name.
    pub messages: BTreeMap<String, Message>,
}

impl Folder {
    /// Reads all of it. Paths in what it finds are relative to `base`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path, base: &Path) -> Result<Self, HistoryError> {
        let path = root.join(LOCK);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(|error| HistoryError::File { path: path.clone(), error })?,
        };
        let lock = Lock::parse(&text).map_err(|error| HistoryError::Lock { path, error })?;
        let mut messages = BTreeMap::new();
        for (name, now) in sources(&root.join(NOW), base)? {
            let message = Message { subject: None, now: Some(now), revisions: Vec::new(), name };
            messages.insert(message.name.clone(), message);
        }
        for (numbered, source) in in_order(sources(&root.join(REVISIONS), base)?) {
            let message = messages.entry(numbered.clone()).or_insert_with(|| Message {
                name: numbered,
                subject: None,
                now: None,
                revisions: Vec::new(),
            });
            message.revisions.push(source);
        }
        let subjects = catalog::subjects();
        for message in messages.values_mut() {
            message.subject = subjects.iter().find(|one| name_of(one) == message.name).copied();
        }
        Ok(Self { root: root.to_owned(), lock, messages })
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is wrong with the files themselves.
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let now = self.messages.values().filter_map(|message| message.now.as_ref());
        now.flat_map(lint::lint).collect()
    }

    /// What the files break for any earlier revision.
    #[must_use]
    pub fn breaking(&self) -> Vec<Finding> {
        self.messages.values().flat_map(Message::breaking).collect()
    }

    /// Whether files, revisions and lock file agree.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let mut findings: Vec<_> = self.messages.values().flat_map(|m| self.unlocked(m)).collect();
        findings.extend(self.edited());
        findings
    }

    /// Messages whose file is not locked as it is.
    pub fn open(&self) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(|message| message.is_open())
    }

    /// Makes each open file the next revision of its message; the entries that it adds.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn lock_open(&mut self) -> Result<Vec<Entry>, HistoryError> {
        let mut added = Vec::new();
        for message in self.messages.values().filter(|message| message.is_open()) {
            let (Some(now), Some(subject)) = (&message.now, message.subject) else { continue };
            let number = message.revisions.len() + 1;
            let path = self.root.join(REVISIONS).join(format!("{}.{number}.avsc", message.name));
            write(&path, &now.text)?;
            added.push(Entry {
                topic: subject.topic.name().to_owned(),
                record: subject.file.record.to_owned(),
                revision: number,
                fingerprint: fingerprint(&now.text),
            });
        }
        added.iter().for_each(|entry| self.lock.add(entry.clone()));
        write(&self.root.join(LOCK), &self.lock.to_string())?;
        Ok(added)
    }

    fn unlocked(&self, message: &Message) -> Vec<Finding> {
        let (Some(now), Some(_)) = (&message.now, message.subject) else {
            let source = message.now.as_ref().or(message.revisions.last());
            let rule = match message.now {
                None => &rules::SUBJECT_GONE,
                Some(_) => &rules::UNKNOWN_RECORD,
            };
            let found = |source| Finding::new(rule, source, 0, "", rule.title().to_lowercase());
            return source.map(found).into_iter().collect();
        };
        if !message.is_open() {
            return Vec::new();
        }
        let what = match message.revisions.len() {
            0 => "is not locked yet".to_owned(),
            newest => format!("differs from its newest revision {newest}"),
        };
        let what = format!(
            "{what}; `oneway schemas lock` makes it revision {}",
            message.revisions.len() + 1
        );
        vec![Finding::new(&rules::NOT_LOCKED, now, 0, "", what)]
    }

    /// Revisions that are not what the lock file says.
    fn edited(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for message in self.messages.values() {
            let Some(subject) = message.subject else { continue };
            let locked = self.lock.of(subject.topic.name(), subject.file.record);
            for (index, source) in message.revisions.iter().enumerate() {
                let what = match locked.get(index) {
                    Some(entry) if entry.fingerprint == fingerprint(&source.text) => continue,
                    Some(_) => "is not the text that was locked",
                    None => "is not in the lock file",
                };
                findings.push(Finding::new(&rules::EDITED_REVISION, source, 0, "", what.into()));
            }
            if let Some(missing) = locked.get(message.revisions.len())
                && let Some(source) = message.now.as_ref().or(message.revisions.last())
            {
                let what = format!("the file of revision {} is missing", missing.revision);
                findings.push(Finding::new(&rules::EDITED_REVISION, source, 0, "", what));
            }
        }
        findings
    }
}

impl Message {
    /// Whether the file is not its newest revision.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.subject.is_some()
            && self.now.as_ref().map(|now| &now.text) != self.revisions.last().map(|r| &r.text)
    }

    /// The revisions, as what a new one is compared with.
    #[must_use]
    pub fn earlier(&self) -> Vec<Earlier> {
        let numbered = (1..).zip(&self.revisions);
        numbered
            .map(|(number, source)| Earlier {
                label: format!("revision {number}"),
                source: source.clone(),
            })
            .collect()
    }

    /// What the file breaks for its earlier revisions.
    #[must_use]
    pub fn breaking(&self) -> Vec<Finding> {
        self.now.as_ref().map_or_else(Vec::new, |now| breaking::breaking(&self.earlier(), now))
    }
}

/// The name of a subject's files: their folder is the namespace, without the root of all.
pub(crate) fn name_of(subject: &Subject) -> String {
    let folder = subject.file.record.split('.').nth(1).unwrap_or_default();
    format!("{folder}/{}", subject.file.wire_type)
}

/// All schema files below a folder, by folder and name without ending.
fn sources(root: &Path, base: &Path) -> Result<Vec<(String, Source)>, HistoryError> {
    let mut found = Vec::new();
    for folder in entries(root)? {
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            continue;
        };
        for path in entries(&folder)? {
            let file = path.file_name().map(|file| file.to_string_lossy().into_owned());
            let Some(stem) = file.as_deref().and_then(|file| file.strip_suffix(".avsc")) else {
                continue;
            };
            let text = fs::read_to_string(&path)
                .map_err(|error| HistoryError::File { path: path.clone(), error })?;
            let shown = path.strip_prefix(base).unwrap_or(&path).to_owned();
            found.push((format!("{name}/{stem}"), Source { path: shown, text }));
        }
    }
    Ok(found)
}

/// Revisions without their numbers, in the order of these.
fn in_order(sources: Vec<(String, Source)>) -> Vec<(String, Source)> {
    let mut numbered: Vec<_> = sources
        .into_iter()
        .filter_map(|(name, source)| {
            let (name, number) = name.rsplit_once('.')?;
            Some((name.to_owned(), number.parse::<u32>().ok()?, source))
        })
        .collect();
    numbered.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    numbered.into_iter().map(|(name, _, source)| (name, source)).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let failed = |error| HistoryError::File { path: folder.to_owned(), error };
    let mut paths = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Vec::new(),
        listed => listed
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(failed)?,
    };
    paths.sort();
    Ok(paths)
}

fn write(path: &Path, text: &str) -> Result<(), HistoryError> {
    let failed = |error| HistoryError::File { path: path.to_owned(), error };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
