//! Writes commands to a file.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use jiff::{civil::Date, tz::TimeZone};
use schemas::Timestamp;
use tokio::runtime::Handle;

use super::merge::{Found, Wanted, merge};
use crate::{
    commands::cluster::{Cluster, failed},
    failure::{Failure, Result},
    report::Report,
};

/// Most unreadable records that are shown one by one.
const SHOWN: u64 = 20;

/// Write commands to a file, a JSON object per line, in the order of their times
#[derive(Debug, Args)]
pub struct Options {
    /// The file; stdout without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "output")]
    force: bool,
    /// Only commands made then or later: a date (its midnight, UTC) or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Only commands made before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Only commands to this aggregate type, or to this one aggregate
    #[arg(long, value_name = "NAME or NAME/ID")]
    aggregate: Option<String>,
    /// Only commands of this actor
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Options { output, force, from, until, aggregate, actor, cluster } = options;
    let settings = cluster.settings(state)?;
    let (aggregate, aggregate_id) = match aggregate.as_deref().map(|a| a.split_once('/')) {
        Some(Some((name, id))) => (Some(name.to_owned()), Some(id.to_owned())),
        _ => (aggregate, None),
    };
    let wanted = Wanted { from, until, aggregate, aggregate_id, actor };
    let report = Report::new();
    let step = report.step("reading the commands topics");
    let runtime = Handle::current();
    let written = tokio::task::spawn_blocking(move || {
        let mut file = Output::create(output, force)?;
        let mut broken = None;
        let mut tally = Tally::default();
        let merged = merge(&settings, &runtime, &wanted, |found| {
            let taken = tally.take(&found, &mut file);
            broken = taken.err();
            broken.is_none()
        });
        merged.map_err(failed)?;
        match broken {
            Some(error) => Err(file.failed(error)),
            None => file.finish().map(|()| tally),
        }
    });
    let tally = written.await.map_err(|panic| Failure::Internal(panic.into()))??;
    step.done(&format!("{} commands written", tally.commands));
    for (place, reason) in &tally.unreadable {
        report.note(format!("left out: {place}: {reason}"));
    }
    if tally.left_out > 0 {
        report.note(format!("{} records are no commands and were left out", tally.left_out));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was written, and what was not.
#[derive(Debug, Default)]
struct Tally {
    commands: u64,
    left_out: u64,
    unreadable: Vec<(String, String)>,
}

impl Tally {
    fn take(&mut self, found: &Found, file: &mut Output) -> io::Result<()> {
        match &found.command {
            Ok(command) => {
                self.commands += 1;
                serde_json::to_writer(&mut file.writer, command)?;
                file.writer.write_all(b"\n")
            }
            Err(reason) => {
                self.left_out += 1;
                if self.left_out <= SHOWN {
                    let place = format!("{} offset {}", found.at.partition, found.at.offset);
                    self.unreadable.push((place, reason.clone()));
                }
                Ok(())
            }
        }
    }
}

/// Where it goes: a file gets its name when it is whole.
struct Output {
    writer: Box<dyn Write + Send>,
    file: Option<PathBuf>,
}

impl Output {
    fn create(file: Option<PathBuf>, force: bool) -> Result<Self> {
        let Some(file) = file else {
            return Ok(Self { writer: Box::new(BufWriter::new(io::stdout())), file: None });
        };
        if file.exists() && !force {
            let shown = file.display();
            return Err(Failure::setup(format!("{shown} exists: --force replaces it")));
        }
        let part = part(&file);
        let created = File::create(&part);
        let created = created.with_context(|| format!("cannot write {}", part.display()));
        let writer = BufWriter::new(created.map_err(Failure::Setup)?);
        Ok(Self { writer: Box::new(writer), file: Some(file) })
    }

    fn finish(mut self) -> Result<()> {
        if let Err(error) = self.writer.flush() {
            return Err(self.failed(error));
        }
        let Some(file) = &self.file else { return Ok(()) };
        let renamed = fs::rename(part(file), file);
        Ok(renamed.with_context(|| format!("cannot write {}", file.display()))?)
    }

    fn failed(self, error: io::Error) -> Failure {
        let name = self.file.as_ref().map_or("stdout".into(), |file| file.display().to_string());
        if let Some(file) = &self.file {
            // Half a recording is none; when it cannot be removed it still does not have the name.
            let _ = fs::remove_file(part(file));
        }
        Failure::Internal(anyhow::Error::new(error).context(format!("cannot write to {name}")))
    }
}

/// The name of a file that is not whole yet.
fn part(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A date or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let date = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    let date = date.ok_or("use YYYY-MM-DD or RFC 3339, such as 2026-11-20T10:00:00Z")?;
    Ok(date.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight() {
        assert_eq!(moment("2026-11-20"), moment("2026-11-20T00:00:00Z"));
        assert!(moment("2026-11-20T10:00:00+01:00").is_ok());
        assert!(moment("yesterday").is_err());
    }
}
