//! What came of it: for each contender and load every round, and of all rounds the medians.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bench::{
    clock::Measured,
    contender::Contender,
    machine::{Machine, Versions},
    sizes::Sizes,
};

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Results {
    pub machine: Machine,
    pub versions: Versions,
    pub settings: Settings,
    /// Bytes of the records of one command.
    pub record_bytes: Sizes,
    pub contenders: Vec<Score>,
    /// How long the whole took.
    pub duration_seconds: f64,
}

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    pub rounds: usize,
    pub seconds: f64,
    pub warm_up_seconds: f64,
    pub first_warm_up_seconds: f64,
    /// Whether the optimised binaries were measured.
    pub release: bool,
}

/// A contender's results.
#[derive(Debug, Serialize)]
pub struct Score {
    pub name: &'static str,
    /// What differs from the defaults of Kafka Streams.
    pub settings: BTreeMap<&'static str, &'static str>,
    pub loads: Vec<Load>,
}

/// One contender at one load.
#[derive(Debug, Serialize)]
pub struct Load {
    pub outstanding: usize,
    pub median: Median,
    pub rounds: Vec<Measured>,
}

/// Medians over the rounds.
#[derive(Debug, PartialEq, Serialize)]
pub struct Median {
    pub commands_per_second: f64,
    /// Of the ratios to the limit loop in the same round, when that was measured at this load.
    pub of_limit: Option<f64>,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// CPU seconds per million commands, by process.
    pub cpu_seconds_per_million: BTreeMap<String, f64>,
}

/// What each contender measured in each round, in the order of the rounds.
#[derive(Debug, Default)]
pub struct Rounds(BTreeMap<Contender, Vec<Vec<Measured>>>);

impl Rounds {
    /// Adds a contender's loads of one round.
    pub fn add(&mut self, contender: Contender, measured: Vec<Measured>) {
        self.0.entry(contender).or_default().push(measured);
    }

    /// Sums it all up.
    pub fn scores(&self) -> Vec<Score> {
        let settings =
            |contender: Contender| contender.streams_settings().unwrap_or_default().iter().copied();
        let score = |(contender, rounds): (&Contender, &Vec<Vec<Measured>>)| Score {
            name: contender.name(),
            settings: settings(*contender).collect(),
            loads: self.loads(rounds),
        };
        self.0.iter().map(score).collect()
    }

    fn loads(&self, rounds: &[Vec<Measured>]) -> Vec<Load> {
        let outstanding = rounds.first().into_iter().flatten().map(|measured| measured.outstanding);
        let load = |outstanding| {
            let rounds = at(rounds, outstanding);
            let limits = self.0.get(&Contender::Limit).map(|limits| at(limits, outstanding));
            let median = Median::of(&rounds, &limits.unwrap_or_default());
            Load { outstanding, median, rounds }
        };
        outstanding.map(load).collect()
    }
}

/// What was measured at a load, by round.
fn at(rounds: &[Vec<Measured>], outstanding: usize) -> Vec<Measured> {
    rounds.iter().flatten().filter(|m| m.outstanding == outstanding).cloned().collect()
}

impl Median {
    /// Of some rounds, and of their ratios to the same rounds of the limit loop.
    fn of(rounds: &[Measured], limits: &[Measured]) -> Self {
        let over =
            |value: fn(&Measured) -> f64| median(rounds.iter().map(value)).unwrap_or(f64::NAN);
        let ratio = |(ours, limit): (&Measured, &Measured)| {
            ours.commands_per_second / limit.commands_per_second
        };
        Self {
            commands_per_second: over(|m| m.commands_per_second),
            of_limit: median(rounds.iter().zip(limits).map(ratio)),
            p50_ms: over(|m| m.p50_ms),
            p99_ms: over(|m| m.p99_ms),
            max_ms: over(|m| m.max_ms),
            cpu_seconds_per_million: cpu_per_million(rounds),
        }
    }
}

fn cpu_per_million(rounds: &[Measured]) -> BTreeMap<String, f64> {
    let names = rounds.first().into_iter().flat_map(|measured| measured.cpu_seconds.keys());
    let of = |name: &String| {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 commands")]
        let each = rounds
            .iter()
            .filter_map(|m| Some(m.cpu_seconds.get(name)? / m.commands as f64 * 1_000_000.0));
        Some((name.clone(), median(each)?))
    };
    names.filter_map(of).collect()
}

/// The middle value, or the mean of both; none of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(outstanding: usize, commands_per_second: f64) -> Measured {
        Measured {
            outstanding,
            commands: 1_000,
            seconds: 1.0,
            commands_per_second,
            p50_ms: 1.0,
            p99_ms: 2.0,
            max_ms: 3.0,
            cpu_seconds: [("kafka".to_owned(), 0.01)].into(),
        }
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn ratios_are_those_of_the_same_round_and_load() {
        let mut rounds = Rounds::default();
        // The machine was slow in the second round, for both.
        for (limit, ours) in [(100.0, 80.0), (10.0, 9.0), (100.0, 70.0)] {
            rounds.add(Contender::Limit, vec![measured(1, limit), measured(64, 1.0)]);
            rounds.add(Contender::Processor, vec![measured(1, ours), measured(512, 5.0)]);
        }
        let scores = rounds.scores();
        let [limit, processor] = scores.as_slice() else { panic!("{scores:?}") };
        assert_eq!((limit.name, processor.name), ("limit", "processor"));
        assert_eq!(limit.loads[0].median.of_limit, Some(1.0));
        let one = &processor.loads[0];
        assert_eq!((one.outstanding, one.rounds.len()), (1, 3));
        assert_eq!(one.median.of_limit, Some(0.8));
        assert_eq!(one.median.commands_per_second, 70.0);
        assert_eq!(one.median.cpu_seconds_per_million["kafka"], 10.0);
        assert_eq!(processor.loads[1].median.of_limit, None);
    }
}
