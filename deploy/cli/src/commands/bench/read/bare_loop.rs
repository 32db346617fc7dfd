//! The least that the way from commit to row takes: poll, one statement for what is there, commit.
//! No Avro, no fold, nobody to share the partitions with.

use std::{
    collections::HashMap,
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    time::Duration,
};

use anyhow::{Context, anyhow};
use consumer_runtime::{
    Server,
    tokio_postgres::{Client, Statement, types::ToSql},
};
use event_log::{Settings, client, record, restore::PartitionReader};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::Message,
};
use tokio::{runtime::Handle, task::JoinHandle};

use super::{database, fill::partitions};
use crate::failure::Result;

/// Its schema.
pub const SCHEMA: &str = "bench_loop";

/// Most events in one transaction: as many as the consumer takes.
const BATCH: usize = 2_000;

/// Longest wait for an event, after which it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(20);

const TABLES: &str = "create schema bench_loop; \
    create table customer_order (order_id text primary key, payload bytea not null, \
        version bigint not null); \
    create table consumer_offset (partition integer primary key, next_offset bigint not null)";

const UPSERT: &str = "insert into customer_order \
    select * from unnest($1::text[], $2::bytea[], $3::bigint[]) \
    on conflict (order_id) do update set payload = excluded.payload, version = excluded.version \
    where customer_order.version < excluded.version";

const ADVANCE: &str = "insert into consumer_offset \
    select * from unnest($1::integer[], $2::bigint[]) \
    on conflict (partition) do update set next_offset = excluded.next_offset";

/// A loop that runs.
pub struct Loop {
    /// Dropped, it stops the loop.
    _stop: Sender<()>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Loop {
    /// Starts it at the end of the log.
    pub async fn start(settings: &Settings, server: &Server) -> Result<Self> {
        let client = database::connect_afresh(&database::of_schema(server, SCHEMA)?).await?;
        client.batch_execute(TABLES).await.context("cannot make the tables")?;
        let store = Store::prepare(client).await.context("cannot prepare the statements")?;
        let settings = settings.clone();
        let consumer = tokio::task::spawn_blocking(move || at_the_end(&settings)).await;
        let consumer = consumer.context("looking for the end of the log panicked")??;
        let (stop, stopped) = mpsc::channel();
        let runtime = Handle::current();
        let running = tokio::task::spawn_blocking(move || {
            while !is_asked(&stopped) {
                let batch = Batch::poll(&consumer)?;
                if !batch.rows.is_empty() {
                    runtime.block_on(store.transact(&batch))?;
                }
            }
            Ok(())
        });
        Ok(Self { _stop: stop, running })
    }

    /// Returns when it has failed: it does not end by itself.
    pub async fn fails(&mut self) -> anyhow::Error {
        match (&mut self.running).await {
            Ok(Ok(())) => anyhow!("the bare loop ended"),
            Ok(Err(error)) => error.context("the bare loop failed"),
            Err(error) => anyhow!(error).context("the bare loop panicked"),
        }
    }

    /// Stops it.
    pub async fn stop(self) -> Result<()> {
        let Self { _stop: stop, running } = self;
        drop(stop);
        Ok(running.await.context("the bare loop panicked")?.context("the bare loop failed")?)
    }
}

fn is_asked(stopped: &Receiver<()>) -> bool {
    stopped.try_recv() != Err(TryRecvError::Empty)
}

/// A consumer of what comes from now on.
fn at_the_end(settings: &Settings) -> anyhow::Result<BaseConsumer> {
    let reader = PartitionReader::new(settings)?;
    let mut list = TopicPartitionList::new();
    for partition in partitions() {
        let topic = settings.qualify(partition.topic.name());
        let end = Offset::Offset(reader.high_watermark(partition)?);
        list.add_partition_offset(&topic, partition.number, end)?;
    }
    let mut config = client::consumer_config(settings);
    let config = config.set("group.id", settings.qualify("bench-loop"));
    let consumer: BaseConsumer = config.create().context("cannot create a consumer")?;
    consumer.assign(&list).context("cannot read the partitions")?;
    Ok(consumer)
}

/// What one transaction stores: the newest event of each order, and the next offsets.
#[derive(Default)]
struct Batch {
    rows: HashMap<String, (Vec<u8>, i64)>,
    offsets: HashMap<i32, i64>,
}

impl Batch {
    /// Waits for an event, and takes what else is there.
    fn poll(consumer: &BaseConsumer) -> anyhow::Result<Self> {
        let mut batch = Self::default();
        let mut wait = WAIT;
        for _ in 0..BATCH {
            let Some(message) = consumer.poll(wait) else { break };
            let message = message.context("cannot read the events")?;
            let (key, payload) = record::bytes(&message);
            let key = String::from_utf8(key.to_vec()).context("a key is text")?;
            let sequence = record::envelope(&message)?.sequence.unwrap_or_default();
            batch.rows.insert(key, (payload.to_vec(), i64::try_from(sequence)?));
            batch.offsets.insert(message.partition(), message.offset() + 1);
            wait = Duration::ZERO;
        }
        Ok(batch)
    }
}

struct Store {
    client: Client,
    upsert: Statement,
    advance: Statement,
}

impl Store {
    async fn prepare(client: Client) -> anyhow::Result<Self> {
        let upsert = client.prepare(UPSERT).await?;
        let advance = client.prepare(ADVANCE).await?;
        Ok(Self { client, upsert, advance })
    }

    /// In one round trip.
    async fn transact(&self, batch: &Batch) -> anyhow::Result<()> {
        let Self { client, upsert, advance } = self;
        let keys: Vec<_> = batch.rows.keys().map(String::as_str).collect();
        let (payloads, versions): (Vec<_>, Vec<_>) =
            batch.rows.values().map(|(payload, version)| (payload.as_slice(), *version)).unzip();
        let (numbers, offsets): (Vec<i32>, Vec<i64>) = batch.offsets.iter().unzip();
        let rows: [&(dyn ToSql + Sync); 3] = [&keys, &payloads, &versions];
        let positions: [&(dyn ToSql + Sync); 2] = [&numbers, &offsets];
        tokio::try_join!(
            client.batch_execute("begin"),
            client.execute(upsert, &rows),
            client.execute(advance, &positions),
            client.batch_execute("commit")
        )?;
        Ok(())
    }
}
