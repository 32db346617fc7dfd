//! The relay: brings what is in the outbox into the log, each event exactly once and in the order
//! of its key.
//!
//! One relay per consumer is active: it holds a session lock on the one connection over which it
//! numbers and forgets batches. Each batch is one Kafka transaction, which also stores the
//! batch's number as the *cursor*: the committed offset of a consumer group of its own. Batches
//! up to the cursor are in the log, those beyond it are not. Whatever fails, everything is
//! dropped and started over: a new producer under the same transactional id settles what the old
//! one (of this process or of another) left open, and only then the cursor is read.
//!
//! Kafka forgets the offsets of a group that is not used for a while (`offsets.retention.minutes`,
//! a week by default). Therefore the cursor is renewed while the relay is idle. If it is gone all
//! the same, and batches are numbered but not forgotten, the log itself is searched for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use metrics::{counter, gauge};
use schemas::Topic;
use service::{Shutdown, Tracer, health::Part};
use tokio::sync::Notify;
use tokio_postgres::Client;

use crate::{
    database::Database,
    error::Error,
    metrics::{OUTBOX_RELAY_FAILURES, OUTBOX_RELAYED, OUTBOX_WAITING},
    outage::{Outage, Waited},
    outbox::{self, RelayBatch},
    relay_log::RelayLog,
};

/// Most events in one transaction.
const LARGEST_BATCH: i64 = 2_000;

/// Events in the outbox above which no further batch is applied.
pub const OUTBOX_LIMIT: i64 = 100_000;

/// How often an idle relay renews its cursor: far below the time after which Kafka forgets it.
const RENEW_EVERY: Duration = Duration::from_secs(3_600);

/// Longest time for one transaction, or for the start of a producer.
const SEND_LIMIT: Duration = Duration::from_secs(90);

/// Longest search of the log for what the relay before has sent.
const SEARCH_LIMIT: Duration = Duration::from_secs(1_800);

/// How often a busy relay looks how much is left: its limit must hold just then.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What brings the outbox into the log.
#[derive(Debug)]
pub struct Relay {
    /// The consumer whose outbox it is.
    pub name: &'static str,
    /// Where the outbox is.
    pub database: Database,
    /// Where Kafka is.
    pub log: event_log::Settings,
    /// Where the events go, or the first of several topics: its name carries the cursor.
    pub topic: Topic,
    /// Set when something was put into the outbox by this process.
    pub emitted: Arc<Notify>,
    /// How often to look for what other processes put there.
    pub poll: Duration,
    /// How long Postgres or Kafka may be away.
    pub outage_budget: Duration,
    /// Set while the outbox holds more than [`OUTBOX_LIMIT`].
    pub outbox_full: Arc<AtomicBool>,
    /// The state of the relay.
    pub health: Part,
    /// Takes what is told of records whose traces are recorded.
    pub tracer: Tracer,
}

impl Relay {
    /// Works until the shutdown. What is left in the outbox then is sent by the next relay.
    ///
    /// # Errors
    /// Whatever does not pass by itself, or lasts longer than the budget.
    pub async fn run(self, shutdown: &Shutdown) -> Result<(), Error> {
        let mut outage = Outage::new(self.outage_budget);
        loop {
            let Err(error) = self.lead(&mut outage, shutdown).await else {
                return Ok(());
            };
            counter!(OUTBOX_RELAY_FAILURES).increment(1);
            // A fenced producer is no reason to end: whoever fenced it holds the lock now.
            let error = match error {
                Error::Log(error) => Error::Connection(format!("relay: {error}")),
                other => other,
            };
            if outage.wait(error, &self.health, shutdown).await? == Waited::Stopping {
                return Ok(());
            }
        }
    }

    /// Waits for its turn, settles what the relay before left, then sends what comes.
    async fn lead(&self, outage: &mut Outage, shutdown: &Shutdown) -> Result<(), Error> {
        let client = self.database.dedicated().await?;
        while !self.lock(&client).await? {
            outage.over(&self.health);
            self.look_at_size(&client).await?;
            if self.pause(shutdown).await == Waited::Stopping {
                return Ok(());
            }
        }
        // Also when nothing can be sent: whoever emits has to know.
        self.look_at_size(&client).await?;
        let mut log = self.settle(&client).await?;
        let (mut renewed, mut looked) = (Instant::now(), Instant::now());
        outage.over(&self.health);
        tracing::info!("relaying the outbox");
        loop {
            if looked.elapsed() >= LOOK_EVERY {
                self.look_at_size(&client).await?;
                looked = Instant::now();
            }
            let batch = outbox::next_batch(&client, LARGEST_BATCH).await?;
            if !batch.events.is_empty() {
                let number = batch.number;
                log = self.send(log, batch).await?;
                outbox::forget(&client, number).await?;
                renewed = Instant::now();
                outage.over(&self.health);
            } else if renewed.elapsed() >= RENEW_EVERY {
                let number = outbox::last_number(&client).await?;
                log = self.send(log, RelayBatch { number, events: Vec::new() }).await?;
                renewed = Instant::now();
            } else {
                self.look_at_size(&client).await?;
                if self.pause(shutdown).await == Waited::Stopping {
                    return Ok(());
                }
            }
            if shutdown.is_requested() {
                return Ok(());
            }
        }
    }

