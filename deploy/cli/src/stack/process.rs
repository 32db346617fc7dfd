//! Identity and signals of processes. A pid alone names nobody for long: with its start time it does.

use std::{io, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// How often a process that is not our child is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// One process, for as long as this machine runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its number, to be used again once it is gone.
    pub pid: u32,
    /// When it started, in the words of the operating system.
    pub started: String,
}

impl Identity {
    /// Who has this pid now; none when nobody has, or only a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        start_time(pid).map(|started| Self { pid, started })
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        start_time(self.pid).is_some_and(|started| started == self.started)
    }

    /// Asks it to stop; true when it got the signal.
    ///
    /// # Errors
    /// When the process belongs to somebody else.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        if !self.is_alive() {
            return Ok(false);
        }
        delivered(kill(raw(self.pid), signal))
    }

    /// Ends it and its children at once.
    ///
    /// # Errors
    /// When the process belongs to somebody else.
    pub fn kill_group(&self) -> io::Result<bool> {
        if self.is_alive() { kill_group(self.pid) } else { Ok(false) }
    }

    /// True once it is gone, false when it still runs at the deadline.
    pub async fn gone_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    }
}

/// Signals a child of ours that was not reaped yet, so that its pid is surely still its own.
pub fn signal_child(pid: u32, signal: Signal) -> io::Result<bool> {
    delivered(kill(raw(pid), signal))
}

/// Ends a process group that we made.
pub fn kill_group(leader: u32) -> io::Result<bool> {
    signal_group(leader, Signal::SIGKILL)
}

/// Signals a process group that we made.
pub fn signal_group(leader: u32, signal: Signal) -> io::Result<bool> {
    delivered(killpg(raw(leader), signal))
}

fn delivered(result: nix::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn raw(pid: u32) -> Pid {
    // Pids stay far below 2^31; and no process has the largest number, should that ever change.
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

#[cfg(target_os = "linux")]
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks = parse_stat(&stat)?;
    // Ticks count from the boot, so that they name a process only together with it.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{}:{ticks}", boot.trim()))
}

/// The start time of a line of `/proc/<pid>/stat`, unless it is a zombie's. The command's name
/// comes in brackets and may hold anything, even brackets.
#[cfg(target_os = "linux")]
fn parse_stat(stat: &str) -> Option<&str> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    // Field 22; the state was field 3.
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)).flatten()
}

#[cfg(not(target_os = "linux"))]
fn start_time(pid: u32) -> Option<String> {
    let pid = pid.to_string();
    let output = std::process::Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid])
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    let (state, started) = line.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_nobody_else_is_us() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(!Identity { started: "long ago".into(), ..me.clone() }.is_alive());
        assert!(Identity::of(u32::MAX).is_none());
        assert!(!Identity { pid: u32::MAX, ..me }.signal(Signal::SIGTERM).unwrap());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn start_times_of_stat_lines() {
        let line = |state| {
            format!("7 (a ) b)) {state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 9 9")
        };
        assert_eq!(parse_stat(&line("S")), Some("4242"));
        assert_eq!(parse_stat(&line("Z")), None);
        assert_eq!(parse_stat("nonsense"), None);
    }
}
