//! What the consumer is compared with: its statements without Kafka, and Kafka without statements.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use consumer_runtime::{
    Server,
    batch::Span,
    lease::Lease,
    migrate::migrate,
    offset,
    row::Columns,
    sql,
    tokio_postgres::{Client, Statement, types::ToSql},
};
use event_log::{Partition, Settings};
use orders::{projection::OrderRow, status::Status};
use schemas::{AggregateId, Money, Timestamp, Topic};

use super::{database, figures::Rate, fill::partitions};
use crate::{
    bench::{cpu, drain, history},
    failure::Result,
};

/// The schema of the loop.
const SCHEMA: &str = "bench_sql";

/// Events in one transaction: as many as the consumer takes.
const BATCH: usize = 2_000;

/// The build of the read model; any will do.
const GENERATION: offset::Generation = 1;

/// Stores the rows that the events would change, from memory: in transactions as large as the
/// consumer's, by its statements, sent as it sends them.
pub async fn sql(server: &Server, events: usize, orders: usize) -> Result<Rate> {
    let database = database::of_schema(server, SCHEMA)?;
    let client = database::connect_afresh(&database).await?;
    let migrated = migrate(&database, "", orders::migrations::runner()).await;
    migrated.context("cannot make the tables")?;
    let rows = (0..orders).map(row).collect::<anyhow::Result<Vec<_>>>()?;
    let store = Store::prepare(client).await.context("cannot prepare the statements")?;
    let (started, cpu) = (Instant::now(), own_cpu());
    let mut done = 0;
    while done < events {
        let begin = done % orders;
        let most = BATCH.min(events - done).min(orders - begin);
        let batch: Vec<_> = rows.iter().skip(begin).take(most).collect();
        store.transact(&batch, done).await.context("cannot store rows")?;
        done += most;
    }
    Ok(rate(events, started.elapsed(), own_cpu() - cpu))
}

fn row(n: usize) -> anyhow::Result<OrderRow> {
    let now = Timestamp::now();
    Ok(OrderRow {
        order_id: history::order(n)?,
        customer_id: AggregateId::new("c1").context("an id")?,
        text: "a book".to_owned(),
        value: Money::from_minor(1_399),
        status: Status::New,
        ordered_at: now,
        usd_rate: None,
        usd_value: None,
        usd_rate_at: None,
        updated_at: now,
        version: 1,
    })
}

struct Store {
    client: Client,
    lease: Arc<Lease>,
    advance: Statement,
    load: Statement,
    upsert: Statement,
}

impl Store {
    async fn prepare(client: Client) -> anyhow::Result<Self> {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let leases = offset::take(&client, GENERATION, &[partition]).await?;
        Ok(Self {
            advance: client.prepare(&offset::advance(GENERATION, &[]).sql).await?,
            load: client.prepare(&sql::load::<OrderRow>()).await?,
            upsert: client.prepare(&sql::upsert::<OrderRow>()).await?,
            lease: leases.into_iter().next().context("the partition was not taken")?,
            client,
        })
    }

    async fn transact(&self, rows: &[&OrderRow], done: usize) -> anyhow::Result<()> {
        let Self { client, lease, advance, load, upsert } = self;
        let from = i64::try_from(done)?;
        let to = from + i64::try_from(rows.len())?;
        let span = Span { lease: Arc::clone(lease), from, to, commands_done: Some(to) };
        let spans = [&span];
        let moved = offset::advance(GENERATION, &spans);
        let moved = moved.references();
        let keys: Vec<&str> = rows.iter().map(|row| row.key()).collect();
        let keys: [&(dyn ToSql + Sync); 1] = [&keys];
        let (_, advanced, _) = tokio::try_join!(
            client.batch_execute("begin"),
            client.query(advance, &moved),
            client.query(load, &keys)
        )?;
        ensure!(advanced.len() == 1, "somebody else moved the offset");
        let values = OrderRow::write(rows);
        let values: Vec<_> = values.iter().map(|v| &**v as &(dyn ToSql + Sync)).collect();
        tokio::try_join!(client.execute(upsert, &values), client.batch_execute("commit"))?;
        Ok(())
    }
}

/// Reads every event and drops it.
pub async fn drain(settings: &Settings, events: usize) -> Result<Rate> {
    let settings = settings.clone();
    let draining = tokio::task::spawn_blocking(move || {
        let cpu = own_cpu();
        let partitions: Vec<_> = partitions().collect();
        let (read, took) = drain::drain(&settings, &partitions)?;
        ensure!(read == events, "the topic has {read} events, not {events}");
        Ok(rate(events, took, own_cpu() - cpu))
    });
    Ok(draining.await.context("draining panicked")??)
}

fn own_cpu() -> f64 {
    cpu::seconds(std::process::id()).unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn rate(events: usize, took: Duration, cpu_seconds: f64) -> Rate {
    let events = events as f64;
    Rate {
        events_per_second: events / took.as_secs_f64(),
        cpu_seconds_per_million: cpu_seconds / events * 1e6,
        peak_mib: None,
    }
}
