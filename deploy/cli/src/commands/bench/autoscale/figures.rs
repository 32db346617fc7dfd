//! What was seen at each rate of the load, and whether it is as it must be.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::anyhow;
use serde::Serialize;

use super::{
    SCALED,
    samples::{Sample, rates},
    schedule::{Schedule, Turn},
};
use crate::{
    bench::machine::{Machine, Versions},
    failure::{Failure, Result},
};

/// All of it.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    pub versions: Versions,
    /// Whether the optimised binaries were measured.
    pub release: bool,
    /// Records behind, for each instance.
    pub threshold: u64,
    /// Events in one transaction of the consumer.
    pub batch: u32,
    pub phases: Vec<Phase>,
    /// Each change of the number of instances, as `up` told it.
    pub changes: Vec<String>,
    /// The most instances there were.
    pub most: usize,
    /// How many there were at last.
    pub last: usize,
    /// Other services that had another process, or another number of them, at any time.
    pub touched: BTreeSet<String>,
    /// Orders that were accepted, and rows of the read model at last.
    pub created: u64,
    pub rows: u64,
    /// What the checks said that were not passed.
    pub violations: Vec<String>,
    #[serde(skip)]
    pub schedule: Schedule,
    #[serde(skip)]
    pub samples: Vec<Sample>,
}

/// The time at one rate.
#[derive(Debug, PartialEq, Serialize)]
pub struct Phase {
    /// Orders that came per second.
    pub rate: u32,
    pub seconds: f64,
    pub appended_per_second: f64,
    pub applied_per_second: f64,
    pub most_lag: u64,
    pub instances: Vec<usize>,
}

/// The time, by the rates of the load.
pub fn phases(samples: &[Sample], schedule: &Schedule) -> Vec<Phase> {
    let turns = schedule.turns();
    let ends = turns.iter().skip(1).map(|next| next.at.as_secs_f64());
    let phase = |(turn, end): (&Turn, f64)| {
        let begin = turn.at.as_secs_f64();
        let inside = |sample: &&Sample| sample.seconds >= begin && sample.seconds < end;
        let seen: Vec<_> = samples.iter().filter(inside).collect();
        let (first, last) = (*seen.first()?, *seen.last()?);
        let [appended_per_second, applied_per_second] = rates(first, last);
        let mut instances: Vec<_> = seen.iter().map(|sample| sample.instances).collect();
        instances.dedup();
        Some(Phase {
            rate: turn.rate,
            seconds: last.seconds - first.seconds,
            appended_per_second,
            applied_per_second,
            most_lag: seen.iter().map(|sample| sample.lag).max()?,
            instances,
        })
    };
    turns.iter().zip(ends.chain([f64::INFINITY])).filter_map(phase).collect()
}

/// Other services that were not the same all the time.
pub fn touched(samples: &[Sample]) -> BTreeSet<String> {
    let Some(first) = samples.first() else { return BTreeSet::new() };
    let changed = samples.iter().flat_map(|sample| {
        let names = first.others.keys().chain(sample.others.keys());
        names.filter(|name| first.others.get(*name) != sample.others.get(*name))
    });
    changed.cloned().collect()
}

