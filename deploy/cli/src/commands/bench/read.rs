//! `oneway bench read`: how fast a read model fills, beside the same SQL without Kafka and Kafka
//! without SQL, all on the same stack in the same run.

mod consumer;
mod database;
mod fill;
mod latency;
mod raw;
mod table;

use std::{num::NonZeroUsize, os::unix::process::CommandExt};

use anyhow::Context;
use clap::Args;
use consumer_runtime::tokio_postgres::Config;
use serde::Serialize;

use self::{consumer::Consumers, latency::Latency};
use crate::{
    bench::machine::{Machine, Versions},
    chaos::stage::Starter,
    commands::cluster,
    failure::{Failure, Result},
    prepare::prepare,
    report::{self, Report},
    stack::{
        build, catalog,
        plan::{Existing, Plan, Scale},
        ports::Policy,
        run::{Ground, Running},
        signals::Signals,
        temporary::Temporary,
    },
    workspace::Workspace,
};

/// How the folders of such stacks begin, so that those of killed runs are found again.
const PREFIX: &str = "oneway-bench-read-";

/// The consumer that is measured.
const CONSUMER: &str = "orders";

/// Measure how fast a read model fills, beside what Postgres and Kafka allow
#[derive(Debug, Args)]
#[command(
    long_about = "Measure how fast a read model fills, beside what Postgres and Kafka allow\n\n\
    Starts a stack of its own on free ports with its data in a temporary folder, and writes events \
    of orders. Each round measures: sql, the statements of the consumer from memory; drain, \
    reading every event and dropping it; orders, the consumer from an empty schema, with one and \
    with two instances. At the end: how long after its commit an event shows in its row.\n\n\
    Every event of a batch is of another order, which is the most work that it can be.",
    after_help = "Examples:\n  cargo oneway bench read\n  cargo oneway bench read --events 200000 \
    --rounds 1 --json"
)]
pub struct Options {
    /// How many events there are
    #[arg(long, default_value = "1000000", value_name = "COUNT")]
    events: NonZeroUsize,

    /// Of how many orders
    #[arg(long, default_value = "100000", value_name = "COUNT")]
    orders: NonZeroUsize,

    /// How often everything is measured
    #[arg(long, default_value = "3", value_name = "COUNT")]
    rounds: NonZeroUsize,

    /// Events per second while their way to the row is timed
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(100..=10_000))]
    rate: u32,

    /// How long that is done
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Use the binaries that are there
    #[arg(long)]
    no_build: bool,

    /// Use development binaries: a quick look whether all works, not how fast it is
    #[arg(long)]
    dev: bool,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize)]
struct Rate {
    events_per_second: f64,
    /// Of our process or processes, since their start.
    cpu_seconds_per_million: f64,
    /// The most memory that any of our processes had; absent for what runs inside of this command.
    peak_mib: Option<f64>,
}

/// One round.
#[derive(Clone, Copy, Debug, Serialize)]
struct Round {
    sql: Rate,
    drain: Rate,
    one_instance: Rate,
    two_instances: Rate,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    machine: Machine,
    versions: Versions,
    events: usize,
    orders: usize,
    release: bool,
    rounds: Vec<Round>,
    latency: Latency,
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    if !options.no_build {
        return build_and_become(options, workspace, &report, &mut signals).await;
    }
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let services = catalog::select(services, &[CONSUMER.to_owned()])?;
    let scale = Scale::from([(CONSUMER.to_owned(), 2)]);
    let none = Existing::default();
    let (plan, _reservation) =
        Plan::make(&none, services, &scale, Policy::Auto, &workspace.ports())?;
    let temporary = Temporary::create(PREFIX, &report).await?;
    let folder = temporary.folder();
    let document = plan.document(folder, "");
    let mut running = Running::begin(folder, folder.lock()?, document, report.clone())?;
    let starter = Starter {
        workspace: workspace.clone(),
        folder: folder.clone(),
        endpoints: plan.endpoints.clone(),
        release: !options.dev,
        env: Vec::new(),
    };
    let bench = Bench { options, plan: &plan, starter, report: &report };
    let figures = tokio::select! {
        figures = bench.run(&mut running) => figures,
        () = signals.next() => Err(Failure::Interrupted),
    };
    let stopped = running.stop(&mut signals).await;
    let deleted = temporary.delete();
    let figures = figures?;
    report::print(if options.json {
        serde_json::to_string_pretty(&figures).context("cannot print the figures")?
    } else {
        table::text(&figures)
    });
    stopped.and(deleted)
}

