//! `oneway bench autoscale`: a consumer has more instances while it is behind, and loses nothing.

mod figures;
mod load;
mod plot;
mod samples;
mod schedule;
mod stack;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context;
use clap::{Args, value_parser};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use self::{
    figures::Figures,
    load::Load,
    samples::{Sample, Sampler},
    schedule::{Part, Schedule},
    stack::Up,
};
use crate::{
    bench::{
        machine::{Machine, Versions},
        own_stack,
    },
    commands::cluster,
    failure::{Failure, Result},
    report::{self, Report},
    stack::{document::Stack, folder::StateFolder, signals::Signals, temporary::Temporary},
    workspace::Workspace,
};

/// How the folders of such stacks begin.
const PREFIX: &str = "oneway-bench-autoscale-";

/// The consumer that scales.
const SCALED: &str = "orders";

/// What runs: the write path, the consumer, and others that read the same events.
const SERVICES: [&str; 5] =
    ["command-api", "command-processor", SCALED, "customer-classifier", "customer-report"];

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Show that a consumer has more instances while it is behind, and one again afterwards
#[derive(Debug, Args)]
#[command(
    long_about = "Show that a consumer has more instances while it is behind, and one again \
    afterwards\n\n\
    Starts a stack of its own by `oneway up --autoscale orders` on free ports, with its data in a \
    temporary folder, places orders, doubles their rate until `orders` has a second instance, and \
    then has few come until it has one again. Each second it notes events appended and applied, how \
    far `orders` is behind, its instances, and the processes of all others.\n\n\
    So that a small machine can make one instance fall behind, `orders` applies few events in each \
    transaction; more instances then wait for Postgres side by side.\n\n\
    Ends with 1 unless there were several instances and at last one, every other process was the \
    same throughout, each accepted order is a row, and `verify log` and `verify read-model orders` \
    are clean.",
    after_help = "Examples:\n  cargo oneway bench autoscale\n  \
    cargo oneway bench autoscale --batch 4 --threshold 2000 --plot autoscale.svg --csv autoscale.csv"
)]
pub struct Options {
    /// Orders per second at first
    #[arg(long, default_value_t = 40, value_name = "COUNT", value_parser = value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// How long they come at a rate before it doubles; twice as long once there are several instances
    #[arg(long, default_value_t = 12, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..=3_600))]
    seconds: u32,

    /// Events in one transaction of `orders`
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = value_parser!(u32).range(1..=100_000))]
    batch: u32,

    /// How many records behind make one more instance
    #[arg(long, default_value_t = 500, value_name = "RECORDS", value_parser = value_parser!(u64).range(1..))]
    threshold: u64,

    /// How often `up` looks
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=3_600))]
    poll: u64,

    /// For how long more must have been wanted before they are started
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = value_parser!(u64).range(0..=3_600))]
    lasting: u64,

    /// For how long fewer must have been enough before an instance is stopped
    #[arg(long, default_value_t = 8, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    quiet: u64,

    /// How long after one instance the next is stopped
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=3_600))]
    step: u64,

    /// Write what was seen each second into a file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Draw it into a file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Run optimised binaries
    #[arg(long)]
    release: bool,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Use the binaries that are there
    #[arg(long)]
    no_build: bool,
}

impl Options {
    fn schedule(&self) -> Schedule {
        Schedule::new(self.rate, Duration::from_secs(u64::from(self.seconds)))
    }

    /// Longest time from the end of the high load until there is one instance again: what is behind
    /// has to be applied first.
    fn patience(&self) -> Duration {
        let high = u64::from(self.seconds) * 2;
        Duration::from_secs(high * 4 + 60 + self.quiet * 2 + self.step * 64)
    }
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    if !options.no_build {
        own_stack::build(workspace, &SERVICES, options.release, &report, &mut signals).await?;
        return own_stack::become_built(workspace, options.release);
    }
    let machine = Machine::here();
    let versions = Versions::of(workspace, true).await;
    let temporary = Temporary::create(PREFIX, &report).await?;
    let mut up = Up::start(options, temporary.folder())?;
    let shown = tokio::select! {
        shown = show(options, temporary.folder(), &mut up, &report) => shown,
        () = signals.next() => Err(Failure::Interrupted),
    };
    let stopped = up.stop().await;
    let deleted = temporary.delete();
    let seen = shown?;
    let figures = seen.into_figures(options, machine, versions);
    if let Some(file) = &options.csv {
        write(file, &samples::csv(&figures.samples))?;
    }
    if let Some(file) = &options.plot {
        write(file, &plot::svg(&figures))?;
    }
    report::print(if options.json {
        serde_json::to_string_pretty(&figures).context("cannot print the figures")?
    } else {
        figures::text(&figures)
    });
    figures.verdict().and(stopped).and(deleted)
}

