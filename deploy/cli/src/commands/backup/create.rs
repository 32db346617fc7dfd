//! Into the folder, going on where the last backup ended.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use event_log::{Settings, restore::PartitionReader};
use schemas::Timestamp;

use super::{
    copying::{Copying, New},
    manifest::{FORMAT, Manifest},
    registry,
    spans::{self, Span},
};
use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
    progress::Progress,
    report::{Report, print},
    stack::signals::Signals,
};

/// Runs the command.
pub async fn run(folder: PathBuf, settings: Settings) -> Result<()> {
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let make = create(&folder, &settings);
    tokio::select! {
        made = make => made,
        // What is not in the manifest is no part of the backup.
        () = signals.next() => Err(Failure::Interrupted),
    }
}

async fn create(folder: &Path, settings: &Settings) -> Result<()> {
    let lock = lock(folder)?;
    let report = Report::new();
    let step = report.step("copying what is new");
    let (path, cluster) = (folder.to_owned(), settings.clone());
    let copying = tokio::task::spawn_blocking(move || copy(&path, &cluster));
    let (mut manifest, new) = copying.await.map_err(|panic| Failure::Internal(panic.into()))??;
    step.done(&format!("{} records copied", new.records));
    let step = report.step("copying the schemas");
    manifest.schemas = registry::of_installation(settings).await?;
    for id in registry::unknown(&manifest.schemas, &new.schemas) {
        report.note(format!(
            "records name schema {id}, which the registry does not have for this installation: \
             nobody can read them, here or where they are restored"
        ));
    }
    step.done(&format!("{} schemas copied", manifest.schemas.len()));
    manifest.write(folder)?;
    drop(lock);
    print(format!(
        "{} records and {} schemas are in {}, as of {}",
        manifest.records(),
        manifest.schemas.len(),
        folder.display(),
        manifest.taken_at
    ));
    Ok(())
}

/// One backup at a time works on a folder.
fn lock(folder: &Path) -> Result<File> {
    let shown = folder.display();
    let open = || {
        fs::create_dir_all(folder)?;
        File::create(folder.join("lock"))
    };
    let file = open().with_context(|| format!("cannot write to {shown}"));
    let file = file.map_err(Failure::Setup)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Failure::setup(format!("another backup is being made in {shown}")))
        }
        Err(fs::TryLockError::Error(error)) => {
            Err(Failure::Internal(anyhow!(error).context(format!("cannot lock {shown}"))))
        }
    }
}

/// Copies all topics; the backup with what is new, yet without schemas. Blocks.
fn copy(folder: &Path, settings: &Settings) -> Result<(Manifest, New)> {
    let log = PartitionReader::new(settings).map_err(failed)?;
    let cluster = log.cluster_id();
    let cluster = cluster.ok_or_else(|| Failure::unavailable("no broker tells its cluster"))?;
    let namespace = settings.namespace.as_str().to_owned();
    let before = Manifest::find(folder)?;
    if let Some(before) = &before {
        check_same(folder, before, &namespace, &cluster)?;
    }
    let taken_at = Timestamp::now().to_string();
    let spans = spans::take(settings, &log)?;
    let known = |span: &Span| before.as_ref().and_then(|before| before.copy_of(span.at)).cloned();
    let left = |span: &Span| span.end - known(span).map_or(span.begin, |known| known.end);
    let total = spans.iter().map(|span| left(span).max(0).unsigned_abs()).sum();
    let mut copying = Copying::new(folder, Progress::new(total, "offsets copied", false));
    let mut partitions = Vec::with_capacity(spans.len());
    for span in &spans {
        partitions.push(copying.partition(&log, span, known(span))?);
    }
    let new = copying.finish();
    spans::settle(&mut partitions, &new.commands_done);
    let schemas = Vec::new();
    let manifest = Manifest { format: FORMAT, namespace, cluster, taken_at, schemas, partitions };
    Ok((manifest, new))
}

fn check_same(folder: &Path, before: &Manifest, namespace: &str, cluster: &str) -> Result<()> {
    if (before.namespace.as_str(), before.cluster.as_str()) == (namespace, cluster) {
        return Ok(());
    }
    Err(Failure::setup(format!(
        "{} has a backup of namespace '{}' on cluster {}, and this is namespace '{namespace}' on \
         cluster {cluster}: back up into a folder of its own",
        folder.display(),
        before.namespace,
        before.cluster
    )))
}
