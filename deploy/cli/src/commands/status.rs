//! `oneway status`: what runs, where, and whether it is ready.

use std::{collections::BTreeMap, path::Path, process::ExitCode};

use anyhow::Context;
use clap::Args;
use consumer_runtime::metrics::{LAG, LAG_SECONDS};
use futures_util::future::join_all;
use serde::Serialize;

use crate::{
    failure::Result,
    report,
    stack::{
        document::{self, Process, Stack},
        folder::StateFolder,
        kafka,
        ledger::{Entry, Ledger},
        mail, memory, postgres, readiness, registry,
    },
};

/// Show what runs, where, and whether it is ready; exit with 1 when nothing runs
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// The whole answer.
#[derive(Debug, Serialize)]
struct Status {
    state_dir: String,
    /// `ready` from the moment when `stack.json` is there.
    state: &'static str,
    supervisor_pid: Option<u32>,
    parts: Vec<Part>,
}

/// One part of the stack.
#[derive(Debug, Serialize)]
struct Part {
    name: String,
    state: &'static str,
    pid: Option<u32>,
    restarts: u32,
    ready: bool,
    url: Option<String>,
    last_exit: Option<String>,
    /// Memory of its process; absent where the system does not say.
    resident_bytes: Option<u64>,
    /// How far a consumer is behind, as it tells itself; empty for other parts.
    lag: Vec<PartitionLag>,
}

/// How far one partition is behind.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct PartitionLag {
    topic: String,
    partition: i32,
    events: f64,
    /// Age of what was applied last, while there is more.
    seconds: f64,
}

