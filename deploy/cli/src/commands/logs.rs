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
    report,
    stack::{
        document::{self, Stack},
        folder::StateFolder,
        logs,
    },
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
    let service = &options.service;
    let shared = shared(&folder, service)?;
    let known = names(&folder);
    if shared.is_none() && !known.contains(service) {
        return Err(Failure::setup(format!(
            "there is no log of {}: there are {}",
            options.service,
            known.join(", ")
        )));
    }
    let (path, mut voice) = match shared {
        Some((whole, path)) => {
            report::note(format_args!("{service} is part of {whole}: its lines in that log"));
            (path, Voice::of(service))
        }
        None => (folder.log(service), Voice::default()),
    };
    let reading = || format!("cannot read {}", path.display());
    let mut file = File::open(&path).with_context(reading)?;
    // Of those that are left over, the last.
    let most = if voice.is_of_all() { options.lines } else { usize::MAX };
    let text = logs::tail(&mut file, 0, most).with_context(reading)?;
    let text = String::from_utf8_lossy(&voice.heard(text.as_bytes())).into_owned();
    if show(logs::last_of(&text, options.lines).as_bytes()).is_err() || !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    follow(file, &path, voice).await.with_context(reading)?;
    Ok(ExitCode::SUCCESS)
}

/// Whose lines of a log are shown: those of all, or of one of the services that share it.
#[derive(Debug, Default)]
struct Voice {
    /// What such a line has, as text or as JSON.
    marks: Option<[String; 2]>,
    /// A line that has not come to its end.
    begun: Vec<u8>,
}

impl Voice {
    fn of(service: &str) -> Self {
        let (text, json) =
            (format!("service.name={service}}}"), format!("\"service.name\":\"{service}\""));
        Self { marks: Some([text, json]), begun: Vec::new() }
    }

    const fn is_of_all(&self) -> bool {
        self.marks.is_none()
    }

    /// What is to be shown of something that was added.
    fn heard(&mut self, added: &[u8]) -> Vec<u8> {
        let Some(marks) = &self.marks else { return added.to_vec() };
        self.begun.extend_from_slice(added);
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.begun.split_off(end);
        let whole = std::mem::replace(&mut self.begun, rest);
        let lines = whole.split_inclusive(|byte| *byte == b'\n');
        let own = lines.filter(|line| {
            let line = String::from_utf8_lossy(line);
            marks.iter().any(|mark| line.contains(mark))
        });
        own.collect::<Vec<_>>().concat()
    }
}

/// The process that a service of the running stack shares with others, and its log.
fn shared(folder: &StateFolder, service: &str) -> Result<Option<(String, PathBuf)>> {
    let stack: Option<Stack> = document::read(&folder.stack_file())
        .with_context(|| format!("cannot read {}", folder.root().display()))?;
    let service = stack.and_then(|mut stack| stack.services.remove(service));
    Ok(service.and_then(|service| Some((service.part_of?, service.process.log))))
}

/// Shows what is added, until nobody reads it any more.
async fn follow(mut file: File, path: &PathBuf, mut voice: Voice) -> io::Result<()> {
    loop {
        let mut added = Vec::new();
        file.read_to_end(&mut added)?;
        if show(&voice.heard(&added)).is_err() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_is_heard_line_by_line() {
        let mut all = Voice::default();
        assert_eq!(all.heard(b"x service"), b"x service");
        let mut orders = Voice::of("orders");
        let heard =
            |voice: &mut Voice, added: &str| String::from_utf8(voice.heard(added.as_bytes()));
        assert_eq!(
            heard(&mut orders, "INFO role{service.name=orders}: a\nINFO ro").unwrap(),
            "INFO role{service.name=orders}: a\n"
        );
        let rest = "le{service.name=orders}: b\nrole{service.name=orders-2}: c\n";
        assert_eq!(heard(&mut orders, rest).unwrap(), "INFO role{service.name=orders}: b\n");
        let json = "{\"span\":{\"service.name\":\"orders\",\"name\":\"role\"}}\n";
        assert_eq!(heard(&mut orders, json).unwrap(), json);
    }
}
