//! Looks at the offsets in Postgres while some query waits, once for all of them: which instance
//! applied an event does not matter, and the work does not grow with the number of queries.
//!
//! Not by `notify`: each transaction that does so takes a lock that all of the server share when
//! it commits, and the one who writes would pay for those who read.

use std::{sync::Arc, time::Duration};

use event_log::{ErrorClass, backoff::Backoff};
use metrics::{counter, gauge, histogram};
use service::Shutdown;
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    database::Database,
    error::Error,
    fresh::demand::{Demand, Shortfall},
    metrics::{QUERIES_UNMET, QUERIES_WAITING, QUERY_WAIT},
    offset::{self, Applied},
    transaction::within,
};

/// Time between two looks: at first, since what a query waits for is mostly on its way, and when
/// nothing has moved for a while.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

/// Time after a look that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(250);

/// Longest duration of one look.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// Least time that a query waits, however short its client wants it to: for one look.
const LEAST_WAIT: Duration = Duration::from_millis(100);

/// Why a query cannot see what it wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// It has waited long enough, and this is missing.
    Late(Vec<Shortfall>),
    /// It has waited long enough, and Postgres does not answer.
    Unknown,
    /// Too many wait already.
    Crowded,
    /// The process is to stop.
    Stopping,
}

/// The side of those who wait. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    seen: watch::Receiver<Option<Applied>>,
    waiting: Arc<Waiting>,
}

/// The side that looks.
#[derive(Debug)]
pub struct Lookout {
    database: Database,
    seen: watch::Sender<Option<Applied>>,
    waiting: Arc<Waiting>,
}

/// How many wait.
#[derive(Debug)]
struct Waiting {
    most: usize,
    places: Semaphore,
    /// Somebody began to.
    one_more: Notify,
}

/// Both sides; at most so many queries wait at once.
#[must_use]
pub fn lookout(database: Database, most: usize) -> (View, Lookout) {
    let (sender, receiver) = watch::channel(None);
    let places = Semaphore::new(most.min(Semaphore::MAX_PERMITS));
    let waiting = Arc::new(Waiting { most, places, one_more: Notify::new() });
    let view = View { seen: receiver, waiting: Arc::clone(&waiting) };
    (view, Lookout { database, seen: sender, waiting })
}

impl Waiting {
    fn count(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }
}

impl View {
    /// Waits until what is wanted is applied. May be dropped at any time: its place is free then.
    ///
    /// # Errors
    /// [`Unmet`] when that is not so in time.
    pub async fn wait_for(&self, demand: &Demand, limit: Duration) -> Result<(), Unmet> {
        let is_met = |seen: &Option<Applied>| seen.as_ref().is_some_and(|seen| demand.is_met(seen));
        // What was applied once is applied for ever: a rebuild becomes live only when it has all
        // that the one before had.
        if is_met(&self.seen.borrow()) {
            return Ok(());
        }
        let started = Instant::now();
        let met = self.wait_until(demand, is_met, limit.max(LEAST_WAIT)).await;
        histogram!(QUERY_WAIT).record(started.elapsed().as_secs_f64());
        if met.is_err() {
            counter!(QUERIES_UNMET).increment(1);
        }
        met
    }

    async fn wait_until(
        &self,
        demand: &Demand,
        is_met: impl FnMut(&Option<Applied>) -> bool,
        limit: Duration,
    ) -> Result<(), Unmet> {
        let _place = self.waiting.places.try_acquire().map_err(|_| Unmet::Crowded)?;
        self.waiting.one_more.notify_one();
        let mut seen = self.seen.clone();
        match timeout(limit, seen.wait_for(is_met)).await {
            Ok(Ok(_)) => return Ok(()),
            // Nobody looks any more.
            Ok(Err(_)) => return Err(Unmet::Stopping),
            Err(_) => {}
        }
        let seen = self.seen.borrow();
        let missing = demand.missing(seen.as_ref().ok_or(Unmet::Unknown)?);
        // It may have come at the last moment.
        if missing.is_empty() { Ok(()) } else { Err(Unmet::Late(missing)) }
    }

    /// How many queries wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.count()
    }
}

impl Lookout {
    /// Looks while somebody waits, until the shutdown; then nobody waits any longer.
    ///
    /// # Errors
    /// What does not pass by itself. What passes is waited out: for how long the process may live
    /// without Postgres is the engine's to say.
    pub async fn run(self, shutdown: &Shutdown) -> Result<(), Error> {
        tokio::select! {
            ended = self.look_out() => ended,
            () = shutdown.requested() => Ok(()),
        }
    }

    async fn look_out(&self) -> Result<(), Error> {
        let mut pauses = Backoff::new(SHORTEST, LONGEST);
        let look = || offset::applied(&self.database);
        loop {
            let waiting = self.waiting.count();
            gauge!(QUERIES_WAITING).set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
            if waiting == 0 {
                self.waiting.one_more.notified().await;
                pauses.reset();
            }
            match within(LOOK_LIMIT, "look at the offsets", look()).await {
                Ok(applied) => {
                    if self.show(applied) {
                        pauses.reset();
                    }
                    self.pause(&mut pauses).await;
                }
                Err(error) if error.class() == ErrorClass::Transient => {
                    tracing::warn!(%error, "queries wait for a look at the offsets");
                    self.seen.send_replace(None);
                    sleep(AFTER_FAILURE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends early, but not at once, when one more begins to wait.
    async fn pause(&self, pauses: &mut Backoff) {
        let one_more = timeout(pauses.next_wait(), self.waiting.one_more.notified()).await.is_ok();
        if one_more {
            pauses.reset();
            sleep(pauses.next_wait()).await;
        }
    }

    /// Tells those who wait; false when nothing has moved.
    fn show(&self, applied: Applied) -> bool {
        self.seen.send_if_modified(|seen| {
            let moved = seen.as_ref() != Some(&applied);
            *seen = Some(applied);
            moved
        })
    }
}
