//! The figures for people.

use super::figures::{Debezium, Figures, Latencies, LatencyRatio, Rate, Ratio, Ratios, Round};
use crate::bench::results::median;

/// As a table.
pub fn text(figures: &Figures) -> String {
    let Figures { events, orders, rounds, latency, ratios, release, .. } = figures;
    let profile = if *release { "optimised" } else { "development" };
    let mut lines = vec![
        format!(
            "{events} events of {orders} orders, {} rounds, {profile} binaries; medians",
            rounds.len()
        ),
        format!(
            "{:<24} {:>12} {:>8} {:>8} {:>16} {:>10}",
            "", "events/s", "× sql", "× drain", "CPU s/1 M events", "peak MiB"
        ),
    ];
    let mut row = |name, of: fn(&Round) -> Option<Rate>| lines.extend(rate(name, rounds, of));
    row("sql from memory", |round| Some(round.sql));
    row("drain", |round| Some(round.drain));
    row("orders", |round| Some(round.one_instance));
    row("orders, two workers", |round| Some(round.two_workers));
    row("orders, two instances", |round| Some(round.two_instances));
    row("orders, a rebuild", |round| Some(round.rebuild));
    row("debezium, one task", |round| round.debezium.map(|Debezium { one_task, .. }| one_task));
    row("debezium, two tasks", |round| round.debezium.map(|Debezium { two_tasks, .. }| two_tasks));
    let Ratios { one_worker_to_one_task, two_workers_to_two_tasks, .. } = ratios;
    lines.extend(one_worker_to_one_task.as_ref().map(|ratio| to("one worker", ratio)));
    lines.extend(two_workers_to_two_tasks.as_ref().map(|ratio| to("two workers", ratio)));
    lines.extend(timed(latency, ratios));
    lines.join("\n")
}

/// A line of medians; none when nothing was measured.
fn rate(name: &str, rounds: &[Round], of: fn(&Round) -> Option<Rate>) -> Option<String> {
    let measured: Vec<_> = rounds.iter().filter_map(|round| Some((of(round)?, round))).collect();
    let middle = |value: fn(&Rate, &Round) -> f64| {
        median(measured.iter().map(|(rate, round)| value(rate, round)))
    };
    let peak = measured.iter().filter_map(|(rate, _)| rate.peak_mib).max_by(f64::total_cmp);
    Some(format!(
        "{name:<24} {:>12.0} {:>8.2} {:>8.2} {:>16.2} {:>10}",
        middle(|rate, _| rate.events_per_second)?,
        middle(|rate, round| rate.events_per_second / round.sql.events_per_second)?,
        middle(|rate, round| rate.events_per_second / round.drain.events_per_second)?,
        middle(|rate, _| rate.cpu_seconds_per_million)?,
        peak.map_or_else(String::new, |peak| format!("{peak:.0}")),
    ))
}

fn to(workers: &str, ratio: &Ratio) -> String {
    format!(
        "orders with {workers} to debezium with as many tasks: {:.2} × the rate, {:.3} × the CPU \
         seconds, {:.3} × the memory",
        ratio.events_per_second, ratio.cpu_seconds_per_million, ratio.peak_mib
    )
}

fn timed(latency: &Latencies, ratios: &Ratios) -> Vec<String> {
    let Latencies { orders, bare_loop, debezium } = latency;
    let mut lines = vec![format!(
        "{:<24} {:>12} {:>8} {:>8} {:>8}",
        format!("at {} events/s, ms", orders.events_per_second),
        "p50",
        "p99",
        "most",
        "timed"
    )];
    let all = [("orders", Some(orders)), ("bare loop", Some(bare_loop))];
    for (name, latency) in all.into_iter().chain([("debezium", debezium.as_ref())]) {
        lines.extend(latency.map(|latency| {
            format!(
                "{name:<24} {:>12.1} {:>8.1} {:>8.1} {:>8}",
                latency.p50_ms, latency.p99_ms, latency.max_ms, latency.timed
            )
        }));
    }
    let Ratios { latency_to_bare_loop, latency_to_debezium, .. } = ratios;
    let to = |name, LatencyRatio { p50, p99 }: &LatencyRatio| {
        format!("orders to {name}: {p50:.2} × the p50, {p99:.2} × the p99")
    };
    lines.push(to("the bare loop", latency_to_bare_loop));
    lines.extend(latency_to_debezium.as_ref().map(|ratio| to("debezium", ratio)));
    lines
}