/// Builds what is measured, and goes on as the binary that was built: the loops that the consumer
/// is compared with are part of it.
async fn build_and_become(
    options: &Options,
    workspace: &Workspace,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    report.note("building what is measured; optimised binaries take some minutes the first time");
    build::binaries(workspace, &[CONSUMER, "oneway"], !options.dev, signals).await?;
    let program = workspace.binary("oneway", !options.dev);
    let mut built = std::process::Command::new(program);
    let error = built.args(std::env::args_os().skip(1)).arg("--no-build").exec();
    Err(anyhow::Error::new(error).context("cannot run the binary that was built").into())
}

struct Bench<'a> {
    options: &'a Options,
    plan: &'a Plan,
    starter: Starter,
    report: &'a Report,
}

impl Bench<'_> {
    async fn run(self, running: &mut Running) -> Result<Figures> {
        let Self { options, plan, starter, report } = self;
        let (machine, versions) = (Machine::here(), Versions::of(&starter.workspace, true).await);
        let ground =
            Ground { workspace: &starter.workspace, folder: &starter.folder, ephemeral: true };
        running.start_infrastructure(plan, ground).await?;
        prepare(&plan.endpoints, "", report).await?;
        let endpoints = &plan.endpoints;
        let settings =
            cluster::settings(&endpoints.kafka_brokers, &endpoints.schema_registry_url, "")?;
        let database: Config =
            endpoints.database_url.parse().context("the stack's own database URL")?;
        let (events, orders) =
            (options.events.get(), options.orders.get().min(options.events.get()));
        let step = report.step(&format!("writing {events} events of {orders} orders"));
        let end = fill::fill(&settings, events, orders).await?;
        step.done(&format!("{events} events of {orders} orders"));

        let mut consumers = Consumers {
            running,
            starter: &starter,
            instances: &plan.instances,
            database: &database,
            events,
            end,
        };
        let mut rounds = Vec::new();
        for round in 1..=options.rounds.get() {
            let round = format!("round {round} of {}", options.rounds);
            let sql = raw::sql(&database, events, orders);
            let drain = raw::drain(&settings, events);
            rounds.push(Round {
                sql: told(report, &round, "sql", sql).await?,
                drain: told(report, &round, "drain", drain).await?,
                one_instance: told(report, &round, "orders × 1", consumers.measure(1)).await?,
                two_instances: told(report, &round, "orders × 2", consumers.measure(2)).await?,
            });
        }
        let step = report.step("timing the way from commit to row");
        consumers.fill(1).await?;
        let latency = latency::measure(&settings, &database, options.rate, options.seconds).await?;
        consumers.stop().await;
        step.done("the way from commit to row is timed");
        let release = !options.dev;
        Ok(Figures { machine, versions, events, orders, release, rounds, latency })
    }
}

/// Tells of a measurement while it is made, and what came of it.
async fn told(
    report: &Report,
    round: &str,
    name: &str,
    measuring: impl Future<Output = Result<Rate>>,
) -> Result<Rate> {
    let step = report.step(&format!("{round}: {name}"));
    let rate = measuring.await?;
    step.done(&format!("{round}: {name} {:.0} events/s", rate.events_per_second));
    Ok(rate)
}
