//! A stage for component tests of projections: a schema of its own on the real Postgres, removed
//! at the end, and events that come without a Kafka.

use std::{collections::BTreeMap, sync::Arc};

use event_log::{Partition, Position};
use refinery::Runner;
use schemas::{AggregateId, Encoder, EventId, Messages, Timestamp, Topic};
use service::Tracer;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    batch::Batch,
    database::Database,
    error::Error,
    fold,
    lease::Lease,
    migrate::migrate,
    projection::Projection,
    recorded::{Item, Passed, Recorded},
    server::Server,
    tables::TableSet,
    transaction::{Applied, Applier, FIRST},
};

/// Where the tests' Postgres is.
///
/// # Panics
/// When `DATABASE_URL` is not set.
#[must_use]
#[expect(clippy::panic, reason = "a panic is how a test fails")]
pub fn database_url() -> Server {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| {
        panic!("DATABASE_URL is not set: run the tests by `cargo oneway test`, or set it yourself")
    });
    url.parse().unwrap_or_else(|_| panic!("DATABASE_URL is malformed"))
}

/// A schema that is dropped with this value.
#[derive(Debug)]
pub struct Schema {
    name: String,
    server: Server,
}

impl Schema {
    /// A name that no other test uses. The schema itself is made by whoever migrates it.
    #[must_use]
    pub fn new() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        Self { name, server: database_url() }
    }

    /// Connections to it.
    ///
    /// # Errors
    /// When the pool refuses its configuration.
    pub fn database(&self) -> Result<Database, Error> {
        Database::new(&self.server, &self.name, 8)
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Schema {
    /// Also when the test panics; on a thread of its own, since the test's runtime may be ending.
    fn drop(&mut self) {
        // Sessions first: one that a failed test left inside a transaction would hold locks.
        let drop = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where application_name = '{0}'; \
             drop schema if exists \"{0}\" cascade",
            self.name
        );
        let server = self.server.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(client) = server.connect().await else { return };
                let _ = client.batch_execute(&drop).await;
            });
        });
        let _ = dropping.join();
    }
}

/// A projection on its stage.
#[derive(Debug)]
pub struct Stage<P: Projection> {
    /// What applies events.
    pub applier: Applier<P>,
    leases: BTreeMap<Partition, Arc<Lease>>,
    next: BTreeMap<Partition, i64>,
    schema: Arc<Schema>,
}

/// The time of every event on a stage: events are ordered by their positions, not by the clock.
#[must_use]
pub fn noon() -> Timestamp {
    Timestamp::from_micros(1_795_176_000_000_000).unwrap_or_else(|_| Timestamp::now())
}

impl<P: Projection> Stage<P> {
    /// Builds the stage.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn open(
        name: &'static str,
        migrations: fn() -> Runner,
        projection: P,
    ) -> Result<Self, Error> {
        let schema = Arc::new(Schema::new());
        let database = schema.database()?;
        migrate(&database, "", migrations()).await?;
        Self::on(schema, database, name, projection)
    }

    /// A second instance of the consumer on the same stage.
    ///
    /// # Errors
    /// When Postgres fails.
    pub fn second(&self, projection: P) -> Result<Self, Error> {
        let schema = Arc::clone(&self.schema);
        let database = schema.database()?;
        Self::on(schema, database, self.applier.name, projection)
    }

    fn on(
        schema: Arc<Schema>,
        database: Database,
        name: &'static str,
        projection: P,
    ) -> Result<Self, Error> {
        let ids: Vec<u32> = (1..).take(P::Emission::FILES.len()).collect();
        let encoder = Encoder::new(&ids).map_err(event_log::Error::from)?;
        let applier = Applier {
            name,
            generation: FIRST.into(),
            unfenced: false,
            database,
            projection: Arc::new(projection),
            encoder: Arc::new(encoder),
            dead_letters: None,
            is_live: true,
            tracer: Tracer::off(),
        };
        Ok(Self { applier, leases: BTreeMap::new(), next: BTreeMap::new(), schema })
    }

    /// Takes a partition, as after a rebalance.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn take(&mut self, topic: Topic, number: i32) -> Result<(), Error> {
        for lease in self.applier.take(&[Partition { topic, number }]).await? {
            self.next.insert(lease.partition, lease.start);
            self.leases.insert(lease.partition, lease);
        }
        Ok(())
    }

    /// Applies what happened, as one batch at the given time; partitions are taken when they first
    /// occur.
    ///
    /// # Errors
    /// What the transaction returns.
    pub async fn apply(
        &mut self,
        now: Timestamp,
        happened: Vec<Happened<P::Event>>,
    ) -> Result<Applied, Error> {
        let batch = self.batch(happened).await?;
        let applied = self.applier.apply(&batch, now).await;
        if applied.is_err() {
            for span in &batch.spans {
                self.next.insert(span.lease.partition, span.from);
            }
        }
        Ok(applied?.unwrap_or_default())
    }

    /// The batch of what happened, at the next offsets.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn batch(
        &mut self,
        happened: Vec<Happened<P::Event>>,
    ) -> Result<Batch<P::Event>, Error> {
        let mut batch = Batch::default();
        for happened in happened {
            let partition = Partition { topic: happened.topic, number: happened.partition };
            if !self.leases.contains_key(&partition) {
                self.take(partition.topic, partition.number).await?;
            }
            let next = self.next.entry(partition).or_default();
            if let Some(lease) = self.leases.get(&partition) {
                batch.cover(lease, *next..*next + 1, happened.commands_done);
            }
            batch.items.push(happened.at(Position { partition, offset: *next }));
            *next += 1;
        }
        Ok(batch)
    }

    /// A client for looking at the tables.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn client(&self) -> Result<Client, Error> {
        self.applier.database.dedicated().await
    }
}

