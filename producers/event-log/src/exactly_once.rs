//! Consume → decide → produce, exactly once: each batch is one Kafka transaction that carries
//! what was produced *and* the offsets of what it was made from.
//!
//! The owner of a partition is its single writer. An instance that lost its partitions can commit
//! nothing, since each transaction names its membership in the group. After any error all is
//! dropped — producers, consumer and the step with its state — and started over from the log; a
//! final error ends the run instead, since two instances that re-initialise in a loop would fight
//! for ever.
//!
//! Two producers take turns: while the markers of one transaction are still being written, the
//! same producer could not begin the next without a pause.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use rdkafka::message::{BorrowedMessage, Message};
use schemas::Topic;
use service::{Failure, Shell, Shutdown, badge, health::Part};
use tokio::sync::oneshot;

use crate::{
    backoff::Backoff,
    consumer::{Change, Consumer, Polled},
    error::{Error, ErrorClass},
    pace::Pace,
    record::{OutRecord, Partition, Position},
    settings::Settings,
    transaction::TransactionalProducer,
};

/// Length of one idle poll: how soon a shutdown is noticed. The client spins through the last
/// millisecond of each.
const IDLE: Duration = Duration::from_millis(250);

/// Length of one nap while the rest of a burst is waited for. A poll of that length would spin: the
/// client counts in whole milliseconds.
const LOOK: Duration = Duration::from_micros(100);

/// Most records in one transaction; more wait for the next.
const LARGEST_BATCH: usize = 10_000;

/// Most bytes of payload in one transaction; exceeded by at most one record.
const LARGEST_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The role: which group reads which topics, and under which name.
#[derive(Clone, Debug)]
pub struct Role {
    /// Consumer group and stem of the transactional ids.
    pub name: &'static str,
    /// What is consumed.
    pub topics: Vec<Topic>,
}

/// What is done with each record.
pub trait Step {
    /// A partition became ours; called before any of its records. May block to restore state.
    ///
    /// # Errors
    /// When the state cannot be restored: all starts over.
    fn assigned(&mut self, partition: Partition) -> Result<(), Error>;

    /// A partition is no longer ours.
    fn revoked(&mut self, partition: Partition);

    /// Answers one record by records handed to `out`. What it learns must not count until
    /// [`Step::committed`].
    ///
    /// # Errors
    /// Anything but bad input, which a step has to deal with itself.
    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// The batch ends: last chance to add to its transaction.
    ///
    /// # Errors
    /// As [`Step::handle`].
    fn finish(&mut self, out: &mut dyn FnMut(OutRecord) -> Result<(), Error>) -> Result<(), Error>;

    /// The transaction of everything handled so far is committed.
    fn committed(&mut self);
}

/// Runs a role until the shutdown, on a thread of its own: Kafka's transaction calls block for
/// long. It is the last part of its process.
///
/// # Errors
/// Only what is final.
pub async fn serve<S: Step>(
    shell: Shell,
    settings: Settings,
    role: Role,
    step: impl FnMut() -> Result<S, Error> + Send + 'static,
) -> Result<(), Failure> {
    if settings.instance.is_none() {
        return Err(Failure::Configuration(anyhow!(
            "ONEWAY_INSTANCE is not set: transactions need a name that is stable and the \
             instance's own"
        )));
    }
    if settings.unfenced {
        tracing::error!("fencing is OFF: an instance that lost its partitions can still commit");
    }
    let health = shell.health.part("kafka");
    shell.health.complete();
    let (done, end) = oneshot::channel();
    badge::spawn(role.name, move || {
        let ended = run(&settings, &role, step, &health, &shell.shutdown);
        // The receiver is gone only when the process is on its way out.
        let _ = done.send(ended);
    })
    .map_err(|error| Failure::Internal(error.into()))?;
    match end.await {
        Ok(ended) => ended.map_err(Failure::from),
        Err(_) => Err(Failure::Internal(anyhow!("the thread that reads Kafka ended in a panic"))),
    }
}

/// Runs until the shutdown. Blocks.
///
/// # Errors
/// Only what is final.
pub fn run<S: Step>(
    settings: &Settings,
    role: &Role,
    mut step: impl FnMut() -> Result<S, Error>,
    health: &Part,
    shutdown: &Shutdown,
) -> Result<(), Error> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    while !shutdown.is_requested() {
        let started = Instant::now();
        let ended =
            step().and_then(|step| Session::open(settings, role, step)?.run(health, shutdown));
        let Err(error) = ended else { return Ok(()) };
        health.not_ready(error.to_string());
        if error.class() != ErrorClass::Transient {
            return Err(error);
        }
        if started.elapsed() > Duration::from_secs(60) {
            backoff.reset();
        }
        let wait = backoff.next_wait();
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            wait_ms = wait.as_millis(),
            "starting over from the log"
        );
        pause(wait, shutdown);
    }
    Ok(())
}

/// Waits, but not past a shutdown.
fn pause(wait: Duration, shutdown: &Shutdown) {
    let end = Instant::now() + wait;
    while Instant::now() < end && !shutdown.is_requested() {
        std::thread::sleep(IDLE.min(end.saturating_duration_since(Instant::now())));
    }
}

