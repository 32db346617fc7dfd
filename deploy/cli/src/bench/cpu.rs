//! CPU time of processes, user and system, since they started.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// A process and what it is called in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Such as `kafka`.
    pub name: String,
    /// Which process.
    pub pid: u32,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.pid)
    }
}

impl FromStr for Watched {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('=').and_then(|(name, pid)| {
            let (name, pid) = (name.to_owned(), pid.parse().ok()?);
            Some(Self { name, pid })
        });
        parsed.ok_or_else(|| "write NAME=PID".to_owned())
    }
}

/// CPU time of processes since a moment.
#[derive(Clone, Debug)]
pub struct Since(Vec<(String, u32, f64)>);

impl Since {
    /// Of these, from now on.
    pub fn now<'a>(processes: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let processes = processes.into_iter();
        Self(processes.filter_map(|(name, pid)| Some((name.into(), pid, seconds(pid)?))).collect())
    }

    /// Seconds that each has taken since; without those that are gone.
    pub fn spent(&self) -> BTreeMap<String, f64> {
        let spent = self.0.iter();
        spent
            .filter_map(|(name, pid, before)| Some((name.clone(), seconds(*pid)? - before)))
            .collect()
    }
}

/// CPU seconds of a process; none when it is gone, or where the system keeps no such files.
pub fn seconds(pid: u32) -> Option<f64> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Linux tells times to programs in hundredths of a second, whatever it counts in itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// Fields 14 and 15 of a line of `/proc/<pid>/stat`. The command's name, field 2, comes in brackets
/// and may hold anything.
fn parse(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_of_a_line() {
        let line = "7 (a ) b)) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 1 0 4242 9 9";
        assert_eq!(parse(line), Some(3.0));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn watched_processes_survive_the_command_line() {
        let kafka = Watched { name: "kafka".into(), pid: 7 };
        assert_eq!(kafka.to_string().parse(), Ok(kafka));
        assert!("kafka".parse::<Watched>().is_err());
    }
}
