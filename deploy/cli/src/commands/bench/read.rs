//! `oneway bench read`: how fast a read model fills, beside the same SQL without Kafka, Kafka
//! without SQL and, with peers, another sink; all on the same stack in the same run.

mod bare_loop;
mod consumer;
mod database;
mod figures;
mod fill;
mod latency;
mod raw;
mod rebuild;
mod sink;
mod table;

use std::num::NonZeroUsize;

use anyhow::Context;
use clap::Args;
use consumer_runtime::{Server, run::schema_of};
use event_log::Settings;

use self::{
    bare_loop::Loop,
    consumer::{Consumers, Size},
    figures::{Debezium, Figures, Latencies, Latency, Rate, Ratios, Round},
    fill::Last,
    latency::{Load, Timed},
    sink::Sink,
};
use crate::{
    bench::{
        debezium::DEBEZIUM,
        machine::Versions,
        own_stack::{self, OwnStack, Wish},
    },
    failure::{Failure, Result},
    report::{self, Report},
    stack::{
        plan::Scale,
        ports::{self, Wanted},
        run::Running,
        signals::Signals,
    },
    workspace::Workspace,
};

/// How the folders of such stacks begin.
const PREFIX: &str = "oneway-bench-read-";

/// The consumer that is measured.
const CONSUMER: &str = "orders";

/// One process, and that is one member of the group.
const ONE: Size = Size { instances: 1, workers: 1 };

/// Two processes.
const TWO: Size = Size { instances: 2, ..ONE };

/// Measure how fast a read model fills, beside what Postgres and Kafka allow
#[derive(Debug, Args)]
#[command(
    long_about = "Measure how fast a read model fills, beside what Postgres and Kafka allow\n\n\
    Starts a stack of its own on free ports with its data in a temporary folder, and writes events \
    of orders. Each round measures:\n\n  \
    sql       the statements of the consumer from memory\n  \
    drain     reading every event and dropping it\n  \
    orders    the consumer from an empty schema, with one worker, with two, and with two instances\n  \
    debezium  with --peers: the Debezium JDBC sink in Kafka Connect, upserting into the same table, \
    with one and with two tasks\n\n\
    At the end: how long after its commit an event shows in its row, of orders, of a bare loop that \
    polls, upserts and commits, and of the sink.\n\n\
    Every event of a batch is of another order, which is the most work that it can be. Rates are \
    from the first row on. A Java machine gets faster for some seconds: with --peers use 3,000,000 \
    events or more. What the sink does and how it is set is in tests/bench/debezium.",
    after_help = "Examples:\n  cargo oneway bench read\n  cargo oneway bench read --events 200000 \
    --rounds 1 --json\n  cargo oneway bench read --peers --events 3000000"
)]
pub struct Options {
    /// Measure the Debezium JDBC sink, too
    #[arg(long)]
    peers: bool,

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

    /// How long that goes on before anything is timed
    #[arg(long, default_value_t = 45, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    warm_up: u64,

    /// How long that is timed
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
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

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    if !options.no_build {
        return build_and_become(options, workspace, &report, &mut signals).await;
    }
    let scale = Scale::from([(CONSUMER.to_owned(), 2)]);
    let wish = Wish { service: CONSUMER, scale, prefix: PREFIX, release: !options.dev };
    let measuring = async |stack: OwnStack<'_>, running: &mut Running| {
        Bench { options, stack }.run(running).await
    };
    let (figures, ended) =
        own_stack::measure(wish, workspace, &report, &mut signals, measuring).await?;
    report::print(if options.json {
        serde_json::to_string_pretty(&figures).context("cannot print the figures")?
    } else {
        table::text(&figures)
    });
    ended
}

/// Builds what is measured, and goes on as the binary that was built.
async fn build_and_become(
    options: &Options,
    workspace: &Workspace,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    own_stack::build(workspace, &[CONSUMER], !options.dev, report, signals).await?;
    if options.peers {
        tokio::select! {
            built = DEBEZIUM.build(workspace, report) => built?,
            () = signals.next() => return Err(Failure::Interrupted),
        }
    }
    own_stack::become_built(workspace, !options.dev)
}

struct Bench<'a> {
    options: &'a Options,
    stack: OwnStack<'a>,
}

/// What all measurements share.
struct Log {
    settings: Settings,
    database: Server,
    events: usize,
    orders: usize,
    /// Sum of the offsets that come next in all partitions.
    end: i64,
    last: Vec<Last>,
    /// Where Kafka Connect tells how it is.
    connect: u16,
}

