//! One batch in one Postgres transaction: load → fold → store, with the emissions and the offsets.
//!
//! Two round trips suffice for most batches: the first begins the transaction, moves the offsets
//! (which finds out at once whether the partitions are still ours) and loads; the second stores
//! and commits. Statements of one round trip are sent together and run in order; when one fails
//! the server refuses those after it, and the commit becomes a rollback.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::{Duration, SystemTime},
};

use deadpool_postgres::Object;
use event_log::Partition;
use schemas::{Encoder, Timestamp};
use service::Tracer;

use crate::{
    batch::Span,
    change_feed::Changed,
    database::{Database, client},
    dead_letters::DeadLetters,
    error::Error,
    flight::{self, End},
    fold::{self, Counts},
    lease::Lease,
    offset::{self, Generation, Refusal},
    outbox,
    projection::{Projection, ProjectionError},
    read_model::{self, ReadModel},
    recorded::Item,
    tables::{AnyTables, Change, Statement, TableSet},
    traced,
};

/// The build of a read model that was never rebuilt.
pub const FIRST: Generation = 1;

/// Longest life of one transaction, from the first statement to the answer to its commit.
const LIMIT: Duration = Duration::from_secs(30);

/// Applies batches of events to the tables of a projection.
pub struct Applier<P: Projection> {
    /// Name of the consumer: source of what it emits.
    pub name: &'static str,
    /// The build of the read model.
    pub generation: AtomicI32,
    /// Former owners are not kept out: see [`crate::Settings::unfenced`].
    pub unfenced: bool,
    /// Where its tables are.
    pub database: Database,
    /// The business.
    pub projection: Arc<P>,
    /// Writes what it emits.
    pub encoder: Arc<Encoder<P::Emission>>,
    /// Where events go that cannot be applied; without it they are errors.
    pub dead_letters: Option<Arc<DeadLetters>>,
    /// Whether the world sees what it does: a build that is not live emits nothing.
    pub is_live: bool,
    /// Takes what is told of events whose traces are recorded.
    pub tracer: Tracer,
}

/// What is to be done in one transaction.
pub(crate) struct Work<'a, E> {
    /// Events to be applied.
    pub items: &'a [&'a Item<E>],
    /// The right to apply them: run first.
    pub claim: Statement<'a>,
    /// How many rows it must return.
    pub claimed: usize,
    /// What else is to be stored.
    pub further: Vec<Statement<'a>>,
    /// How it ends.
    pub end: End,
}

/// What one transaction of [`Work`] did.
pub(crate) struct Done {
    pub counts: Counts,
    pub changes: Vec<Changed>,
    pub emitted: usize,
}

/// What one transaction did.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of the events.
    pub counts: Counts,
    /// How many records were parked.
    pub parked: usize,
    /// Rows that changed for clients.
    pub changes: Vec<Changed>,
    /// How many events were put into the outbox.
    pub emitted: usize,
    /// The next offset of each partition.
    pub next: Vec<(Partition, i64)>,
    /// An earlier attempt stored it, and its answer was lost: what it changed and emitted is not
    /// known any more.
    pub unanswered: bool,
}

impl From<Done> for Applied {
    fn from(done: Done) -> Self {
        let Done { counts, changes, emitted } = done;
        Self { counts, changes, emitted, ..Self::default() }
    }
}

