//! What can be said of the files alone.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use schema_workflow::{
    finding::{Finding, Format as Form, report},
    history::{Folder, HistoryError},
    rules,
};

use super::{Files, Format};
use crate::{
    failure::{Failure, Result},
    report::print,
    workspace::Workspace,
};

impl Files {
    /// Reads them. Paths are told from where the command runs.
    pub fn read(&self) -> Result<Folder> {
        folder(self.dir.as_deref())
    }

    /// Tells what was found; an error when that is anything.
    pub fn tell(&self, findings: &[Finding], well: &str) -> Result<()> {
        if !findings.is_empty() || self.format != Format::Text {
            print(report(findings, self.format.into()));
        }
        match findings.len() {
            0 if self.format == Format::Text => {
                print(well);
                Ok(())
            }
            0 => Ok(()),
            1 => {
                Err(Failure::Negative(anyhow!("1 finding; `oneway schemas explain RULE` says why")))
            }
            n => Err(Failure::Negative(anyhow!(
                "{n} findings; `oneway schemas explain RULE` says why"
            ))),
        }
    }
}

/// Reads the schemas' folder, that of the workspace unless it is told.
pub fn folder(dir: Option<&Path>) -> Result<Folder> {
    let root = match dir {
        Some(dir) => dir.to_owned(),
        None => Workspace::find()?.root().join("schemas"),
    };
    if !root.join("avro").is_dir() {
        let sentence =
            format!("there is no folder {}: name it by --dir", root.join("avro").display());
        return Err(Failure::setup(sentence));
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::new());
    Folder::read(&root, &here).map_err(unusable)
}

/// Turns a folder that cannot be used into the end of a command.
pub fn unusable(error: HistoryError) -> Failure {
    Failure::Setup(error.into())
}

/// `lint`.
pub fn lint(files: &Files) -> Result<()> {
    let folder = files.read()?;
    files
        .tell(&folder.lint(), &format!("{} schemas are as the rules demand", folder.messages.len()))
}

/// `breaking` against every locked revision.
pub fn breaking(files: &Files) -> Result<()> {
    let folder = files.read()?;
    let revisions: usize = folder.messages.values().map(|message| message.revisions.len()).sum();
    let well =
        format!("{} schemas break none of their {revisions} revisions", folder.messages.len());
    files.tell(&folder.breaking(), &well)
}

/// `check` without the registry.
pub fn check(files: &Files) -> Result<()> {
    let folder = files.read()?;
    let mut findings = folder.lint();
    findings.extend(folder.breaking());
    findings.extend(folder.check());
    files.tell(
        &findings,
        &format!("{} schemas are locked, and break nothing", folder.messages.len()),
    )
}

/// `lock`.
pub fn lock(files: &Files, dry_run: bool) -> Result<()> {
    let mut folder = files.read()?;
    let mut findings = folder.lint();
    findings.extend(folder.breaking());
    let open = |finding: &Finding| finding.rule == &rules::NOT_LOCKED;
    findings.extend(folder.check().into_iter().filter(|finding| !open(finding)));
    if !findings.is_empty() {
        print(report(&findings, Form::Text));
        return Err(Failure::Negative(anyhow!("nothing was locked: {} findings", findings.len())));
    }
    let open: Vec<_> = folder.open().map(|message| message.name.clone()).collect();
    if open.is_empty() {
        print("every schema is locked");
        return Ok(());
    }
    if dry_run {
        open.iter().for_each(|name| print(format_args!("would lock {name}")));
        return Ok(());
    }
    for entry in folder.lock_open().map_err(unusable)? {
        print(format_args!("locked {} as revision {}", entry.record, entry.revision));
    }
    Ok(())
}

/// `explain`.
pub fn explain(rule: Option<&str>) -> Result<()> {
    let Some(name) = rule else {
        let width = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
        for rule in rules::ALL {
            print(format_args!("{:width$}  {}", rule.id, rule.title()));
        }
        return Ok(());
    };
    match rules::named(name) {
        Some(rule) => {
            print(rule.page().trim_end());
            Ok(())
        }
        None => Err(Failure::setup(format!(
            "there is no rule {name}: `oneway schemas explain` lists them"
        ))),
    }
}
