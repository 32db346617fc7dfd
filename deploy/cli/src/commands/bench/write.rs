//! `oneway bench write`: commands in, events, states and outcomes out.

use std::{fs, num::NonZeroUsize, path::PathBuf, time::Instant};

use anyhow::Context;
use clap::Args;
use uuid::Uuid;

use crate::{
    bench::{
        arena::Arena,
        contender::Contender,
        machine::{Machine, Versions},
        own_stack,
        results::{Results, Rounds, Settings},
        series::Series,
        streams::STREAMS,
        table,
    },
    failure::{Failure, Result},
    report::{self, Report},
    stack::{
        catalog,
        plan::{Existing, Plan, Scale},
        ports::Policy,
        run::{Ground, Running},
        signals::Signals,
        temporary::Temporary,
    },
    workspace::Workspace,
};

/// How the folders of benchmark stacks begin, so that those of killed runs are found again.
const PREFIX: &str = "oneway-bench-";

/// The services that are measured.
const SERVICES: [&str; 2] = ["command-api", "command-processor"];

/// Measure the write path beside the limit of Kafka's transactions
#[derive(Debug, Args)]
#[command(
    long_about = "Measure the write path beside the limit of Kafka's transactions\n\n\
    Builds optimised binaries, starts Kafka, the schema registry and Postgres on free ports with \
    their data in a temporary folder, and measures, one contender after the other:\n\n  \
    limit      a bare loop: polls commands and writes for each an event, a state and an outcome of \
    the same sizes as command-processor's, with the consumed offsets in one transaction; no Avro, \
    no rules, no state\n  \
    processor  command-processor\n  \
    http       command-api and command-processor: POST /v1/orders on connections that are kept \
    alive, each answer awaited\n  \
    streams    with --peers: Kafka Streams, exactly_once_v2, doing what the limit loop does and \
    keeping the state in memory with a changelog; as it comes, tuned for latency and tuned for \
    rate\n\n\
    Each is given topics of its own, 4 partitions, and a closed loop of commands: so many are \
    outstanding, and each outcome lets the next one go. The commands create orders, as command-api \
    writes them. Times are from the call that appends a command (or sends the request) to the \
    outcome read under read_committed (or the whole answer). Broker, contender and driver share \
    the machine; CPU seconds are told for each.\n\n\
    Contenders take turns in every round, and ratios are those of the same round. Figures are \
    medians over the rounds; the JSON has every round.\n\n\
    KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL name existing servers, which are used \
    instead of starting our own; the topics are deleted at the end. Ctrl-C stops everything.",
    after_help = "Examples:\n  cargo oneway bench write\n  cargo oneway bench write --peers --json \
    bench.json\n  cargo oneway bench write --only limit,processor --outstanding 64 --rounds 5"
)]
pub struct Options {
    /// Measure Kafka Streams, too
    #[arg(long)]
    peers: bool,

    /// Measure only these
    #[arg(
        long,
        value_enum,
        value_name = "NAME,…",
        value_delimiter = ',',
        conflicts_with = "peers"
    )]
    only: Vec<Contender>,

    /// How often everybody is measured
    #[arg(long, value_name = "COUNT", default_value = "3")]
    rounds: NonZeroUsize,

    /// How long each load is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,

    /// How long each load is applied before that
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    warm_up: f64,

    /// How long the largest load is applied to each contender after its start
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    first_warm_up: f64,

    /// How many commands are outstanding
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', default_value = "1,64,1024,8192")]
    outstanding: Vec<NonZeroUsize>,

    /// How many requests are under way over HTTP
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', default_value = "1,64,512")]
    http_outstanding: Vec<NonZeroUsize>,

    /// Write everything as JSON to a file, or to stdout (`-`) instead of the table
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Use the binaries that are there
    #[arg(long)]
    no_build: bool,

    /// Use development binaries: a quick look whether all works, not how fast it is
    #[arg(long)]
    dev: bool,
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let services = catalog::select(services, &SERVICES.map(str::to_owned))?;
    let existing = Existing::of_environment();
    existing.announce(&report);
    let (plan, _reservation) =
        Plan::make(&existing, services, &Scale::new(), Policy::Auto, &workspace.ports())?;
    if !options.no_build {
        build(options, workspace, &report, &mut signals).await?;
    }
    let temporary = Temporary::create(PREFIX, &report).await?;
    let folder = temporary.folder();
    let document = plan.document(folder, "");
    let mut running = Running::begin(folder, folder.lock()?, document, report.clone())?;
    let (plan, release, run) = (&plan, !options.dev, Uuid::new_v4());
    let arena = Arena { workspace, folder, plan, release, run };
    let bench = Bench { options, arena, report };
    let results = tokio::select! {
        results = bench.run(&mut running) => results,
        () = signals.next() => Err(Failure::Interrupted),
    };
    let stopped = running.stop(&mut signals).await;
    let tidied = match plan.kafka {
        // Gone, with all that was in it.
        Some(_) => Ok(()),
        None => bench.arena.tidy().await,
    };
    let deleted = temporary.delete();
    // What went wrong first says more than what then went wrong while stopping.
    print(options, &results?)?;
    stopped.and(tidied).and(deleted)
}

