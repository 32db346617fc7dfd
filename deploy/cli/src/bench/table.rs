//! The results for people.

use std::{
    collections::BTreeSet,
    fmt::{self, Display, Write},
};

use crate::bench::results::{Results, Score};

/// Prints all but the single rounds.
pub fn text(results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut text, results);
    let _ = body(&mut text, &results.contenders);
    text.trim_end().to_owned()
}

fn head(text: &mut String, results: &Results) -> fmt::Result {
    let Results { machine, versions, settings, record_bytes: bytes, duration_seconds, .. } =
        results;
    let cpu = known(machine.cpu.as_ref());
    let (cores, memory) = (known(machine.cores.as_ref()), known(machine.memory_mib.as_ref()));
    let load = known(machine.load_before.as_ref());
    writeln!(text, "machine   {cpu}, {cores} cores, {memory} MiB; load before {load}")?;
    writeln!(
        text,
        "versions  oneway {}, {}, librdkafka {}, Kafka {}, Kafka Streams {}",
        known(versions.commit.as_ref()),
        known(versions.rust.as_ref()),
        versions.librdkafka,
        known(versions.kafka.as_ref()),
        known(versions.kafka_streams.as_ref()),
    )?;
    writeln!(
        text,
        "records   command {} B -> event {} B + state {} B + outcome {} B (keys, headers, payloads)",
        bytes.command, bytes.event, bytes.state, bytes.outcome
    )?;
    writeln!(
        text,
        "measured  medians of {} rounds of {} s after {} s warm-up ({} s at each start); {} binaries; \
         {duration_seconds:.0} s in all",
        settings.rounds,
        settings.seconds,
        settings.warm_up_seconds,
        settings.first_warm_up_seconds,
        if settings.release { "optimised" } else { "development" },
    )
}

fn body(text: &mut String, scores: &[Score]) -> fmt::Result {
    writeln!(text)?;
    writeln!(
        text,
        "outstanding  contender        commands/s  of limit   p50 ms   p99 ms   max ms  CPU s per million commands"
    )?;
    let loads = scores.iter().flat_map(|score| score.loads.iter().map(|load| load.outstanding));
    for outstanding in loads.collect::<BTreeSet<_>>() {
        for score in scores {
            let Some(load) = score.loads.iter().find(|load| load.outstanding == outstanding) else {
                continue;
            };
            let median = &load.median;
            let of_limit = median.of_limit.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}"));
            let cpu = median.cpu_seconds_per_million.iter();
            let cpu: Vec<_> = cpu.map(|(name, seconds)| format!("{name} {seconds:.1}")).collect();
            writeln!(
                text,
                "{outstanding:>11}  {:<15}  {:>10.0}  {of_limit:>8}  {:>7.1}  {:>7.1}  {:>7.1}  {}",
                score.name,
                median.commands_per_second,
                median.p50_ms,
                median.p99_ms,
                median.max_ms,
                cpu.join(", "),
            )?;
        }
    }
    for score in scores.iter().filter(|score| !score.settings.is_empty()) {
        let settings = score.settings.iter().map(|(name, value)| format!("{name}={value}"));
        writeln!(text, "{}: {}", score.name, settings.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn known(value: Option<&impl Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}
