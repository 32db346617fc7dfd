//! What came of it.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde::Serialize;

use super::{ledger::Balance, reading::ReadPath};
use crate::verify;

/// The report of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// No promise was broken.
    pub clean: bool,
    /// From which all faults and commands followed.
    pub seed: u64,
    /// How long faults were done.
    pub seconds: f64,
    /// How often which fault was done.
    pub faults: BTreeMap<&'static str, u64>,
    /// Commands that were answered.
    pub commands: usize,
    /// Answers that were given, repeats among them.
    pub answers: u64,
    /// Requests that were sent.
    pub attempts: u64,
    /// Longest time in which no client at all had an answer, in seconds.
    pub longest_silence_seconds: f64,
    /// How long after the last fault everything was decided, in seconds.
    pub settled_after_seconds: f64,
    /// What clients saw that must not be.
    pub violations: Vec<String>,
    /// What the log says.
    pub log: verify::Report,
    /// What came of the read path, if it was part of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_path: Option<ReadPath>,
}

/// What is measured beside the answers.
#[derive(Debug)]
pub struct Measured {
    /// How long faults were done.
    pub hurt: Duration,
    /// How often which fault was done.
    pub faults: BTreeMap<&'static str, u64>,
    /// Requests that were sent.
    pub attempts: u64,
    /// Longest time without an answer to anybody.
    pub silence: Duration,
    /// From the last fault until everything was decided.
    pub settled: Duration,
}

impl Report {
    /// Of a run from a seed.
    pub fn new(
        seed: u64,
        measured: Measured,
        balance: Balance,
        log: verify::Report,
        read_path: Option<ReadPath>,
    ) -> Self {
        let Measured { hurt, faults, attempts, silence, settled } = measured;
        let reads_well = read_path.as_ref().is_none_or(|path| path.violations.is_empty());
        Self {
            clean: balance.violations.is_empty() && log.is_clean() && reads_well,
            seed,
            seconds: hurt.as_secs_f64(),
            faults,
            commands: balance.commands,
            answers: balance.answers,
            attempts,
            longest_silence_seconds: silence.as_secs_f64(),
            settled_after_seconds: settled.as_secs_f64(),
            violations: balance.violations,
            log,
            read_path,
        }
    }

    /// For people.
    pub fn as_text(&self) -> String {
        let mut text = String::new();
        let faults: u64 = self.faults.values().sum();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{faults} faults in {:.0} s (seed {}):", self.seconds, self.seed);
        for (name, count) in &self.faults {
            let _ = writeln!(text, "  {count:>5}  {name}");
        }
        let Self { commands, answers, attempts, .. } = self;
        let _ = writeln!(
            text,
            "{commands} commands, {answers} answers to {attempts} requests; longest silence \
             {:.1} s; everything decided {:.1} s after the last fault",
            self.longest_silence_seconds, self.settled_after_seconds
        );
        if let Some(path) = &self.read_path {
            let _ = write!(text, "{path}");
        }
        for violation in &self.violations {
            let _ = writeln!(text, "VIOLATION: {violation}");
        }
        let _ = writeln!(text, "\n{}", self.log.as_text());
        let _ = write!(
            text,
            "{}",
            if self.clean {
                "no promise was broken".to_owned()
            } else {
                format!("promises were BROKEN; `oneway chaos --seed {}` does it again", self.seed)
            }
        );
        text
    }
}
