//! How long after its commit an event shows in its row, at a rate that leaves everybody idle.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use consumer_runtime::{Server, tokio_postgres::Client};
use event_log::{Settings, TransactionalProducer};
use schemas::AggregateId;
use tokio::time::interval;

use super::{
    database,
    figures::Latency,
    fill::{self, Writer},
};
use crate::{bench::clock::quantile, failure::Result};

/// Transactions per second. One event of each is timed.
const TRANSACTIONS: u32 = 100;

/// How often the row is looked at. As long may pass before it is seen; without a pause the looks
/// would take a core, and make the others wait.
const LOOK: Duration = Duration::from_millis(1);

/// How long whoever is timed may take to be where the log is.
const CATCH_UP: Duration = Duration::from_mins(1);

/// How long the last event may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Who is timed: keeps an order's version in `customer_order` of this schema.
#[derive(Clone, Copy)]
pub struct Timed<'a> {
    pub database: &'a Server,
    pub schema: &'a str,
}

/// At which load.
#[derive(Clone, Copy)]
pub struct Load {
    /// Events per second.
    pub rate: u32,
    /// How long it goes on before anything is timed: the broker compiles what it does for the first
    /// time so often, and whoever is timed first would wait for its compilers.
    pub warm_up: u64,
    /// How long it is timed.
    pub seconds: u64,
}

/// Appends events in transactions, and watches the row of an order that each of them changes. All
/// events are of one type: some sinks begin a new batch whenever the type changes.
pub async fn measure(settings: &Settings, who: Timed<'_>, load: Load) -> Result<Latency> {
    let rate = load.rate / TRANSACTIONS * TRANSACTIONS;
    let client = database::connect(&database::of_schema(who.database, who.schema)?).await?;
    let writer = Writer::new(settings).await?;
    let orders = Orders::choose(rate)?;
    let writer = catch_up(settings, &client, writer, &orders).await?;
    settle(&client).await?;
    let transactions = |seconds| usize::try_from(u64::from(TRANSACTIONS) * seconds);
    let warming = transactions(load.warm_up).context("too long")?;
    let timed = warming + transactions(load.seconds).context("too long")?;
    let probe = orders.probe.clone();
    let (committed, commits) = mpsc::channel();
    let log = settings.clone();
    let appending = tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&log, "bench-latency")?;
        let begun = Instant::now();
        for n in 0..timed {
            producer.begin()?;
            for (order, version) in orders.of_transaction(n) {
                producer.produce(writer.event(order, version)?)?;
            }
            producer.commit()?;
            committed.send(Instant::now()).context("nobody watches")?;
            let next = begun + Duration::from_secs(1) / TRANSACTIONS * u32::try_from(n + 1)?;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        anyhow::Ok(())
    });
    let limit = Duration::from_secs(load.warm_up + load.seconds) + LIMIT;
    let seen = watch(&client, &probe, timed, limit).await?;
    appending.await.context("appending panicked")?.context("cannot append events")?;
    let mut micros: Vec<u32> = commits
        .into_iter()
        .zip(seen)
        .skip(warming)
        .map(|(committed, seen)| seen.saturating_duration_since(committed))
        .map(|took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX))
        .collect();
    micros.sort_unstable();
    Ok(Latency {
        events_per_second: rate,
        timed: micros.len(),
        p50_ms: quantile(&micros, 50),
        p99_ms: quantile(&micros, 99),
        max_ms: quantile(&micros, 100),
    })
}

/// New orders.
struct Orders {
    /// Changed by each transaction.
    probe: AggregateId,
    /// Changed in turn, so that each is changed once a second.
    others: Vec<AggregateId>,
    /// One in each partition, which are only created.
    first: Vec<AggregateId>,
}

impl Orders {
    fn choose(rate: u32) -> Result<Self> {
        let count = usize::try_from(rate - TRANSACTIONS).context("too many")?;
        let others = (0..count).map(|_| fill::new_order()).collect::<anyhow::Result<_>>()?;
        Ok(Self { probe: fill::new_order()?, others, first: fill::new_orders_everywhere()? })
    }

    fn all(&self) -> impl Iterator<Item = &AggregateId> {
        self.first.iter().chain(&self.others).chain([&self.probe])
    }

    /// What the n-th transaction changes, and to which version: they were created before.
    fn of_transaction(&self, n: usize) -> impl Iterator<Item = (&AggregateId, usize)> {
        const TURNS: usize = TRANSACTIONS as usize;
        let size = self.others.len() / TURNS;
        let others = self.others.iter().skip(n % TURNS * size).take(size);
        others.map(move |order| (order, n / TURNS + 2)).chain([(&self.probe, n + 2)])
    }
}

/// Creates the orders, and waits until all show: only then has whoever is timed begun to read every
/// partition, and nothing older left to do.
async fn catch_up(
    settings: &Settings,
    client: &Client,
    writer: Writer,
    orders: &Orders,
) -> Result<Writer> {
    let created: Vec<_> = orders.all().cloned().collect();
    let log = settings.clone();
    let appending = tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&log, "bench-latency")?;
        producer.begin()?;
        for order in &created {
            producer.produce(writer.event(order, 1)?)?;
        }
        producer.commit()?;
        anyhow::Ok(writer)
    });
    let appended = appending.await.context("appending panicked")?;
    let writer = appended.context("cannot append the first events")?;
    let ids: Vec<_> = orders.all().map(AggregateId::as_str).collect();
    let query = "select count(*) from customer_order where order_id = any($1)";
    let query = client.prepare(query).await.context("cannot prepare the query")?;
    let started = Instant::now();
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        let row = client.query_one(&query, &[&ids]).await.context("cannot read the rows")?;
        let seen: i64 = row.get(0);
        if usize::try_from(seen) == Ok(ids.len()) {
            return Ok(writer);
        }
        if started.elapsed() > CATCH_UP {
            let all = ids.len();
            return Err(anyhow!("{seen} of {all} new orders were seen in {CATCH_UP:?}").into());
        }
    }
}

/// Has done now what the load before has left for later: else it falls into the time of whoever
/// comes first.
async fn settle(client: &Client) -> Result<()> {
    Ok(client.batch_execute("vacuum (analyze)").await.context("cannot vacuum")?)
}

/// When each version of an order after the first was first seen.
async fn watch(
    client: &Client,
    order: &AggregateId,
    versions: usize,
    limit: Duration,
) -> Result<Vec<Instant>> {
    let query = client.prepare("select version from customer_order where order_id = $1").await;
    let query = query.context("cannot prepare the query")?;
    let started = Instant::now();
    let mut seen = Vec::with_capacity(versions);
    let mut looks = interval(LOOK);
    while seen.len() < versions {
        looks.tick().await;
        let row = client.query_one(&query, &[&order.as_str()]).await;
        let version: i64 = row.context("cannot read the row")?.get(0);
        seen.resize(usize::try_from(version - 1).context("a version")?, Instant::now());
        if started.elapsed() > limit {
            let seen = seen.len();
            return Err(anyhow!("{seen} of {versions} events were seen in {limit:?}").into());
        }
    }
    Ok(seen)
}