impl<P: Projection> std::fmt::Debug for Applier<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applier")
            .field("name", &self.name)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl<P: Projection> Applier<P> {
    /// The same, for partitions of its own: which build it works for is its own affair, since the
    /// epochs of different builds must not be mistaken for each other.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            name: self.name,
            generation: self.generation().into(),
            unfenced: self.unfenced,
            database: self.database.clone(),
            projection: Arc::clone(&self.projection),
            encoder: Arc::clone(&self.encoder),
            dead_letters: self.dead_letters.as_ref().map(Arc::clone),
            is_live: self.is_live,
            tracer: self.tracer.clone(),
        }
    }

    /// The build of the read model that it works for.
    pub(crate) fn generation(&self) -> Generation {
        self.generation.load(Ordering::Relaxed)
    }

    /// Begins to work for the build that is live now.
    ///
    /// # Errors
    /// [`Error::Paused`], [`Error::OtherVersion`], or when Postgres fails.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        let connection = self.database.connection().await?;
        let ours =
            ReadModel { generation: FIRST, projection_version: P::VERSION, is_paused: false };
        let live = read_model::open(client(&connection), self.database.schema(), ours).await?;
        self.generation.store(live.generation, Ordering::Relaxed);
        if live.is_paused { Err(Error::Paused) } else { Ok(()) }
    }

    /// Finds out when another build has become the live one, an operator wants a pause, or a
    /// partition was taken away.
    ///
    /// # Errors
    /// [`Error::Superseded`], [`Error::Paused`], [`Error::Fenced`], or when Postgres fails.
    pub(crate) async fn check_live(&self, leases: &[Arc<Lease>]) -> Result<(), Error> {
        let connection = self.database.connection().await?;
        offset::check(client(&connection), self.generation(), leases).await?;
        let live = read_model::find(client(&connection), self.database.schema()).await?;
        match live {
            Some(live) if live.is_paused => Err(Error::Paused),
            Some(live) if live.generation == self.generation() => Ok(()),
            _ => Err(Error::Superseded),
        }
    }

    /// Takes partitions over.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn take(&self, partitions: &[Partition]) -> Result<Vec<Arc<Lease>>, Error> {
        within(LIMIT, "take partitions over", async {
            let borrowed = self.database.borrow().await?;
            let leases =
                offset::take(client(borrowed.get()?), self.generation(), partitions).await?;
            borrowed.give_back();
            Ok(leases)
        })
        .await
    }

    /// Loads, folds and stores in one transaction; `None` when the claim did not hold: then nothing
    /// is stored.
    pub(crate) async fn transact(
        &self,
        work: &Work<'_, P::Event>,
        now: Timestamp,
    ) -> Result<Option<Done>, Error> {
        within(LIMIT, "apply a batch of events", self.attempt(work, now)).await
    }

    async fn attempt(
        &self,
        work: &Work<'_, P::Event>,
        now: Timestamp,
    ) -> Result<Option<Done>, Error> {
        let Work { items, claim, claimed, further, end } = work;
        let started = SystemTime::now();
        let mut tables = P::Tables::default();
        fold::want(&*self.projection, items, &mut tables);
        let borrowed = self.database.borrow().await?;
        let connection = borrowed.get()?;
        if flight::begin(connection, claim, &mut unshared(&mut tables)).await? != *claimed {
            // Some of it may hold inside this transaction: look at what is stored.
            let undone = connection.batch_execute("rollback").await;
            undone.map_err(Error::postgres("roll back a transaction"))?;
            borrowed.give_back();
            return Ok(None);
        }
        self.load(connection, items, &mut tables).await?;
        let (emissions, counts) = fold::apply(&*self.projection, items, now, &mut tables)?;
        let (outbox, emitted) = if self.is_live {
            let outbox = outbox::store(self.name, &self.encoder, &emissions, now);
            (outbox.map_err(event_log::Error::from)?, emissions.emitted().len())
        } else {
            (None, 0)
        };
        let changes = {
            let tables = tables.all();
            let stores = tables.iter().flat_map(|table| table.store());
            let statements: Vec<_> = stores.chain(outbox).collect();
            let all: Vec<_> = statements.iter().chain(further).collect();
            flight::end(connection, &all, *end).await?;
            let changes = tables.iter().flat_map(|table| table.changes());
            changes.map(|change| told(change, items)).collect()
        };
        borrowed.give_back();
        if *end == End::Commit {
            traced::tell(&self.tracer, self.name, items, started);
        }
        Ok(Some(Done { counts, changes, emitted }))
    }

    /// Why the offsets of a batch could not be moved on: true when it has been stored before.
    pub(crate) async fn is_stored(&self, spans: &[&Span]) -> Result<bool, Error> {
        let connection = self.database.connection().await?;
        match offset::explain(client(&connection), self.generation(), spans).await? {
            Some(Refusal::Done) => Ok(true),
            Some(Refusal::Fenced(partition)) => Err(Error::Fenced(partition)),
            None => Err(Error::Broken(
                "cannot move the offsets on: consumer_offset was changed meanwhile".into(),
            )),
        }
    }

    /// Loads until the projection names nothing new; shared rows last and only once, so that
    /// their locks are taken in order.
    async fn load(
        &self,
        connection: &Object,
        items: &[&Item<P::Event>],
        tables: &mut P::Tables,
    ) -> Result<(), Error> {
        let mut locked = false;
        loop {
            fold::want_further(&*self.projection, items, tables);
            if flight::load(connection, &mut unshared(tables)).await? {
                continue;
            }
            let mut locking = tables.all();
            locking.retain(|table| table.is_shared() && table.has_wanted());
            match locking.first() {
                None => return Ok(()),
                Some(late) if locked => {
                    let late = ProjectionError::NamedLate(late.name());
                    return Err(Error::Broken(late.to_string()));
                }
                Some(_) => locked = true,
            }
            for table in locking {
                flight::lock(connection, table).await?;
            }
        }
    }
}

/// A change with the event that caused it.
fn told<E>(change: Change, items: &[&Item<E>]) -> Changed {
    let cause = items.get(change.event);
    let (correlation_id, trace) = match cause {
        Some(Item::Handled(recorded)) => {
            let trace = recorded.trace.as_ref().map(|trace| trace.context());
            (recorded.correlation_id.clone(), trace)
        }
        _ => (None, None),
    };
    Changed {
        read_model: change.read_model,
        kind: change.kind,
        key: change.key,
        at: cause.map(|item| item.at()),
        correlation_id,
        trace,
    }
}

/// The tables to be loaded without locks.
fn unshared<T: TableSet>(tables: &mut T) -> AnyTables<'_> {
    let mut all = tables.all();
    all.retain(|table| !table.is_shared() && table.has_wanted());
    all
}

/// Runs work under a deadline.
pub(crate) async fn within<T>(
    limit: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(Error::Overdue { doing, seconds: limit.as_secs() }))
}