fn write(file: &std::path::Path, text: &str) -> Result<()> {
    fs::write(file, text)
        .with_context(|| format!("cannot write {}", file.display()))
        .map_err(Failure::Setup)
}

/// What was seen.
struct Seen {
    schedule: Schedule,
    samples: Vec<Sample>,
    changes: Vec<String>,
    created: u64,
    rows: u64,
    violations: Vec<String>,
}

impl Seen {
    fn into_figures(self, options: &Options, machine: Machine, versions: Versions) -> Figures {
        let Self { schedule, samples, changes, created, rows, violations } = self;
        let Options { release, threshold, batch, .. } = *options;
        Figures {
            machine,
            versions,
            release,
            threshold,
            batch,
            phases: figures::phases(&samples, &schedule),
            changes,
            most: samples.iter().map(|sample| sample.instances).max().unwrap_or(0),
            last: samples.last().map_or(0, |sample| sample.instances),
            touched: figures::touched(&samples),
            created,
            rows,
            violations,
            schedule,
            samples,
        }
    }
}

/// Puts the load on a stack, watches, and checks what came of it.
async fn show(
    options: &Options,
    folder: &StateFolder,
    up: &mut Up,
    report: &Report,
) -> Result<Seen> {
    let step = report.step("starting a stack that scales");
    let stack = up.ready().await?;
    step.done(&format!("the stack is ready; its data is in {}", folder.root().display()));
    let settings = cluster::settings(&stack.kafka_brokers, &stack.schema_registry_url, "")?;
    let sampler = Sampler::new(settings, &stack).await?;
    let api = stack.services.get("command-api").and_then(|api| api.url.clone());
    let mut load = Load::begin(api.context("command-api has no URL")?, options.rate)?;
    let step = report.step(&format!("orders, {} per second at first", options.rate));
    let (schedule, samples) = watch(options, up, &sampler, &mut load, report).await?;
    // Before the load ends, and what is told then.
    let changes = up.changes();
    let created = load.end().await?;
    step.done(&format!("{created} orders"));
    let step = report.step("verifying");
    let rows = all_applied(&sampler, created).await?;
    let mut violations = Vec::new();
    for check in [&["verify", "log"][..], &["verify", "read-model", SCALED]] {
        match up.check(check).await {
            Err(Failure::Negative(said)) => violations.push(said.to_string()),
            other => other?,
        }
    }
    step.done("verified");
    Ok(Seen { schedule, samples, changes, created, rows, violations })
}

/// Looks each second and changes the load, until there is one instance again.
async fn watch(
    options: &Options,
    up: &mut Up,
    sampler: &Sampler,
    load: &mut Load,
    report: &Report,
) -> Result<(Schedule, Vec<Sample>)> {
    let (begin, mut schedule) = (Instant::now(), options.schedule());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut samples: Vec<Sample> = Vec::new();
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            failure = load.fails() => return Err(failure),
            failure = up.ends() => return Err(failure),
        }
        let stack: Stack = up.stack()?.context("stack.json is gone")?;
        let sample = sampler.look(begin.elapsed().as_secs_f64(), load.created(), &stack).await?;
        let (now, before) = (sample.instances, samples.last().map(|sample| sample.instances));
        let Sample { seconds, lag, .. } = sample;
        if before != Some(now) {
            report.note(format_args!("{seconds:>6.1} s  {now} of {SCALED}, {lag} records behind"));
        }
        samples.push(sample);
        if let Some(rate) = schedule.turn(&samples) {
            report.note(format_args!("{seconds:>6.1} s  {rate} orders per second"));
            load.turn(rate);
        }
        let over = begin.elapsed().saturating_sub(schedule.since());
        // As long after it as before, so that the picture shows it.
        let is_seen = over >= Duration::from_secs(u64::from(options.seconds));
        let is_last = schedule.part() == Part::Low;
        if is_last && ((is_seen && now == 1) || over >= options.patience()) {
            return Ok((schedule, samples));
        }
    }
}

/// Waits until every order is a row; how many rows there are then, or at the end of patience.
async fn all_applied(sampler: &Sampler, created: u64) -> Result<u64> {
    const LIMIT: Duration = Duration::from_secs(60);
    let mut looks = interval(LOOK);
    let all = async {
        loop {
            looks.tick().await;
            if sampler.rows().await? >= created {
                return Ok::<_, Failure>(());
            }
        }
    };
    // How many there are tells the rest.
    if let Ok(ended) = timeout(LIMIT, all).await {
        ended?;
    }
    sampler.rows().await
}
