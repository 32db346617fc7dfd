//! One batch in one Postgres transaction: load → fold → store, with the emissions and the offsets.
//!
//! Two round trips suffice for most batches: the first begins the transaction, moves the offsets
//! (which finds out at once whether the partitions are still ours) and loads; the second stores
//! and commits. Statements of one round trip are sent together and run in order; when one fails
//! the server refuses those after it, and the commit becomes a rollback.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::Object;
use event_log::Partition;
use schemas::{Encoder, Timestamp};

use crate::{
    batch::{Batch, Share},
    change_feed::Changed,
    database::{Database, client},
    error::Error,
    flight,
    fold::{self, Counts},
    lease::Lease,
    offset::{self, Generation, Refusal},
    outbox,
    projection::{Projection, ProjectionError},
    recorded::Item,
    tables::{AnyTable, Change, TableSet},
};

/// Longest life of one transaction, from the first statement to the answer to its commit.
const LIMIT: Duration = Duration::from_secs(30);

/// Applies batches of events to the tables of a projection.
pub struct Applier<P: Projection> {
    /// Name of the consumer: source of what it emits.
    pub name: &'static str,
    /// The build of the read model.
    pub generation: Generation,
    /// Where its tables are.
    pub database: Database,
    /// The business.
    pub projection: P,
    /// Writes what it emits.
    pub encoder: Encoder<P::Emission>,
}

/// What one transaction did.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of the events.
    pub counts: Counts,
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

impl<P: Projection> std::fmt::Debug for Applier<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applier")
            .field("name", &self.name)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl<P: Projection> Applier<P> {
    /// Takes partitions over.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn take(&self, partitions: &[Partition]) -> Result<Vec<Arc<Lease>>, Error> {
        within(LIMIT, "take partitions over", async {
            let borrowed = self.database.borrow().await?;
            let leases = offset::take(client(borrowed.get()?), self.generation, partitions).await?;
            borrowed.give_back();
            Ok(leases)
        })
        .await
    }

    /// Applies what of a batch is still ours; `None` when that is nothing. Either everything is
    /// stored or nothing; a batch whose commit got no answer may simply be applied again.
    ///
    /// # Errors
    /// [`Error::Fenced`] when a partition has another owner; [`Error::Poison`] for an event that
    /// cannot be applied; others as they come.
    pub async fn apply(
        &self,
        batch: &Batch<P::Event>,
        now: Timestamp,
    ) -> Result<Option<Applied>, Error> {
        let share = batch.enter();
        if share.spans.is_empty() {
            return Ok(None);
        }
        within(LIMIT, "apply a batch of events", self.transact(&share, now)).await.map(Some)
    }

    async fn transact(
        &self,
        share: &Share<'_, P::Event>,
        now: Timestamp,
    ) -> Result<Applied, Error> {
        let next = share.spans.iter().map(|s| (s.lease.partition, s.to));
        let next = next.collect();
        let mut tables = P::Tables::default();
        fold::want(&self.projection, &share.items, &mut tables);
        let borrowed = self.database.borrow().await?;
        let connection = borrowed.get()?;
        if !self.begin(connection, share, &mut tables).await? {
            // Stored by an earlier attempt. What it emitted is in the outbox.
            return Ok(Applied { next, unanswered: true, ..Applied::default() });
        }
        self.load(connection, share, &mut tables).await?;
        let (emissions, counts) = fold::apply(&self.projection, &share.items, now, &mut tables)?;
        let outbox = outbox::store(self.name, &self.encoder, &emissions, now);
        let outbox = outbox.map_err(event_log::Error::from)?;
        let emitted = emissions.emitted().len();
        let changes = {
            let tables = tables.all();
            let stores = tables.iter().flat_map(|table| table.store());
            let statements: Vec<_> = stores.chain(outbox).collect();
            flight::commit(connection, &statements).await?;
            let changes = tables.iter().flat_map(|table| table.changes());
            let changes = changes.map(|change| told(change, share.items.as_slice()));
            changes.collect()
        };
        borrowed.give_back();
        Ok(Applied { counts, changes, emitted, next, unanswered: false })
    }

    /// The first round trip; false when the batch has been stored before.
    async fn begin(
        &self,
        connection: &Object,
        share: &Share<'_, P::Event>,
        tables: &mut P::Tables,
    ) -> Result<bool, Error> {
        let advance = offset::advance(self.generation, &share.spans);
        let moved = flight::begin(connection, &advance, &mut unshared(tables)).await?;
        if moved == share.spans.len() {
            return Ok(true);
        }
        // Some may have moved inside this transaction: look at what is stored.
        let undone = connection.batch_execute("rollback").await;
        undone.map_err(Error::postgres("roll back a transaction"))?;
        match offset::explain(client(connection), self.generation, &share.spans).await? {
            Some(Refusal::Done) => Ok(false),
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
        share: &Share<'_, P::Event>,
        tables: &mut P::Tables,
    ) -> Result<(), Error> {
        let mut locked = false;
        loop {
            fold::want(&self.projection, &share.items, tables);
            let mut loading = unshared(tables);
            if !loading.is_empty() {
                flight::load(connection, &mut loading).await?;
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
    let correlation_id = match cause {
        Some(Item::Handled(recorded)) => recorded.correlation_id.clone(),
        _ => None,
    };
    Changed {
        read_model: change.read_model,
        kind: change.kind,
        key: change.key,
        at: cause.map(|item| item.at()),
        correlation_id,
    }
}

/// The tables to be loaded without locks.
fn unshared<T: TableSet>(tables: &mut T) -> Vec<&mut dyn AnyTable> {
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
