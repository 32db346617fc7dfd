//! Whether all of it is there, as it was written.

use std::path::{Path, PathBuf};

use super::{manifest::Manifest, piece};
use crate::{
    failure::{Failure, Result},
    progress::Progress,
    report::print,
};

/// Runs the command.
pub async fn run(folder: PathBuf) -> Result<()> {
    let manifest = Manifest::read(&folder)?;
    let text = format!(
        "whole: {} records and {} schemas of namespace '{}', as of {}",
        manifest.records(),
        manifest.schemas.len(),
        manifest.namespace,
        manifest.taken_at
    );
    let checking = tokio::task::spawn_blocking(move || check(&folder, &manifest));
    checking.await.map_err(|panic| Failure::Internal(panic.into()))??;
    print(text);
    Ok(())
}

/// Reads all of it. Blocks.
pub fn check(folder: &Path, manifest: &Manifest) -> Result<()> {
    let mut progress = Progress::new(manifest.records(), "records checked", false);
    for copy in &manifest.partitions {
        copy.place()?;
        for record in piece::read(folder, copy) {
            record?;
            progress.step();
        }
    }
    progress.finish();
    Ok(())
}