impl Bench<'_> {
    async fn run(self, running: &mut Running) -> Result<Figures> {
        let Self { options, stack: OwnStack { ref starter, ref machine, .. } } = self;
        let (machine, versions) = (machine.clone(), Versions::of(&starter.workspace, true).await);
        let wanted = [Wanted::any("Kafka Connect")];
        let (ports, _reservation) = ports::assign(&wanted, &starter.workspace.ports())?;
        let log = self.fill(*ports.first().context("a port")?).await?;
        let mut rounds = Vec::new();
        for round in 1..=options.rounds.get() {
            let round = format!("round {round} of {}", options.rounds);
            rounds.push(self.round(running, &log, &round).await?);
        }
        let latency = self.latencies(running, &log).await?;
        let (Log { events, orders, .. }, release) = (log, !options.dev);
        let ratios = Ratios::of(&rounds, &latency);
        Ok(Figures { machine, versions, events, orders, release, rounds, latency, ratios })
    }

    /// Writes the events.
    async fn fill(&self, connect: u16) -> Result<Log> {
        let Self { options, stack } = self;
        let settings = stack.settings()?;
        let database: Server =
            stack.plan.endpoints.database_url.parse().context("the stack's own database URL")?;
        let (events, orders) =
            (options.events.get(), options.orders.get().min(options.events.get()));
        let step = stack.report.step(&format!("writing {events} events of {orders} orders"));
        let end = fill::fill(&settings, events, orders).await?;
        let last = fill::last_events(events, orders)?;
        step.done(&format!("{events} events of {orders} orders"));
        Ok(Log { settings, database, events, orders, end, last, connect })
    }

    fn consumers<'b>(&'b self, running: &'b mut Running, log: &'b Log) -> Consumers<'b> {
        let OwnStack { starter, plan, .. } = &self.stack;
        let (instances, Log { database, events, end, .. }) = (&plan.instances, log);
        Consumers { running, starter, instances, database, events: *events, end: *end }
    }

    fn sink<'b>(&'b self, running: &'b mut Running, log: &'b Log) -> Sink<'b> {
        let Log { database, events, orders, last, connect, .. } = log;
        let (events, orders, port) = (*events, *orders, *connect);
        Sink { running, starter: &self.stack.starter, database, port, events, orders, last }
    }

    async fn round(&self, running: &mut Running, log: &Log, round: &str) -> Result<Round> {
        let (report, Log { database, settings, events, orders, .. }) = (self.stack.report, log);
        let sql = told(report, round, "sql", raw::sql(database, *events, *orders)).await?;
        let drain = told(report, round, "drain", raw::drain(settings, *events)).await?;
        let mut consumers = self.consumers(running, log);
        let one_instance = told(report, round, "orders", consumers.measure(ONE)).await?;
        let two_instances = told(report, round, "orders × 2", consumers.measure(TWO)).await?;
        let workers = consumers.measure(Size { workers: 2, ..ONE });
        let two_workers = told(report, round, "orders, two workers", workers).await?;
        let building = rebuild::measure(&self.stack.starter, settings, database, *events, log.end);
        let rebuild = told(report, round, "orders, a rebuild", building).await?;
        let debezium = match self.options.peers {
            false => None,
            true => {
                let mut sink = self.sink(running, log);
                let one_task = told(report, round, "debezium × 1", sink.measure(1)).await?;
                let two_tasks = told(report, round, "debezium × 2", sink.measure(2)).await?;
                Some(Debezium { one_task, two_tasks })
            }
        };
        Ok(Round { sql, drain, one_instance, two_workers, two_instances, rebuild, debezium })
    }

    /// Times the way from commit to row: orders first, since it counts the offsets that it has
    /// applied, and each timing appends events.
    async fn latencies(&self, running: &mut Running, log: &Log) -> Result<Latencies> {
        let step = self.stack.report.step("timing the way from commit to row: orders");
        let mut consumers = self.consumers(running, log);
        consumers.fill(ONE).await?;
        let orders = self.latency(log, &schema_of(CONSUMER)).await;
        consumers.stop().await;
        let orders = orders?;
        step.at("timing the way from commit to row: a bare loop");
        let mut bare_loop = Loop::start(&log.settings, &log.database).await?;
        let timed = tokio::select! {
            timed = self.latency(log, bare_loop::SCHEMA) => timed,
            error = bare_loop.fails() => return Err(error.into()),
        };
        bare_loop.stop().await?;
        let bare_loop = timed?;
        let debezium = match self.options.peers {
            false => None,
            true => {
                step.at("timing the way from commit to row: debezium");
                let mut sink = self.sink(running, log);
                sink.fill(1).await?;
                let timed = self.latency(log, sink::SCHEMA).await;
                sink.stop().await;
                Some(timed?)
            }
        };
        step.done("the way from commit to row is timed");
        Ok(Latencies { orders, bare_loop, debezium })
    }

    async fn latency(&self, log: &Log, schema: &str) -> Result<Latency> {
        let Options { rate, warm_up, seconds, .. } = *self.options;
        let who = Timed { database: &log.database, schema };
        latency::measure(&log.settings, who, Load { rate, warm_up, seconds }).await
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
