//! `oneway schemas breaking --against`: earlier versions from elsewhere.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::anyhow;
use event_log::Registry;
use schema_workflow::{
    breaking::{Earlier, breaking as compare},
    finding::Finding,
    history::{Folder, Message},
    rules,
    source::Source,
};

use super::{Files, files::unusable, register::refused, subject_name};
use crate::{
    commands::cluster::Cluster,
    failure::{Failure, Result},
};

/// Earlier versions by the name of their message, oldest first.
type Versions = BTreeMap<String, Vec<Earlier>>;

/// Runs the command.
pub async fn breaking(against: &str, files: &Files, cluster: Cluster, state: &Path) -> Result<()> {
    let folder = files.read()?;
    let versions = match against {
        "registry" => of_registry(&folder, cluster, state).await?,
        dir if Path::new(dir).is_dir() => of_folder(Path::new(dir))?,
        revision => of_git(&folder, revision)?,
    };
    if versions.is_empty() {
        return Err(Failure::setup(format!("there are no schemas in {against}")));
    }
    let mut findings = Vec::new();
    for (name, earlier) in &versions {
        match folder.messages.get(name).and_then(|message| message.now.as_ref()) {
            Some(now) => findings.extend(compare(earlier, now)),
            None => findings.extend(earlier.last().map(gone)),
        }
    }
    let count: usize = versions.values().map(Vec::len).sum();
    files.tell(&findings, &format!("nothing breaks any of {count} versions of {against}"))
}

fn gone(earlier: &Earlier) -> Finding {
    let message = "is not among the files any more".to_owned();
    Finding::new(&rules::SUBJECT_GONE, &earlier.source, 0, "", message)
}

async fn of_registry(folder: &Folder, cluster: Cluster, state: &Path) -> Result<Versions> {
    let settings = cluster.settings(state)?;
    let registry = Registry::of(&settings);
    let mut all = Versions::new();
    for Message { name, subject, .. } in folder.messages.values() {
        let Some(subject) = subject else { continue };
        let subject = subject_name(&settings, subject);
        let versions = registry.versions(&subject).await.map_err(refused)?;
        let earlier = versions.into_iter().map(|version| {
            let label = format!("version {} of the registry", version.version);
            let path = PathBuf::from(format!("{subject}@{}", version.version));
            Earlier { label, source: Source { path, text: version.schema } }
        });
        all.insert(name.clone(), earlier.collect());
    }
    all.retain(|_, versions| !versions.is_empty());
    Ok(all)
}

/// Of a folder as ours is, or as its `avro` is.
fn of_folder(dir: &Path) -> Result<Versions> {
    let root = if dir.join("avro").is_dir() {
        dir
    } else if dir.file_name().is_some_and(|name| name == "avro") {
        dir.parent().unwrap_or(dir)
    } else {
        return Err(Failure::setup(format!("there is no folder avro in {}", dir.display())));
    };
    let other = Folder::read(root, Path::new("")).map_err(unusable)?;
    let label = dir.display().to_string();
    let versions = other.messages.into_iter().map(|(name, message)| {
        let mut earlier = message.earlier();
        let now =
            message.now.filter(|now| message.revisions.last().is_none_or(|r| r.text != now.text));
        earlier.extend(now.map(|source| Earlier { label: label.clone(), source }));
        (name, earlier)
    });
    Ok(versions.collect())
}

/// Of the files at a git revision.
fn of_git(folder: &Folder, revision: &str) -> Result<Versions> {
    let list = git(folder, &["ls-tree", "-r", "--name-only", revision, "avro"])?;
    let mut all = Versions::new();
    for path in list.lines().filter(|path| path.ends_with(".avsc")) {
        let name = path.trim_start_matches("avro/").trim_end_matches(".avsc").to_owned();
        let text = git(folder, &["show", &format!("{revision}:./{path}")])?;
        let source = Source { path: PathBuf::from(format!("{revision}:{path}")), text };
        all.entry(name).or_default().push(Earlier { label: revision.to_owned(), source });
    }
    Ok(all)
}

fn git(folder: &Folder, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(folder.root()).args(arguments).output();
    let output = output.map_err(|error| Failure::setup(format!("cannot run git: {error}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::Setup(anyhow!(
            "git says: {words}; name a git revision, `registry`, or a folder"
        )));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::Internal(error.into()))
}