struct Bench<'a> {
    options: &'a Options,
    arena: Arena<'a>,
    report: Report,
}

impl Bench<'_> {
    async fn run(&self, running: &mut Running) -> Result<Results> {
        let Self { options, arena, report } = self;
        let since = Instant::now();
        let machine = Machine::here();
        let versions = Versions::of(arena.workspace, arena.plan.kafka.is_some()).await;
        let ground = Ground {
            workspace: arena.workspace,
            folder: arena.folder,
            ephemeral: true,
            secure: None,
        };
        running.start_infrastructure(arena.plan, ground).await?;
        let series = self.series(&options.outstanding);
        let trial = Series { outstanding: vec![64], ..series.clone() };
        let record_bytes = arena.measure_sizes(running, trial).await?;
        let contenders = options.contenders();
        let mut rounds = Rounds::default();
        for round in 0..options.rounds.get() {
            let mut order = contenders.clone();
            // Nobody is always the first, or always after the same one's writes to disk.
            order.rotate_left(round % contenders.len());
            for contender in order {
                let step = report.step(&format!(
                    "round {} of {}: {}",
                    round + 1,
                    options.rounds,
                    contender.name()
                ));
                let outstanding = match contender {
                    Contender::Http => &options.http_outstanding,
                    _ => &options.outstanding,
                };
                let series = self.series(outstanding);
                let measured = arena.measure(running, contender, &record_bytes, series).await?;
                let rates = measured.iter().map(|m| format!("{:.0}", m.commands_per_second));
                let rates = rates.collect::<Vec<_>>().join(", ");
                let name = contender.name();
                step.done(&format!("round {}: {name} {rates} commands/s", round + 1));
                rounds.add(contender, measured);
            }
        }
        let settings = options.settings();
        let duration_seconds = since.elapsed().as_secs_f64();
        let contenders = rounds.scores();
        Ok(Results { machine, versions, settings, record_bytes, contenders, duration_seconds })
    }

    fn series(&self, outstanding: &[NonZeroUsize]) -> Series {
        let Options { seconds, warm_up, first_warm_up, .. } = *self.options;
        let outstanding = outstanding.iter().map(|count| count.get()).collect();
        Series { outstanding, seconds, warm_up, first_warm_up, watch: Vec::new() }
    }
}

impl Options {
    /// Who is measured, in the order of the first round.
    fn contenders(&self) -> Vec<Contender> {
        match (self.only.is_empty(), self.peers) {
            (false, _) => self.only.clone(),
            (true, true) => Contender::ALL.into(),
            (true, false) => Contender::OURS.into(),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            rounds: self.rounds.get(),
            seconds: self.seconds,
            warm_up_seconds: self.warm_up,
            first_warm_up_seconds: self.first_warm_up,
            release: !self.dev,
        }
    }
}

/// Builds what is measured, and this command itself, which is the driver and the limit loop.
async fn build(
    options: &Options,
    workspace: &Workspace,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    own_stack::build(workspace, &SERVICES, !options.dev, report, signals).await?;
    if options.contenders().iter().any(|contender| contender.streams_settings().is_some()) {
        tokio::select! {
            built = STREAMS.build(workspace, report) => built?,
            () = signals.next() => return Err(Failure::Interrupted),
        }
    }
    Ok(())
}

fn print(options: &Options, results: &Results) -> Result<()> {
    let json = || serde_json::to_string_pretty(results).context("cannot write the results as JSON");
    match options.json.as_deref() {
        Some(path) if path.as_os_str() == "-" => report::print(json()?),
        Some(path) => {
            report::print(table::text(results));
            fs::write(path, json()? + "\n")
                .with_context(|| format!("cannot write {}", path.display()))
                .map_err(Failure::Setup)?;
        }
        None => report::print(table::text(results)),
    }
    Ok(())
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "must be a number of seconds from 0 to 3600".to_owned())
}
