//! Times what happens in a window that begins after a warm-up.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::bail;
use serde::{Deserialize, Serialize};

use crate::bench::cpu::{Since, Watched};

/// What was measured at one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// How many commands were under way at once.
    pub outstanding: usize,
    /// How many were answered in the window.
    pub commands: usize,
    /// Length of the window.
    pub seconds: f64,
    /// Answered commands per second.
    pub commands_per_second: f64,
    /// Milliseconds from the call that sends a command to its outcome: half of the commands took
    /// no longer.
    pub p50_ms: f64,
    /// As above, 99 of 100.
    pub p99_ms: f64,
    /// As above, all.
    pub max_ms: f64,
    /// CPU seconds spent in the window, by process.
    pub cpu_seconds: BTreeMap<String, f64>,
}

/// The phases of one load.
#[derive(Debug)]
pub struct Clock {
    begin: Instant,
    end: Instant,
    watched: Vec<Watched>,
    /// CPU time from the begin, once the window has begun.
    cpu: Option<Since>,
    /// CPU seconds in the window, once it has ended, and when that was seen.
    spent: Option<(BTreeMap<String, f64>, Instant)>,
    began: Instant,
    latencies: Vec<u32>,
}

impl Clock {
    /// Starts with the warm-up.
    pub fn new(warm_up: Duration, window: Duration, watched: &[Watched]) -> Self {
        let begin = Instant::now() + warm_up;
        let latencies = Vec::with_capacity(1 << 16);
        let (cpu, spent) = (None, None);
        let watched = watched.to_vec();
        Self { begin, end: begin + window, watched, cpu, spent, began: begin, latencies }
    }

    /// Looks at the time; false when the window has ended. To be asked at least every few
    /// milliseconds.
    pub fn goes_on(&mut self, now: Instant) -> bool {
        if self.spent.is_some() {
            return false;
        }
        if self.cpu.is_none() && now >= self.begin {
            let watched = self.watched.iter().map(|watched| (watched.name.as_str(), watched.pid));
            self.cpu = Some(Since::now(watched.chain([("driver", std::process::id())])));
            self.began = now;
        }
        if now >= self.end {
            let cpu = self.cpu.take();
            self.spent = Some((cpu.map(|cpu| cpu.spent()).unwrap_or_default(), now));
        }
        self.spent.is_none()
    }

    /// Notes an answer to what was sent at a moment.
    pub fn note(&mut self, sent: Instant, now: Instant) {
        if self.cpu.is_some() {
            let micros = now.saturating_duration_since(sent).as_micros();
            self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    /// What was measured, after the window.
    pub fn measured(mut self, outstanding: usize) -> anyhow::Result<Measured> {
        let Some((cpu_seconds, ended)) = self.spent else { bail!("the window has not ended") };
        if self.latencies.is_empty() {
            bail!("no command was answered in the window at {outstanding} outstanding");
        }
        self.latencies.sort_unstable();
        let seconds = ended.saturating_duration_since(self.began).as_secs_f64();
        let commands = self.latencies.len();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 commands")]
        let commands_per_second = commands as f64 / seconds;
        Ok(Measured {
            outstanding,
            commands,
            seconds,
            commands_per_second,
            p50_ms: quantile(&self.latencies, 50),
            p99_ms: quantile(&self.latencies, 99),
            max_ms: quantile(&self.latencies, 100),
            cpu_seconds,
        })
    }
}

/// The smallest value that so many percent of the sorted values do not exceed, in milliseconds.
pub fn quantile(sorted: &[u32], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let sorted: Vec<u32> = (1..=200).map(|n| n * 1_000).collect();
        assert_eq!(quantile(&sorted, 50), 100.0);
        assert_eq!(quantile(&sorted, 99), 198.0);
        assert_eq!(quantile(&sorted, 100), 200.0);
        assert_eq!(quantile(&[7_000], 1), 7.0);
    }

    #[test]
    fn only_the_window_counts() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let me = Watched { name: "me".into(), pid: std::process::id() };
        let mut clock = Clock::new(second, 2 * second, &[me]);
        assert!(clock.goes_on(start));
        clock.note(start, start + second / 2);
        let at = |tenths: u32| start + second * tenths / 10;
        assert!(clock.goes_on(at(11)));
        for tenth in 0..4 {
            clock.note(at(11), at(12 + tenth));
        }
        assert!(!clock.goes_on(at(31)));
        clock.note(at(11), at(40));
        // Others may still ask.
        assert!(!clock.goes_on(at(40)));
        clock.note(at(11), at(40));
        let measured = clock.measured(8).unwrap();
        assert_eq!((measured.outstanding, measured.commands), (8, 4));
        assert!((measured.seconds - 2.0).abs() < 1e-6, "{measured:?}");
        assert!((measured.commands_per_second - 2.0).abs() < 1e-6, "{measured:?}");
        assert_eq!((measured.p50_ms, measured.max_ms), (200.0, 400.0));
        assert_eq!(measured.cpu_seconds.keys().collect::<Vec<_>>(), ["driver", "me"]);
    }

    #[test]
    fn an_empty_window_is_no_measurement() {
        let mut clock = Clock::new(Duration::ZERO, Duration::ZERO, &[]);
        assert!(!clock.goes_on(Instant::now()));
        assert!(clock.measured(1).is_err());
    }
}
