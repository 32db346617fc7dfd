//! How long after its commit an event shows in its row, at a rate that leaves everybody idle.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use consumer_runtime::{run::schema_of, tokio_postgres::Config};
use event_log::{Settings, TransactionalProducer};
use schemas::AggregateId;
use serde::Serialize;
use tokio::time::interval;
use uuid::Uuid;

use super::{CONSUMER, database, fill::Writer};
use crate::{bench::clock::quantile, failure::Result};

/// Transactions per second. One event of each is timed.
const TRANSACTIONS: u32 = 100;

/// How often the row is looked at. As long may pass before it is seen; without a pause the looks
/// would take a core, and make the others wait.
const LOOK: Duration = Duration::from_millis(1);

/// How long the last event may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Milliseconds from the return of the commit until a query sees the row.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    pub events_per_second: u32,
    pub timed: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// Appends events in transactions, and watches the row of an order that each of them changes.
pub async fn measure(
    settings: &Settings,
    config: &Config,
    rate: u32,
    seconds: u64,
) -> Result<Latency> {
    let writer = Writer::new(settings).await?;
    let timed = usize::try_from(u64::from(TRANSACTIONS) * seconds).context("too long")?;
    let probe = AggregateId::new(&Uuid::new_v4().to_string()).context("a UUID is an id")?;
    let others = usize::try_from(rate / TRANSACTIONS).context("too many")?.saturating_sub(1);
    let (committed, commits) = mpsc::channel();
    let (log, order) = (settings.clone(), probe.clone());
    let appending = tokio::task::spawn_blocking(move || {
        let producer = TransactionalProducer::new(&log, "bench-latency")?;
        let begun = Instant::now();
        for n in 1..=timed {
            producer.begin()?;
            for _ in 0..others {
                let other = AggregateId::new(&Uuid::new_v4().to_string()).context("an id")?;
                producer.produce(writer.event(&other, 1)?)?;
            }
            producer.produce(writer.event(&order, n)?)?;
            producer.commit()?;
            committed.send(Instant::now()).context("nobody watches")?;
            let next = begun + Duration::from_secs(1) / TRANSACTIONS * u32::try_from(n)?;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        anyhow::Ok(())
    });
    let seen = watch(config, &probe, timed, Duration::from_secs(seconds) + LIMIT).await?;
    appending.await.context("appending panicked")?.context("cannot append events")?;
    let mut micros: Vec<u32> = commits
        .into_iter()
        .zip(seen)
        .map(|(committed, seen)| seen.saturating_duration_since(committed))
        .map(|took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX))
        .collect();
    micros.sort_unstable();
    Ok(Latency {
        events_per_second: rate / TRANSACTIONS * TRANSACTIONS,
        timed: micros.len(),
        p50_ms: quantile(&micros, 50),
        p99_ms: quantile(&micros, 99),
        max_ms: quantile(&micros, 100),
    })
}

/// When each version of an order was first seen.
async fn watch(
    config: &Config,
    order: &AggregateId,
    versions: usize,
    limit: Duration,
) -> Result<Vec<Instant>> {
    let client = database::connect(&database::of_schema(config, &schema_of(CONSUMER))?).await?;
    let query = client.prepare("select version from customer_order where order_id = $1").await;
    let query = query.context("cannot prepare the query")?;
    let started = Instant::now();
    let mut seen = Vec::with_capacity(versions);
    let mut looks = interval(LOOK);
    while seen.len() < versions {
        looks.tick().await;
        let row = client.query_opt(&query, &[&order.as_str()]).await;
        let version: i64 = row.context("cannot read the row")?.map_or(0, |row| row.get(0));
        seen.resize(usize::try_from(version).context("a version")?, Instant::now());
        if started.elapsed() > limit {
            let seen = seen.len();
            return Err(anyhow!("{seen} of {versions} events were seen in {limit:?}").into());
        }
    }
    Ok(seen)
}