/// One life of consumer, producers and state, from one start over to the next.
struct Session<S> {
    consumer: Consumer,
    producers: [TransactionalProducer; 2],
    turn: bool,
    step: S,
    owned: Vec<Partition>,
    pace: Pace,
}

impl<S: Step> Session<S> {
    fn open(settings: &Settings, role: &Role, step: S) -> Result<Self, Error> {
        let instance = settings.instance.as_deref().unwrap_or_default();
        let producer = |turn: &str| {
            TransactionalProducer::new(settings, &format!("{}.{instance}.{turn}", role.name))
        };
        // The producers first: they settle what a predecessor left open before its offsets are
        // read.
        let producers = [producer("a")?, producer("b")?];
        let consumer = Consumer::join(settings, role.name, &role.topics)?;
        Ok(Self { consumer, producers, turn: true, step, owned: Vec::new(), pace: Pace::default() })
    }

    fn run(mut self, health: &Part, shutdown: &Shutdown) -> Result<(), Error> {
        while !shutdown.is_requested() {
            let Self { consumer, producers, turn, step, owned, pace } = &mut self;
            let mut batch = poll_batch(consumer, pace)?;
            let revoked = complete_changes(consumer, step, owned)?;
            if !revoked.is_empty() {
                // Even if a partition has come back: then its records come again too.
                batch.retain(|record| {
                    consumer.partition_of(record).is_none_or(|of| !revoked.contains(&of))
                });
            }
            match (owned.is_empty(), consumer.is_connected()) {
                // Further instances than there are partitions stand by, and say so.
                (true, _) => {}
                (false, true) => health.ready(),
                (false, false) => health.not_ready("no broker is connected"),
            }
            if batch.is_empty() {
                continue;
            }
            let [a, b] = producers;
            let producer = if *turn { a } else { b };
            let begun = Instant::now();
            let records = batch.len();
            answer(consumer, producer, step, batch)?;
            let took = begun.elapsed();
            tracing::debug!(records, duration_us = took.as_micros(), "transaction committed");
            pace.note(records, took);
            *turn = !*turn;
        }
        Ok(())
    }
}

/// Takes what is there, at least one record if one comes within [`IDLE`]; while one batch commits,
/// the next queues up by itself, and is waited for only as its pace says. Stops at a change of the
/// group, so that a batch never reaches across one.
fn poll_batch<'c>(consumer: &'c Consumer, pace: &Pace) -> Result<Vec<BorrowedMessage<'c>>, Error> {
    let mut batch = Vec::new();
    let (mut bytes, mut begun) = (0, Instant::now());
    while batch.len() < LARGEST_BATCH && bytes < LARGEST_BATCH_BYTES && !consumer.has_change() {
        let limit = if batch.is_empty() { IDLE } else { Duration::ZERO };
        match consumer.poll(limit)? {
            Polled::Record(record) => {
                if batch.is_empty() {
                    begun = Instant::now();
                }
                bytes += record.payload_len();
                batch.push(record);
            }
            Polled::Nothing if !batch.is_empty() && pace.awaits(batch.len(), begun) => {
                std::thread::sleep(LOOK);
            }
            Polled::Change | Polled::Nothing => break,
        }
    }
    Ok(batch)
}

/// Takes over and gives up what the group says; returns what was given up.
fn complete_changes<S: Step>(
    consumer: &Consumer,
    step: &mut S,
    owned: &mut Vec<Partition>,
) -> Result<Vec<Partition>, Error> {
    let mut gone = Vec::new();
    while let Some(change) = consumer.next_change() {
        match change {
            Change::Assigned(partitions) => {
                // Before the restore: an earlier owner's last transaction must be decided, or its
                // events would be missed while its commands count as answered.
                let starts = consumer.committed(&partitions)?;
                for partition in &partitions {
                    let started = Instant::now();
                    step.assigned(*partition)?;
                    tracing::info!(kafka.partition = %partition, duration_ms = started.elapsed().as_millis(), "partition assigned");
                }
                consumer.assign(&starts)?;
                owned.extend(partitions);
            }
            Change::Revoked { partitions, lost } => {
                for partition in &partitions {
                    tracing::info!(kafka.partition = %partition, lost, "partition revoked");
                    step.revoked(*partition);
                }
                owned.retain(|partition| !partitions.contains(partition));
                consumer.unassign(&partitions)?;
                gone.extend(partitions);
            }
        }
    }
    Ok(gone)
}

/// Answers a batch, which is not empty, in one transaction.
fn answer<S: Step>(
    consumer: &Consumer,
    producer: &TransactionalProducer,
    step: &mut S,
    batch: Vec<BorrowedMessage<'_>>,
) -> Result<(), Error> {
    // Taken now, not at the commit: a membership that is reset meanwhile would be let through.
    let membership = consumer.group_metadata()?;
    let mut next = BTreeMap::new();
    producer.begin()?;
    for record in batch {
        // The client delivers nothing but what was subscribed.
        let Some(partition) = consumer.partition_of(&record) else { continue };
        let position = Position { partition, offset: record.offset() };
        step.handle(position, &record, &mut |out| producer.produce(out))?;
        next.insert(partition, record.offset() + 1);
    }
    step.finish(&mut |out| producer.produce(out))?;
    let next: Vec<_> = next.into_iter().collect();
    producer.send_offsets(&next, &membership)?;
    producer.commit()?;
    step.committed();
    Ok(())
}
