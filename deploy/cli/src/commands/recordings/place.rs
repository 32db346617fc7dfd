//! How far a replay is: a small file beside the recording, so that one that was stopped is gone on
//! with, and nothing is sent twice by mistake.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::{Failure, Result};

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Id of the Kafka cluster that it is sent to.
    pub cluster: String,
    /// Prefix of the installation's topics there.
    pub namespace: String,
    /// Names the commands of this replay anew; absent when they keep their ids.
    pub as_new: Option<Uuid>,
    /// All lines up to this one are in the log.
    pub line: u64,
    /// That was the last one.
    pub is_done: bool,
}

/// Where the file is.
pub fn beside(recording: &Path) -> PathBuf {
    let mut name = recording.as_os_str().to_owned();
    name.push(".place");
    name.into()
}

/// Where to begin, having looked at what an earlier replay has left: `fresh` is the replay that is
/// wanted.
pub fn begin(file: &Path, fresh: Place, again: bool) -> Result<Place> {
    let shown = file.display();
    let text = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(fresh),
        text => text.with_context(|| format!("cannot read {shown}"))?,
    };
    if again {
        return Ok(fresh);
    }
    let left: Place = serde_json::from_slice(&text).map_err(|_| {
        Failure::setup(format!("{shown} is damaged: --again begins at the first line"))
    })?;
    let is_same = (&left.cluster, &left.namespace, left.as_new.is_some())
        == (&fresh.cluster, &fresh.namespace, fresh.as_new.is_some());
    match (is_same, left.is_done) {
        (true, false) => Ok(left),
        // Commands with their own ids change nothing when they come again.
        (_, true) if fresh.as_new.is_none() => Ok(fresh),
        (false, true) => Ok(fresh),
        (true, true) => Err(Failure::setup(format!(
            "it was replayed with new ids already, as {shown} says: --again does it once more"
        ))),
        (false, false) => Err(Failure::setup(format!(
            "another replay of it was stopped after line {}, to another installation or with other \
             ids, as {shown} says: finish that one, or begin anew with --again",
            left.line
        ))),
    }
}

impl Place {
    /// Keeps it: whole, or as it was before.
    pub fn store(&self, file: &Path) -> Result<()> {
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let text = serde_json::to_vec_pretty(self).context("cannot write how far the replay is")?;
        let stored = fs::write(&part, text).and_then(|()| fs::rename(&part, file));
        Ok(stored.with_context(|| format!("cannot write {}", file.display()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(as_new: bool) -> Place {
        let as_new = as_new.then(Uuid::now_v7);
        let (cluster, namespace) = ("abc".to_owned(), String::new());
        Place { cluster, namespace, as_new, line: 0, is_done: false }
    }

    #[test]
    fn what_was_stopped_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let file = beside(&folder.path().join("r.jsonl"));
        let begin = |fresh: &Place, again| begin(&file, fresh.clone(), again);
        let fresh = place(true);
        assert_eq!(begin(&fresh, false).unwrap(), fresh);
        let stopped = Place { line: 7, ..fresh.clone() };
        stopped.store(&file).unwrap();
        // With the ids that it began with.
        assert_eq!(begin(&place(true), false).unwrap(), stopped);
        assert!(begin(&place(false), false).unwrap_err().to_string().contains("after line 7"));
        let elsewhere = Place { cluster: "x".into(), ..place(true) };
        assert!(begin(&elsewhere, false).is_err());
        assert_eq!(begin(&elsewhere, true).unwrap(), elsewhere);
        Place { is_done: true, ..stopped }.store(&file).unwrap();
        assert!(begin(&place(true), false).unwrap_err().to_string().contains("--again"));
        let harmless = place(false);
        assert_eq!(begin(&harmless, false).unwrap(), harmless);
    }
}