/// What events make of tables that are empty at first, without a database. For projections without
/// shared rows, which only a database creates.
///
/// # Errors
/// When an event cannot be applied.
pub fn fold<P: Projection>(
    projection: &P,
    happened: Vec<Happened<P::Event>>,
) -> Result<P::Tables, Error> {
    let mut tables = P::Tables::default();
    let mut items = Vec::with_capacity(happened.len());
    for (happened, offset) in happened.into_iter().zip(0..) {
        let partition = Partition { topic: happened.topic, number: happened.partition };
        items.push(happened.at(Position { partition, offset }));
    }
    let items: Vec<_> = items.iter().collect();
    fold::want(projection, &items, &mut tables);
    for table in tables.all() {
        let keys = table.take_wanted();
        table.take_rows(&keys, &[], &[])?;
    }
    fold::apply(projection, &items, noon(), &mut tables)?;
    Ok(tables)
}

/// An event that happens on a stage.
#[derive(Clone, Debug)]
pub struct Happened<E> {
    topic: Topic,
    partition: i32,
    key: AggregateId,
    sequence: i64,
    /// Absent: of a type that the projection does not handle.
    event: Option<E>,
    time: Timestamp,
    commands_done: Option<i64>,
}

impl<E> Happened<E> {
    /// An event of an aggregate, in partition 0.
    ///
    /// # Panics
    /// When the key is no aggregate id.
    #[must_use]
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub fn new(topic: Topic, key: &str, sequence: i64, event: impl Into<Option<E>>) -> Self {
        let key = AggregateId::new(key).unwrap_or_else(|error| panic!("{key}: {error}"));
        Self {
            topic,
            partition: 0,
            key,
            sequence,
            event: event.into(),
            time: noon(),
            commands_done: None,
        }
    }

    /// In another partition.
    #[must_use]
    pub const fn in_partition(mut self, partition: i32) -> Self {
        self.partition = partition;
        self
    }

    /// At another time.
    #[must_use]
    pub const fn at_time(mut self, time: Timestamp) -> Self {
        self.time = time;
        self
    }

    /// As the last event of the command at this offset.
    #[must_use]
    pub const fn by_command(mut self, offset: i64) -> Self {
        self.commands_done = Some(offset);
        self
    }

    fn at(self, at: Position) -> Item<E> {
        let Self { key, sequence, event, time, .. } = self;
        match event {
            Some(event) => {
                let recorded = recorded_at(at, key, sequence, event);
                Item::Handled(Recorded { time, ..recorded })
            }
            None => Item::Passed(Passed { at, key, sequence: Some(sequence), is_skipped: false }),
        }
    }
}

/// An event, for tests of what is pure.
///
/// # Panics
/// When the key is no aggregate id.
#[must_use]
#[expect(clippy::panic, reason = "a panic is how a test fails")]
pub fn recorded<E>(key: &str, sequence: i64, event: E) -> Recorded<E> {
    let key = AggregateId::new(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
    recorded_at(Position { partition, offset: sequence - 1 }, key, sequence, event)
}

fn recorded_at<E>(at: Position, key: AggregateId, sequence: i64, event: E) -> Recorded<E> {
    let topic = at.partition.topic.name();
    Recorded {
        at,
        id: EventId::of_sequence(topic, key.as_str(), sequence.unsigned_abs()),
        correlation_id: Some(format!("cor-{key}").into()),
        trace: None,
        key,
        sequence: Some(sequence),
        time: noon(),
        event,
    }
}
