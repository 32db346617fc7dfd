//! Work on a projection's rows that the clock sets off instead of an event.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use deadpool_postgres::Object;
use metrics::counter;
use schemas::Timestamp;
use service::{Shutdown, health::Part};
use tokio::sync::Notify;

use crate::{
    change_feed::{ChangeFeed, Changed},
    database::Database,
    error::Error,
    flight::{self, End},
    metrics::OUTBOX_EMITTED,
    outage::{Outage, Waited},
    outbox,
    projection::{Emissions, Projection},
    tables::TableSet,
    transaction::{Applier, within},
};

/// Longest life of one turn's transaction.
const LIMIT: Duration = Duration::from_secs(30);

/// Longest wait for what is done outside when the process is to end.
const LAST_WAIT: Duration = Duration::from_secs(20);

/// Work that becomes due as time goes by. Several instances may do it at once.
#[async_trait]
pub trait Chore<P: Projection>: Send + Sync + 'static {
    /// How often to look whether something is due.
    fn interval(&self) -> Duration;

    /// Whether events can make something due at once: it is then also looked after each batch.
    fn follows_events(&self) -> bool {
        false
    }

    /// The process is about to end: nothing new is begun. True when a preparation under way has to
    /// be waited for, because what it does outside cannot be left in the middle.
    fn stop(&self) -> bool {
        false
    }

    /// What has to be done before a turn, outside of its transaction: whatever asks others, who
    /// may take their time. It must come to an end all the same.
    ///
    /// # Errors
    /// Only what keeps the turn from being tried.
    async fn prepare(&self, _: &Database, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    /// Does a bounded part of what is due, inside a transaction: locks what it works on, changes
    /// the rows in `tables`, which are stored with what is emitted when it returns. True when
    /// more may be due.
    ///
    /// # Errors
    /// Nothing is stored then.
    async fn turn(
        &self,
        connection: &Object,
        now: Timestamp,
        tables: &mut P::Tables,
        out: &mut Emissions<P::Emission>,
    ) -> Result<bool, Error>;
}

/// What one turn did.
#[derive(Debug, Default)]
pub struct Turn {
    /// More may be due.
    pub more: bool,
    /// How many events were put into the outbox.
    pub emitted: usize,
    /// Rows that changed for clients.
    pub changes: Vec<Changed>,
}

/// One turn in one transaction.
///
/// # Errors
/// Nothing is stored then.
pub async fn turn<P: Projection>(
    applier: &Applier<P>,
    chore: &dyn Chore<P>,
    now: Timestamp,
) -> Result<Turn, Error> {
    within(LIMIT, "do what is due", async {
        let borrowed = applier.database.borrow().await?;
        let connection = borrowed.get()?;
        let begun = connection.batch_execute("begin").await;
        begun.map_err(Error::postgres("begin a transaction"))?;
        let mut tables = P::Tables::default();
        let mut out = Emissions::default();
        let more = chore.turn(connection, now, &mut tables, &mut out).await?;
        let outbox = outbox::store(applier.name, &applier.encoder, &out, now);
        let outbox = outbox.map_err(event_log::Error::from)?;
        let changes = {
            let tables = tables.all();
            let stores = tables.iter().flat_map(|table| table.store());
            let statements: Vec<_> = stores.chain(outbox).collect();
            flight::end(connection, &statements.iter().collect::<Vec<_>>(), End::Commit).await?;
            let changes = tables.iter().flat_map(|table| table.changes());
            changes.map(Changed::by_clock).collect()
        };
        borrowed.give_back();
        Ok(Turn { more, emitted: out.emitted().len(), changes })
    })
    .await
}

/// Does what is due until the shutdown.
///
/// # Errors
/// Whatever does not pass by itself, or lasts longer than the budget.
pub async fn run<P: Projection>(
    applier: Arc<Applier<P>>,
    chore: Box<dyn Chore<P>>,
    told: Told,
    shutdown: &Shutdown,
) -> Result<(), Error> {
    let Told { feed, emitted, outbox_full, applied, outage_budget, health } = told;
    let mut outage = Outage::new(outage_budget);
    let mut ticks = tokio::time::interval(chore.interval());
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = applied.notified(), if chore.follows_events() => {}
            () = shutdown.requested() => return Ok(()),
        }
        let Some(prepared) = prepare(&*chore, &applier.database, shutdown).await else {
            return Ok(());
        };
        if let Err(error) = prepared {
            if outage.wait(error, &health, shutdown).await? == Waited::Stopping {
                return Ok(());
            }
            continue;
        }
        let mut more = true;
        // What is due can wait for a relay that does not keep up; the outbox must not grow on.
        while more && !outbox_full.load(Ordering::Acquire) && !shutdown.is_requested() {
            match turn(&applier, &*chore, Timestamp::now()).await {
                Ok(done) => {
                    outage.over(&health);
                    more = done.more;
                    feed.send(done.changes);
                    if done.emitted > 0 {
                        counter!(OUTBOX_EMITTED).increment(done.emitted as u64);
                        emitted.notify_one();
                    }
                }
                Err(error) => {
                    if outage.wait(error, &health, shutdown).await? == Waited::Stopping {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Prepares a turn; `None` when the process is to end.
async fn prepare<P: Projection>(
    chore: &dyn Chore<P>,
    database: &Database,
    shutdown: &Shutdown,
) -> Option<Result<(), Error>> {
    let mut preparing = chore.prepare(database, Timestamp::now());
    tokio::select! {
        prepared = &mut preparing => return Some(prepared),
        () = shutdown.requested() => {}
    }
    if chore.stop() && tokio::time::timeout(LAST_WAIT, preparing).await.is_err() {
        let seconds = LAST_WAIT.as_secs();
        tracing::warn!("what a chore does outside did not end within {seconds} s: it is cut off");
    }
    None
}

/// Who is told of what a chore did.
#[derive(Debug)]
pub struct Told {
    /// Clients.
    pub feed: ChangeFeed,
    /// The relay.
    pub emitted: Arc<Notify>,
    /// Set while the outbox must not grow.
    pub outbox_full: Arc<AtomicBool>,
    /// Told itself of each batch of events that was applied.
    pub applied: Arc<Notify>,
    /// How long Postgres may be away.
    pub outage_budget: Duration,
    /// The state of the chore.
    pub health: Part,
}
