//! `oneway schemas status`: files, lock file, registry and topics side by side.

use std::collections::BTreeMap;

use anyhow::Context;
use event_log::Settings;
use schema_workflow::history::Folder;
use serde_json::{Value, json};

use super::{files, history, register, subject_name};
use crate::{failure::Result, report::print};

/// A subject, as each of the four has it.
struct Row {
    subject: String,
    /// What the file is to the lock file.
    file: &'static str,
    /// Revisions in the lock file.
    locked: usize,
    /// Version and id of each revision that the registry has.
    registered: Vec<(u32, u32)>,
    /// Versions there that are none of ours.
    foreign: usize,
    /// What is to do in the registry.
    open: Vec<String>,
    /// Records in the topics, by schema id; none when they were not looked at.
    records: Option<BTreeMap<u32, u64>>,
}

/// Runs the command.
pub async fn run(settings: &Settings, no_topics: bool, is_json: bool) -> Result<()> {
    let folder = files::folder(None)?;
    let standings = register::plan(settings).await?;
    let history = match no_topics {
        true => None,
        false => Some(history::scan(settings.clone(), false, is_json).await?),
    };
    let rows: Vec<_> = standings
        .into_iter()
        .map(|standing| row(settings, &folder, standing, history.as_ref()))
        .collect();
    if is_json {
        let rows: Value = rows.iter().map(Row::as_json).collect();
        print(serde_json::to_string_pretty(&rows).context("cannot print")?);
    } else {
        show(&rows);
    }
    Ok(())
}

fn row(
    settings: &Settings,
    folder: &Folder,
    standing: register::Standing,
    history: Option<&history::History>,
) -> Row {
    let is_it = |subject: &_| subject_name(settings, subject) == standing.subject;
    let message = folder.messages.values().find(|m| m.subject.as_ref().is_some_and(is_it));
    let subject = message.and_then(|message| message.subject);
    let file = match message {
        Some(message) if message.now.is_none() => "missing",
        Some(message) if message.is_open() => "changed",
        Some(_) => "locked",
        None => "missing",
    };
    let locked = subject
        .map_or(0, |subject| folder.lock.of(subject.topic.name(), subject.file.record).len());
    let versions = standing.revisions.iter().filter_map(|(_, version)| version.as_ref());
    let records = history.zip(subject).map(|(history, subject)| {
        let found = history.schemas.iter().filter(|((topic, _), found)| {
            *topic == subject.topic && found.record.as_deref() == Some(subject.file.record)
        });
        found.map(|((_, id), found)| (*id, found.records)).collect()
    });
    Row {
        file,
        locked,
        registered: versions.map(|version| (version.version, version.id)).collect(),
        foreign: standing.foreign.len(),
        open: standing.open(),
        records,
        subject: standing.subject,
    }
}

impl Row {
    fn as_json(&self) -> Value {
        let registered =
            self.registered.iter().map(|(version, id)| json!({ "version": version, "id": id }));
        json!({
            "subject": self.subject,
            "file": self.file,
            "lockedRevisions": self.locked,
            "registered": registered.collect::<Value>(),
            "foreignVersions": self.foreign,
            "toDo": self.open,
            "records": self.records,
        })
    }
}

fn show(rows: &[Row]) {
    let width = rows.iter().map(|row| row.subject.len()).max().unwrap_or(0);
    print(format_args!(
        "{:width$}  {:8} {:>6}  {:24}  topics",
        "subject", "file", "locked", "registry"
    ));
    for row in rows {
        let registered: Vec<_> =
            row.registered.iter().map(|(version, id)| format!("v{version} (id {id})")).collect();
        let registered = match registered.as_slice() {
            [] => "–".to_owned(),
            some => some.join(", "),
        };
        let records = match &row.records {
            None => "not looked at".to_owned(),
            Some(records) if records.is_empty() => "no records".to_owned(),
            Some(records) => {
                let each = records.iter().map(|(id, count)| format!("{count} of id {id}"));
                each.collect::<Vec<_>>().join(", ")
            }
        };
        print(format_args!(
            "{:width$}  {:8} {:>6}  {registered:24}  {records}",
            row.subject, row.file, row.locked
        ));
        row.open.iter().for_each(|what| print(format_args!("{:width$}  to do: {what}", "")));
        if row.foreign > 0 {
            print(format_args!("{:width$}  {} versions there are none of ours", "", row.foreign));
        }
    }
}