/// Runs the command.
pub async fn run(options: &Options, state: &Path) -> Result<ExitCode> {
    let status = look(state).await?;
    let text = if options.json {
        serde_json::to_string_pretty(&status).context("cannot write the status as JSON")?
    } else {
        status.as_text()
    };
    report::print(text);
    let runs =
        status.parts.iter().any(|part| part.pid.is_some()) || status.supervisor_pid.is_some();
    Ok(if runs { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn look(state: &Path) -> Result<Status> {
    let state_dir = state.display().to_string();
    let Some(folder) = StateFolder::open(state)? else {
        return Ok(Status { state_dir, state: "absent", supervisor_pid: None, parts: Vec::new() });
    };
    let reading = || format!("cannot read {}", folder.root().display());
    let ledger = Ledger::read(&folder.ledger_file()).with_context(reading)?;
    let stack: Option<Stack> = document::read(&folder.stack_file()).with_context(reading)?;
    let alive: Vec<_> = ledger.alive().iter().map(|entry| entry.identity.pid).collect();
    let supervisor = ledger.supervisor.as_ref().filter(|identity| identity.is_alive());
    let state = match (supervisor, &stack) {
        (Some(_), Some(_)) => "ready",
        (Some(_), None) => "starting or stopping",
        (None, _) if !alive.is_empty() => "killed",
        (None, _) => "stopped",
    };
    let parts = match &stack {
        Some(stack) => parts(stack, &alive, supervisor.is_some()).await?,
        None => ledger.alive().into_iter().map(Part::of_entry).collect(),
    };
    Ok(Status { state_dir, state, supervisor_pid: supervisor.map(|identity| identity.pid), parts })
}

async fn parts(stack: &Stack, alive: &[u32], supervised: bool) -> Result<Vec<Part>> {
    let http = readiness::http_of(&stack.client_environment)?;
    let infrastructure = [
        (kafka::NAME, &stack.kafka_brokers),
        (registry::NAME, &stack.schema_registry_url),
        (postgres::NAME, &stack.database_url),
    ]
    .map(async |(name, url)| {
        let own = stack.infrastructure.get(name);
        let ready = match name {
            kafka::NAME => readiness::kafka_answers(url, &stack.client_environment).await,
            registry::NAME => readiness::answers(&http, &format!("{url}/subjects")).await,
            _ => match own {
                Some(part) => readiness::listens(part.port).await,
                // Not ours to log in to: its users will tell.
                None => true,
            },
        };
        // The address of somebody else's database may hold a secret, and that of a secure stack does.
        let is_open = own.is_some() && stack.client_environment.is_empty();
        let url = (is_open || name != postgres::NAME).then(|| url.clone());
        match own {
            Some(part) => Part::of_process(name, &part.process, alive, supervised, ready, url),
            None => Part::existing(name, ready, url),
        }
    });
    let mail = stack.infrastructure.get(mail::NAME).map(async |part| {
        let url = mail::api_url(part.port);
        let ready = readiness::listens(part.port).await;
        Part::of_process(mail::NAME, &part.process, alive, supervised, ready, Some(url))
    });
    let services = stack.services.iter().map(async |(name, service)| {
        let ready = readiness::answers(&http, &format!("{}/health/ready", service.admin_url)).await;
        let url = service.url.clone().or_else(|| Some(service.admin_url.clone()));
        let part = Part::of_process(name, &service.process, alive, supervised, ready, url);
        let metrics = readiness::text(&http, &format!("{}/metrics", service.admin_url)).await;
        Part { lag: lags(&metrics.unwrap_or_default()), ..part }
    });
    let (mut parts, mail, services) =
        tokio::join!(join_all(infrastructure), join_all(mail), join_all(services));
    parts.extend(mail.into_iter().chain(services));
    Ok(parts)
}

impl Part {
    fn of_process(
        name: &str,
        process: &Process,
        alive: &[u32],
        supervised: bool,
        ready: bool,
        url: Option<String>,
    ) -> Self {
        // A pid in the file counts only when the ledger knows that process to be alive.
        let pid = process.pid.filter(|pid| alive.contains(pid));
        let state = match pid {
            Some(_) => "running",
            None if supervised && process.last_exit.is_some() => "down",
            None => "gone",
        };
        let Process { restarts, last_exit, .. } = process.clone();
        Self {
            name: name.to_owned(),
            state,
            pid,
            restarts,
            ready: ready && pid.is_some(),
            url,
            last_exit,
            resident_bytes: pid.and_then(memory::resident_bytes),
            lag: Vec::new(),
        }
    }

    fn existing(name: &str, ready: bool, url: Option<String>) -> Self {
        let (name, state) = (name.to_owned(), "existing");
        let (pid, last_exit, resident_bytes, lag) = (None, None, None, Vec::new());
        Self { name, state, pid, restarts: 0, ready, url, last_exit, resident_bytes, lag }
    }

    fn of_entry(entry: &Entry) -> Self {
        let pid = entry.identity.pid;
        let resident_bytes = memory::resident_bytes(pid);
        Self {
            state: "running",
            pid: Some(pid),
            resident_bytes,
            ..Self::existing(&entry.name, false, None)
        }
    }
}

impl Part {
    /// How far it is behind in all: the sum of the records, and the longest of the times.
    fn lag_for_people(&self) -> String {
        if self.lag.is_empty() {
            return "-".to_owned();
        }
        let events: f64 = self.lag.iter().map(|lag| lag.events).sum();
        let seconds = self.lag.iter().map(|lag| lag.seconds).fold(0.0, f64::max);
        if events > 0.0 { format!("{events} ({seconds:.1} s)") } else { "0".to_owned() }
    }
}

/// What a consumer's metrics tell of its lag, partition by partition.
fn lags(metrics: &str) -> Vec<PartitionLag> {
    let of = |name: &str| {
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
        let figures = lines.filter_map(|line| {
            let (labels, value) = line.rsplit_once("} ")?;
            let label = |name: &str| {
                let value = labels.split(',').find_map(|label| label.strip_prefix(name))?;
                value.strip_prefix("=\"")?.strip_suffix('"')
            };
            let place = (label("topic")?.to_owned(), label("partition")?.parse::<i32>().ok()?);
            Some((place, value.parse::<f64>().ok()?))
        });
        figures.collect::<BTreeMap<_, _>>()
    };
    let seconds = of(LAG_SECONDS);
    let lags = of(LAG).into_iter().map(|((topic, partition), events)| {
        let seconds = seconds.get(&(topic.clone(), partition)).copied().unwrap_or_default();
        PartitionLag { topic, partition, events, seconds }
    });
    lags.collect()
}

/// For people.
fn mib(bytes: u64) -> String {
    (bytes / 1_048_576).to_string()
}

impl Status {
    fn as_text(&self) -> String {
        let Self { state_dir, state, supervisor_pid, parts } = self;
        let mut lines = vec![match supervisor_pid {
            Some(pid) => format!("{state_dir}: {state} (supervisor pid {pid})"),
            None if *state == "killed" => format!(
                "{state_dir}: the supervisor was killed; `cargo oneway down` stops what it left"
            ),
            None => format!("{state_dir}: nothing runs"),
        }];
        if !parts.is_empty() {
            let row = |cells: [&str; 8]| {
                let [name, state, pid, mib, restarts, ready, lag, url] = cells;
                let line = format!(
                    "{name:<24} {state:<9} {pid:>8} {mib:>6} {restarts:>8}  {ready:<6} {lag:<16} \
                     {url}"
                );
                line.trim_end().to_owned()
            };
            lines.push(row(["NAME", "STATE", "PID", "MIB", "RESTARTS", "READY", "LAG", "URL"]));
            lines.extend(parts.iter().map(|part| {
                let pid = part.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
                let ready = if part.ready { "yes" } else { "no" };
                let url = part.url.as_deref().unwrap_or("-");
                let mib = part.resident_bytes.map_or_else(|| "-".to_owned(), mib);
                let (restarts, lag) = (part.restarts.to_string(), part.lag_for_people());
                row([&part.name, part.state, &pid, &mib, &restarts, ready, &lag, url])
            }));
            // Those that share a process have its memory once.
            let each = parts.iter().filter_map(|part| Some((part.pid?, part.resident_bytes?)));
            let each: BTreeMap<_, _> = each.collect();
            if !each.is_empty() {
                let (count, all) = (each.len(), mib(each.values().sum()));
                lines.push(format!("processes: {count}, with {all} MiB of memory"));
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_parts() {
        let process = |pid, last_exit: Option<&str>| Process {
            pid,
            last_exit: last_exit.map(str::to_owned),
            ..Process::new("/x.log".into())
        };
        let state = |process: &Process, supervised| {
            let part = Part::of_process("orders", process, &[7], supervised, true, None);
            (part.state, part.ready)
        };
        assert_eq!(state(&process(Some(7), None), true), ("running", true));
        assert_eq!(state(&process(Some(7), None), false), ("running", true));
        assert_eq!(state(&process(Some(8), None), false), ("gone", false));
        assert_eq!(state(&process(None, Some("exit status: 64")), true), ("down", false));
    }

    #[test]
    fn lag_by_the_metrics_of_a_consumer() {
        let metrics = "# TYPE oneway_consumer_lag_events gauge\n\
            oneway_consumer_lag_events{topic=\"order.events\",partition=\"1\"} 7\n\
            oneway_consumer_lag_events{topic=\"order.events\",partition=\"0\"} 5\n\
            oneway_consumer_lag_seconds{topic=\"order.events\",partition=\"0\"} 2.25\n";
        let lag = lags(metrics);
        let told: Vec<_> = lag.iter().map(|lag| (lag.partition, lag.events, lag.seconds)).collect();
        assert_eq!(told, [(0, 5.0, 2.25), (1, 7.0, 0.0)]);
        let part = Part { lag, ..Part::existing("orders", true, None) };
        assert_eq!(part.lag_for_people(), "12 (2.2 s)");
        assert_eq!(Part::existing("kafka", true, None).lag_for_people(), "-");
        assert_eq!(lags(""), []);
    }

    #[test]
    fn text_for_people() {
        let parts = vec![Part::existing("kafka", true, Some("k:9".into()))];
        let mut status =
            Status { state_dir: "/s".into(), state: "ready", supervisor_pid: Some(1), parts };
        let text = status.as_text();
        assert!(text.starts_with("/s: ready (supervisor pid 1)\nNAME "), "{text}");
        assert!(text.ends_with("yes    -                k:9"), "{text}");
        let share = |name| Part {
            pid: Some(7),
            resident_bytes: Some(100 << 20),
            ..Part::existing(name, true, None)
        };
        status.parts = vec![share("orders"), share("customers")];
        let text = status.as_text();
        assert!(text.ends_with("\nprocesses: 1, with 100 MiB of memory"), "{text}");
        status = Status { state: "stopped", supervisor_pid: None, parts: Vec::new(), ..status };
        assert_eq!(status.as_text(), "/s: nothing runs");
    }
}