    /// One attempt to become the active relay.
    async fn lock(&self, client: &Client) -> Result<bool, Error> {
        let schema = self.database.schema();
        let row = client
            .query_one(
                "select pg_try_advisory_lock(hashtextextended('relay ' || $1, 0))",
                &[&schema],
            )
            .await
            .map_err(Error::postgres("lock the relay"))?;
        Ok(row.get(0))
    }

    /// Finds out which of the numbered batches are in the log, and sends the others.
    async fn settle(&self, client: &Client) -> Result<RelayLog, Error> {
        let mut log = self.open_log().await?;
        let last = outbox::last_number(client).await?;
        let pending = outbox::numbered_batches(client).await?;
        let cursor = match known_cursor(log.cursor(), last, &pending)? {
            Cursor::At(cursor) => cursor,
            Cursor::ToBeFound => self.find_cursor(last, &pending).await?,
        };
        outbox::forget(client, cursor).await?;
        // Before anything else is numbered there is a cursor: from now on its absence means that
        // it was lost, never that there was none yet.
        if log.cursor().is_none() {
            log = self.send(log, RelayBatch { number: cursor, events: Vec::new() }).await?;
        }
        for batch in pending.into_iter().filter(|batch| batch.number > cursor) {
            tracing::info!(batch = batch.number, "sending a batch of the relay before");
            let number = batch.number;
            log = self.send(log, batch).await?;
            outbox::forget(client, number).await?;
        }
        Ok(log)
    }

    async fn open_log(&self) -> Result<RelayLog, Error> {
        let (log, name, topic) = (self.log.clone(), self.name, self.topic);
        blocking(SEND_LIMIT, move || RelayLog::open(&log, name, topic)).await
    }

    async fn find_cursor(&self, last: i64, pending: &[RelayBatch]) -> Result<i64, Error> {
        tracing::warn!("the relay's cursor is gone: searching the log for its batches");
        let (log, batches) = (self.log.clone(), pending.to_vec());
        let found = blocking(SEARCH_LIMIT, move || RelayLog::find_newest(&log, &batches)).await?;
        let oldest = pending.first().map_or(last + 1, |batch| batch.number);
        Ok(found.unwrap_or(oldest - 1))
    }

    async fn send(&self, log: RelayLog, batch: RelayBatch) -> Result<RelayLog, Error> {
        let events = batch.events.len() as u64;
        // On an error the producer is dropped with everything else.
        let tracer = self.tracer.clone();
        let log = blocking(SEND_LIMIT, move || log.send(batch, &tracer)).await?;
        counter!(OUTBOX_RELAYED).increment(events);
        Ok(log)
    }

    async fn look_at_size(&self, client: &Client) -> Result<(), Error> {
        let waiting = outbox::waiting(client, OUTBOX_LIMIT).await?;
        gauge!(OUTBOX_WAITING).set(waiting as f64);
        let full = waiting >= OUTBOX_LIMIT;
        self.outbox_full.store(full, Ordering::Release);
        Ok(())
    }

    /// Waits for something to do.
    async fn pause(&self, shutdown: &Shutdown) -> Waited {
        tokio::select! {
            () = self.emitted.notified() => Waited::Again,
            () = tokio::time::sleep(self.poll) => Waited::Again,
            () = shutdown.requested() => Waited::Stopping,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    /// Batches up to this number are in the log, those above are not.
    At(i64),
    /// It was lost, and batches are pending of which it would tell.
    ToBeFound,
}

/// What the stored cursor says.
fn known_cursor(stored: Option<i64>, last: i64, pending: &[RelayBatch]) -> Result<Cursor, Error> {
    match stored {
        Some(cursor) if cursor > last => Err(Error::Broken(format!(
            "the log has batch {cursor} of the outbox, but the outbox has numbered only {last}: \
             the database was restored to an earlier state"
        ))),
        Some(cursor) => Ok(Cursor::At(cursor)),
        None if pending.is_empty() => Ok(Cursor::At(last)),
        None => Ok(Cursor::ToBeFound),
    }
}

/// Runs Kafka calls, which block, on a thread of their own. The client does not always keep its own
/// time limits; a call that hangs cannot be taken back, so the process ends and starts afresh.
async fn blocking<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::Broken("a call to Kafka panicked".into())),
        Err(_) => {
            Err(Error::Broken(format!("a call to Kafka did not end within {} s", limit.as_secs())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(number: i64) -> RelayBatch {
        RelayBatch { number, events: Vec::new() }
    }

    #[test]
    fn what_a_cursor_says() {
        let pending = [batch(7)];
        // Sent, but not forgotten; not sent; the first start of all.
        assert_eq!(known_cursor(Some(7), 7, &pending).unwrap(), Cursor::At(7));
        assert_eq!(known_cursor(Some(6), 7, &pending).unwrap(), Cursor::At(6));
        assert_eq!(known_cursor(None, 0, &[]).unwrap(), Cursor::At(0));
        // Expired while idle, and expired while something was pending.
        assert_eq!(known_cursor(None, 7, &[]).unwrap(), Cursor::At(7));
        assert_eq!(known_cursor(None, 7, &pending).unwrap(), Cursor::ToBeFound);
        // Ahead of the database: nothing may be forgotten on its word.
        assert!(known_cursor(Some(8), 7, &pending).is_err());
    }
}
