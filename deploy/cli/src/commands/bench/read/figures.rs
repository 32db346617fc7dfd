//! What was measured, and how it compares.

use serde::Serialize;

use crate::bench::{
    machine::{Machine, Versions},
    results::median,
};

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    pub events_per_second: f64,
    /// Of the process or processes that made the rows; ours since their start, a peer's since its
    /// first row: to start is not what a Java machine is good at.
    pub cpu_seconds_per_million: f64,
    /// The most memory that any of the processes had; absent for what runs inside of this command.
    pub peak_mib: Option<f64>,
}

/// One round.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    pub sql: Rate,
    pub drain: Rate,
    pub one_instance: Rate,
    pub two_workers: Rate,
    pub two_instances: Rate,
    pub rebuild: Rate,
    /// With peers.
    pub debezium: Option<Debezium>,
}

/// The sink, from an empty table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Debezium {
    pub one_task: Rate,
    pub two_tasks: Rate,
}

/// How long after its commit an event shows in its row: milliseconds from the return of the commit
/// until a query sees it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    pub events_per_second: u32,
    pub timed: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// The same of all.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    pub orders: Latency,
    /// The least that the way takes.
    pub bare_loop: Latency,
    /// With peers.
    pub debezium: Option<Latency>,
}

/// Ours divided by theirs: medians of the ratios of the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ratio {
    pub events_per_second: f64,
    pub cpu_seconds_per_million: f64,
    pub peak_mib: f64,
}

/// Ours divided by theirs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencyRatio {
    pub p50: f64,
    pub p99: f64,
}

/// How orders compares.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ratios {
    pub latency_to_bare_loop: LatencyRatio,
    /// With peers.
    pub latency_to_debezium: Option<LatencyRatio>,
    pub one_worker_to_one_task: Option<Ratio>,
    pub two_workers_to_two_tasks: Option<Ratio>,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    pub versions: Versions,
    pub events: usize,
    pub orders: usize,
    pub release: bool,
    pub rounds: Vec<Round>,
    pub latency: Latencies,
    pub ratios: Ratios,
}

impl Ratios {
    /// Of what was measured.
    pub fn of(rounds: &[Round], latency: &Latencies) -> Self {
        let rate = |pair: fn(&Round, &Debezium) -> (Rate, Rate)| {
            let pairs = rounds.iter().filter_map(|round| Some(pair(round, &round.debezium?)));
            Ratio::of(&pairs.collect::<Vec<_>>())
        };
        let of = |theirs: &Latency| LatencyRatio {
            p50: latency.orders.p50_ms / theirs.p50_ms,
            p99: latency.orders.p99_ms / theirs.p99_ms,
        };
        Self {
            latency_to_bare_loop: of(&latency.bare_loop),
            latency_to_debezium: latency.debezium.as_ref().map(of),
            one_worker_to_one_task: rate(|round, theirs| (round.one_instance, theirs.one_task)),
            two_workers_to_two_tasks: rate(|round, theirs| (round.two_workers, theirs.two_tasks)),
        }
    }
}

impl Ratio {
    /// Of pairs of ours and theirs, each of one round.
    fn of(pairs: &[(Rate, Rate)]) -> Option<Self> {
        let middle =
            |of: fn(&Rate) -> f64| median(pairs.iter().map(|(ours, theirs)| of(ours) / of(theirs)));
        Some(Self {
            events_per_second: middle(|rate| rate.events_per_second)?,
            cpu_seconds_per_million: middle(|rate| rate.cpu_seconds_per_million)?,
            peak_mib: middle(|rate| rate.peak_mib.unwrap_or(f64::NAN))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rate(events_per_second: f64, cpu: f64, mib: f64) -> Rate {
        Rate { events_per_second, cpu_seconds_per_million: cpu, peak_mib: Some(mib) }
    }

    #[test]
    fn ratios_are_medians_of_those_of_the_rounds() {
        let theirs = rate(100.0, 20.0, 1_000.0);
        let pairs = [(rate(300.0, 1.0, 250.0), theirs), (rate(400.0, 2.0, 500.0), theirs)];
        let ratio = Ratio::of(&pairs).unwrap();
        assert_eq!((ratio.events_per_second, ratio.peak_mib), (3.5, 0.375));
        assert!(Ratio::of(&[]).is_none());
    }
}
