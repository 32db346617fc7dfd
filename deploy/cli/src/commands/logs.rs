//! `oneway logs`: shows the log of a part, and follows it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args;

use crate::{
    failure::{Failure, Result},
    stack::{folder::StateFolder, logs},
};

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Show the log of a service, or of kafka, registry, postgres or supervisor
#[derive(Debug, Args)]
pub struct Options {
    /// Whose log: a service, kafka, registry, postgres or supervisor
    service: String,

    /// Go on showing what is added, until Ctrl-C
    #[arg(long, short)]
    follow: bool,

    /// How many of the last lines to show
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    lines: usize,
}

/// Runs the command.
pub async fn run(options: &Options, state: &Path) -> Result<ExitCode> {
    let folder = StateFolder::open(state)?
        .ok_or_else(|| Failure::setup(format!("there is no state folder {}", state.display())))?;
    let path = folder.log(&options.service);
    let known = names(&folder);
    if !known.contains(&options.service) {
        return Err(Failure::setup(format!(
            "there is no log of {}: there are {}",
            options.service,
            known.join(", ")
        )));
    }
    let reading = || format!("cannot read {}", path.display());
    let mut file = File::open(&path).with_context(reading)?;
    let text = logs::tail(&mut file, 0, options.lines).with_context(reading)?;
    if show(text.as_bytes()).is_err() || !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    follow(file, &path).await.with_context(reading)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what is added, until nobody reads it any more.
async fn follow(mut file: File, path: &PathBuf) -> io::Result<()> {
    loop {
        let mut added = Vec::new();
        file.read_to_end(&mut added)?;
        if show(&added).is_err() {
            return Ok(());
        }
        // A new start may have set the file aside and begun another.
        if fs::metadata(path)
            .is_ok_and(|now| file.metadata().is_ok_and(|was| was.ino() != now.ino()))
        {
            file = File::open(path)?;
            continue;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn show(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes)?;
    out.flush()
}

fn names(folder: &StateFolder) -> Vec<String> {
    let entries = fs::read_dir(folder.logs()).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".log").map(str::to_owned))
        .collect();
    names.sort();
    names
}
