//! `oneway up --detach`: the same command again, in a session of its own, with its output in a log.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use nix::{sys::signal::Signal, unistd::setsid};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use super::summary;
use crate::{
    failure::{Failure, Result},
    report::{self, Report},
    stack::{
        catalog::Service,
        document::{self, Stack},
        folder::StateFolder,
        logs, process,
        signals::Signals,
        spec::MARK,
    },
};

/// Name of the supervisor's log.
pub const LOG: &str = "supervisor";

/// How often the log and `stack.json` are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Whether this process is the one in the background.
pub fn is_this_process() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Leaves the terminal, so that neither its Ctrl-C nor its end reach this process.
pub fn begin() -> Result<Report> {
    setsid().context("cannot leave the terminal")?;
    Ok(Report::stamped())
}

/// Starts the background process, shows what it says, and returns once it is ready.
pub async fn launch(
    folder: &StateFolder,
    services: &[Service],
    signals: &mut Signals,
    report: &Report,
) -> Result<ExitCode> {
    let path = folder.log(LOG);
    let log = logs::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut shown = Shown { position: log.metadata().map_or(0, |found| found.len()), file: path };
    let mut child = spawn(log)?;
    let pid = child.id().context("the background process is gone already")?;
    let end = tokio::select! {
        end = until_ready(&mut child, pid, folder, &mut shown) => end?,
        () = signals.next() => {
            report.note("interrupted: stopping the background process");
            let _ = process::signal_child(pid, Signal::SIGTERM);
            End::Ended(child.wait().await.context("cannot wait for the background process")?)
        }
    };
    shown.more();
    match end {
        End::Ready(stack) => {
            report::print(summary::text(services, &stack));
            report.note(format_args!(
                "It runs in the background (pid {pid}): `cargo oneway down` stops it."
            ));
            Ok(ExitCode::SUCCESS)
        }
        // It has said why.
        End::Ended(status) => Ok(exit_code(status)),
    }
}

fn spawn(log: File) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let errors = log.try_clone().context("cannot share the log")?;
    let child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn();
    Ok(child.context("cannot start the background process")?)
}

/// How waiting for the background process ended.
enum End {
    Ready(Box<Stack>),
    Ended(ExitStatus),
}

/// Waits until it is ready or has ended. It has deadlines for all it does.
async fn until_ready(
    child: &mut Child,
    pid: u32,
    folder: &StateFolder,
    shown: &mut Shown,
) -> Result<End> {
    loop {
        shown.more();
        let stack = document::read::<Stack>(&folder.stack_file()).ok().flatten();
        if let Some(stack) = stack.filter(|stack| stack.supervisor_pid == pid) {
            return Ok(End::Ready(Box::new(stack)));
        }
        tokio::select! {
            ended = child.wait() => {
                return Ok(End::Ended(ended.context("cannot wait for the background process")?));
            }
            () = sleep(LOOK) => {}
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or_else(|| Failure::Interrupted.exit_code(), ExitCode::from)
}

/// What was shown so far of the background process's log.
struct Shown {
    file: std::path::PathBuf,
    position: u64,
}

impl Shown {
    fn more(&mut self) {
        let mut text = Vec::new();
        let read = File::open(&self.file).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.position))?;
            file.read_to_end(&mut text)
        });
        if let Ok(read) = read {
            self.position += u64::try_from(read).unwrap_or_default();
            // Nobody to read it is no reason to stop.
            let _ = io::stderr().write_all(&text);
        }
    }
}
