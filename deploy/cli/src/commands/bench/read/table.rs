//! The figures for people.

use super::{Figures, Rate, Round};
use crate::bench::results::median;

/// As a table.
pub fn text(figures: &Figures) -> String {
    let Figures { events, orders, rounds, latency, release, .. } = figures;
    let profile = if *release { "optimised" } else { "development" };
    let mut lines = vec![
        format!(
            "{events} events of {orders} orders, {} rounds, {profile} binaries; medians",
            rounds.len()
        ),
        format!(
            "{:<22} {:>12} {:>8} {:>8} {:>16} {:>10}",
            "", "events/s", "× sql", "× drain", "CPU s/1 M events", "peak MiB"
        ),
    ];
    let mut row = |name: &str, of: fn(&Round) -> Rate| {
        let middle =
            |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value)).unwrap_or(f64::NAN);
        let rate = |round: &Round| of(round).events_per_second;
        let peak = rounds.iter().filter_map(|round| of(round).peak_mib).max_by(f64::total_cmp);
        lines.push(format!(
            "{name:<22} {:>12.0} {:>8.2} {:>8.2} {:>16.2} {:>10}",
            middle(&rate),
            middle(&|round| rate(round) / round.sql.events_per_second),
            middle(&|round| rate(round) / round.drain.events_per_second),
            middle(&|round| of(round).cpu_seconds_per_million),
            peak.map_or_else(String::new, |peak| format!("{peak:.0}")),
        ));
    };
    row("sql from memory", |round| round.sql);
    row("drain", |round| round.drain);
    row("orders, one instance", |round| round.one_instance);
    row("orders, two instances", |round| round.two_instances);
    lines.push(format!(
        "commit to row at {} events/s: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms ({} timed)",
        latency.events_per_second, latency.p50_ms, latency.p99_ms, latency.max_ms, latency.timed
    ));
    lines.join("\n")
}