impl Figures {
    /// Fails when anything is not as it must be.
    pub fn verdict(&self) -> Result<()> {
        let Self { most, last, touched, created, rows, .. } = self;
        let mut wrong = self.violations.clone();
        if *most < 2 {
            wrong.push(format!(
                "one instance of {SCALED} was enough for as many orders as were accepted: choose a \
                 lower --threshold or --batch"
            ));
        }
        if *last != 1 {
            wrong.push(format!("{SCALED} has {last} instances at last, not one"));
        }
        if !touched.is_empty() {
            wrong.push(format!("other services did not stay the same: {touched:?}"));
        }
        if created != rows {
            wrong.push(format!("{created} orders were accepted, and there are {rows} rows"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Negative(anyhow!(wrong.join("\n")))) }
    }

    /// Under which conditions it was measured, in a line.
    pub fn conditions(&self) -> String {
        let Self { machine, release, threshold, batch, schedule, .. } = self;
        let cores = machine.cores.map_or_else(|| "?".to_owned(), |cores| cores.to_string());
        let rates: Vec<_> = schedule.turns().iter().map(|turn| turn.rate.to_string()).collect();
        format!(
            "{cores} cores for everything, {} binaries; {} orders/s over HTTP; {SCALED} with {batch} \
             event{} in a transaction; one more instance for each {threshold} records behind",
            if *release { "optimised" } else { "development" },
            rates.join(", "),
            if *batch == 1 { "" } else { "s" },
        )
    }
}

/// As a table.
pub fn text(figures: &Figures) -> String {
    let mut text = figures.conditions();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{:>8} {:>8} {:>11} {:>11} {:>9}  instances",
        "orders/s", "seconds", "appended/s", "applied/s", "most lag"
    );
    for phase in &figures.phases {
        let Phase { rate, seconds, appended_per_second, applied_per_second, .. } = phase;
        let instances = phase.instances.iter().map(ToString::to_string);
        let _ = writeln!(
            text,
            "{rate:>8} {seconds:>8.0} {appended_per_second:>11.0} {applied_per_second:>11.0} {:>9}  {}",
            phase.most_lag,
            instances.collect::<Vec<_>>().join(" → ")
        );
    }
    let Figures { changes, created, rows, touched, violations, .. } = figures;
    for change in changes {
        let _ = writeln!(text, "{change}");
    }
    let others = if touched.is_empty() { "the same processes throughout" } else { "NOT the same" };
    let checks = if violations.is_empty() { "clean" } else { "NOT clean" };
    let _ = write!(
        text,
        "{created} orders accepted, {rows} rows; other services: {others}; verify log and verify \
         read-model {SCALED}: {checks}"
    );
    text
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::{super::samples::tests::sample, *};
    use crate::bench::machine::Machine;

    /// A run in which all is well.
    pub fn figures() -> Figures {
        let samples = vec![
            sample(0.0, 0, 0, 1),
            sample(9.0, 90, 90, 1),
            sample(10.0, 110, 95, 1),
            sample(15.0, 200, 120, 3),
            sample(19.0, 280, 260, 3),
            sample(35.0, 300, 300, 3),
            sample(38.0, 400, 400, 2),
            sample(40.0, 500, 500, 1),
        ];
        let mut schedule = Schedule::new(10, Duration::from_secs(10));
        for count in 1..=samples.len() {
            schedule.turn(&samples[..count]);
        }
        Figures {
            machine: Machine::here(),
            versions: Versions {
                commit: None,
                rust: None,
                librdkafka: String::new(),
                kafka: None,
                kafka_streams: None,
                debezium: None,
            },
            release: false,
            threshold: 40,
            batch: 1,
            phases: phases(&samples, &schedule),
            changes: vec!["orders: 1 → 3, 80 records behind".into()],
            most: 3,
            last: 1,
            touched: touched(&samples),
            created: 500,
            rows: 500,
            violations: Vec::new(),
            schedule,
            samples,
        }
    }

    #[test]
    fn three_phases_and_a_clean_end() {
        let figures = figures();
        let [before, doubled, after] = figures.phases.as_slice() else { panic!("{figures:?}") };
        assert_eq!((before.rate, doubled.rate, after.rate), (10, 20, 5));
        assert_eq!(before.most_lag, 0);
        assert_eq!((before.appended_per_second, before.applied_per_second), (10.0, 10.0));
        assert_eq!((doubled.most_lag, &doubled.instances), (80, &vec![1, 3]));
        assert_eq!((doubled.seconds, doubled.applied_per_second), (9.0, 165.0 / 9.0));
        assert_eq!(after.instances, [3, 2, 1]);
        assert!(figures.verdict().is_ok());
        let text = text(&figures);
        assert!(text.contains("1 → 3, 80 records behind\n500 orders accepted, 500 rows"), "{text}");
    }

    #[test]
    fn whatever_is_wrong_is_named() {
        let mut others = figures().samples;
        others[3].others.insert("customers".into(), Some(8));
        others[4].others.insert("customers-2".into(), Some(9));
        let bad = Figures {
            most: 1,
            last: 2,
            rows: 499,
            touched: touched(&others),
            violations: vec!["verify says no".into()],
            ..figures()
        };
        let said = bad.verdict().unwrap_err().to_string();
        for wrong in [
            "verify says no",
            "choose a lower --threshold",
            "2 instances at last",
            r#"{"customers", "customers-2"}"#,
            "500 orders were accepted, and there are 499 rows",
        ] {
            assert!(said.contains(wrong), "{said}");
        }
    }
}
