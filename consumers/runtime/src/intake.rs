//! The thread that owns the Kafka consumer. It polls all the time, whatever Postgres does; it
//! decodes, gathers batches of whatever is there, and hands them over with the positions they
//! cover. While nobody takes them the next batch grows; when that is full too, fetching is paused.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use event_log::{
    Consumer, Partition, Position,
    backoff::Backoff,
    consumer::{Change, Polled},
};
use metrics::{counter, gauge};
use rdkafka::message::{Message, OwnedMessage};
use service::health::Part;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::{
    batch::Batch,
    error::{Error, Poison},
    lag::{Lag, Look},
    lease::Lease,
    metrics::{EVENTS_SKIPPED, LAG, PARTITIONS},
    reader::{Read, Reader},
};

/// Length of a poll when nothing waits.
const IDLE_POLL: Duration = Duration::from_millis(100);

/// Length of a poll while something waits to be taken.
const BUSY_POLL: Duration = Duration::from_millis(2);

/// Most payload in one batch, in bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// When a batch without any event, whose offsets only move on, is handed over.
const EMPTY_BATCH_OFFSETS: i64 = 10_000;
const EMPTY_BATCH_AGE: Duration = Duration::from_secs(1);

/// How long a revocation waits for a transaction under way. The epoch protects the rows anyway.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

/// How often lag is measured and offsets are shown to Kafka.
const SHOW_EVERY: Duration = Duration::from_secs(5);

/// What the thread hands over.
#[derive(Debug)]
pub enum Input<E> {
    /// The group gave us these partitions: take them and say from where they are to be read.
    Assigned {
        /// Which.
        partitions: Vec<Partition>,
        /// For the answer.
        answer: oneshot::Sender<Vec<Arc<Lease>>>,
    },
    /// Events.
    Batch(Batch<E>),
    /// Nothing more can come. What came before is good.
    Failed(Error),
}

/// The next offset of each partition, as applied: written by the engine, shown by this thread.
pub type Progress = Arc<Mutex<BTreeMap<Partition, i64>>>;

/// The thread's state.
#[derive(Debug)]
pub struct Intake<E> {
    consumer: Consumer,
    reader: Reader<E>,
    sender: mpsc::Sender<Input<E>>,
    /// Rebalances and the final error, in order, ahead of the batch.
    waiting: VecDeque<Input<E>>,
    batch: Batch<E>,
    bytes: usize,
    since: Instant,
    batch_events: usize,
    held: Vec<Held>,
    taking: Option<oneshot::Receiver<Vec<Arc<Lease>>>>,
    paused: bool,
    stalled: Option<Stalled>,
    progress: Progress,
    shown: Instant,
    lag: Lag,
    /// A whole idle poll brought nothing since the last look at the lag.
    was_idle: bool,
    health: Part,
}

/// A partition that is being read.
#[derive(Debug)]
struct Held {
    lease: Arc<Lease>,
    /// The offset after the last one that is in a batch.
    next: i64,
}

/// A record that waits for the registry.
#[derive(Debug)]
struct Stalled {
    at: Position,
    record: OwnedMessage,
    again: Instant,
    backoff: Backoff,
}

/// What the thread needs from outside.
#[derive(Debug)]
pub struct Outside<E> {
    /// Where batches go.
    pub sender: mpsc::Sender<Input<E>>,
    /// What is applied.
    pub progress: Progress,
    /// Most events in one batch.
    pub batch_events: usize,
    /// The state of the way to Kafka.
    pub health: Part,
}

impl<E> Intake<E> {
    /// Prepares the thread.
    #[must_use]
    pub fn new(consumer: Consumer, reader: Reader<E>, outside: Outside<E>) -> Self {
        let Outside { sender, progress, batch_events, health } = outside;
        Self {
            consumer,
            reader,
            sender,
            waiting: VecDeque::new(),
            batch: Batch::default(),
            bytes: 0,
            since: Instant::now(),
            batch_events,
            held: Vec::new(),
            taking: None,
            paused: false,
            stalled: None,
            progress,
            shown: Instant::now(),
            lag: Lag::default(),
            was_idle: false,
            health,
        }
    }

    /// Works until nobody takes what it brings. Then the consumer leaves the group.
    pub fn run(mut self) {
        let end = self.work();
        if let Err(error) = end {
            // Everything gathered before the error is still good.
            let batch = std::mem::take(&mut self.batch);
            let input = [Input::Batch(batch), Input::Failed(error)];
            for input in self.waiting.drain(..).chain(input) {
                if self.sender.blocking_send(input).is_err() {
                    break;
                }
            }
        }
        self.show();
    }

    fn work(&mut self) -> Result<(), Error> {
        let mut brought = true;
        while !self.sender.is_closed() {
            self.complete_changes()?;
            self.retry_stalled()?;
            let waits = self.hand_over(!brought);
            self.pause_or_resume()?;
            self.show_sometimes();
            let limit = if waits || self.taking.is_some() {
                BUSY_POLL
            } else if self.batch.items.is_empty() {
                IDLE_POLL
            } else {
                Duration::ZERO
            };
            brought = self.poll(limit)?;
            self.was_idle |= !brought && limit == IDLE_POLL && !self.paused;
        }
        Ok(())
    }

    /// Polls once; false when nothing came.
    fn poll(&mut self, limit: Duration) -> Result<bool, Error> {
        let Self { consumer, reader, held, .. } = self;
        let record = match consumer.poll(limit)? {
            Polled::Record(record) => record,
            Polled::Change | Polled::Nothing => return Ok(false),
        };
        let partition = consumer.partition_of(&record);
        let held = held.iter().find(|h| Some(h.lease.partition) == partition);
        // Of a partition that was given up meanwhile.
        let Some(held) = held else { return Ok(true) };
        let at = Position { partition: held.lease.partition, offset: record.offset() };
        if at.offset < held.next {
            return Err(Error::poison(at, None, Poison::Backwards { next: held.next }));
        }
        let read = reader.read(at, &record)?;
        if let Read::Later(error) = &read {
            tracing::warn!(%error, kafka.partition = %at.partition, kafka.offset = at.offset, "reading waits for the schema registry");
            let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
            self.stalled = Some(Stalled {
                at,
                record: record.detach(),
                again: Instant::now() + backoff.next_wait(),
                backoff,
            });
            return Ok(true);
        }
        let bytes = record.payload_len() + record.key_len();
        drop(record);
        self.gather(at, read, bytes);
        Ok(true)
    }

    /// Adds a record to the batch.
    fn gather(&mut self, at: Position, read: Read<E>, bytes: usize) {
        let mut held = self.held.iter_mut();
        let Some(held) = held.find(|held| held.lease.partition == at.partition) else {
            return;
        };
        if self.batch.spans.is_empty() {
            self.since = Instant::now();
        }
        self.batch.cover(&held.lease, held.next, at.offset + 1);
        held.next = at.offset + 1;
        match read {
            Read::Item(item) => {
                self.batch.items.push(item);
                self.bytes += bytes;
            }
            Read::Nothing | Read::Later(_) => counter!(EVENTS_SKIPPED).increment(1),
        }
    }

    /// Hands over what waits, and the batch when nothing more is there to go into it. True when
    /// something is left that nobody takes.
    fn hand_over(&mut self, nothing_came: bool) -> bool {
        while let Some(input) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(input)) = self.sender.try_send(input) {
                self.waiting.push_front(input);
                return true;
            }
        }
        if self.batch.items.is_empty() {
            // Only offsets: no hurry, but they are not kept back for ever either.
            let due = self.batch.offsets() >= EMPTY_BATCH_OFFSETS
                || self.since.elapsed() >= EMPTY_BATCH_AGE;
            if self.batch.spans.is_empty() || !due {
                return false;
            }
        } else if !nothing_came && !self.is_full() {
            return false;
        }
        match self.sender.try_reserve() {
            Ok(permit) => {
                permit.send(Input::Batch(std::mem::take(&mut self.batch)));
                self.bytes = 0;
                false
            }
            Err(_) => true,
        }
    }

    fn is_full(&self) -> bool {
        self.batch.items.len() >= self.batch_events || self.bytes >= BATCH_BYTES
    }

    /// Fetching stops while the batch is full or a record waits for its schema; polling goes on,
    /// or the group would think that this member is dead.
    fn pause_or_resume(&mut self) -> Result<(), Error> {
        let pause = self.is_full() || self.stalled.is_some();
        if pause != self.paused {
            let held = self.partitions();
            if pause {
                self.consumer.pause(&held)?;
            } else {
                self.consumer.resume(&held)?;
            }
            self.paused = pause;
        }
        Ok(())
    }

    fn retry_stalled(&mut self) -> Result<(), Error> {
        let Some(mut stalled) = self.stalled.take() else {
            return Ok(());
        };
        if Instant::now() < stalled.again {
            self.stalled = Some(stalled);
            return Ok(());
        }
        match self.reader.read(stalled.at, &stalled.record)? {
            Read::Later(_) => {
                stalled.again = Instant::now() + stalled.backoff.next_wait();
                self.stalled = Some(stalled);
            }
            read => {
                let bytes = stalled.record.payload().map_or(0, <[u8]>::len);
                self.gather(stalled.at, read, bytes);
            }
        }
        Ok(())
    }

    /// Rebalances, one after the other: the next only when the one before is complete.
    fn complete_changes(&mut self) -> Result<(), Error> {
        if let Some(taking) = &mut self.taking {
            match taking.try_recv() {
                Ok(leases) => self.begin_reading(leases)?,
                Err(oneshot::error::TryRecvError::Empty) => return Ok(()),
                // The engine is gone, and this thread is about to notice.
                Err(oneshot::error::TryRecvError::Closed) => {}
            }
            self.taking = None;
        }
        match self.consumer.next_change() {
            None => {}
            Some(Change::Assigned(partitions)) => {
                let (answer, taking) = oneshot::channel();
                self.taking = Some(taking);
                self.waiting.push_back(Input::Assigned { partitions, answer });
            }
            Some(Change::Revoked { partitions, lost }) => self.give_up(&partitions, lost)?,
        }
        Ok(())
    }

    fn begin_reading(&mut self, leases: Vec<Arc<Lease>>) -> Result<(), Error> {
        let starts: Vec<_> = leases.iter().map(|lease| (lease.partition, lease.start)).collect();
        self.consumer.assign(&starts)?;
        for lease in leases {
            tracing::info!(kafka.partition = %lease.partition, kafka.offset = lease.start, epoch = lease.epoch, "partition taken");
            let next = lease.start;
            self.held.push(Held { lease, next });
        }
        if self.paused {
            self.consumer.pause(&self.partitions())?;
        }
        self.health.ready();
        self.count_partitions();
        Ok(())
    }

    fn give_up(&mut self, partitions: &[Partition], lost: bool) -> Result<(), Error> {
        let is_gone = |partition: &Partition| partitions.contains(partition);
        let deadline = Instant::now() + REVOKE_LIMIT;
        for held in self.held.extract_if(.., |h| is_gone(&h.lease.partition)) {
            let partition = held.lease.partition;
            self.lag.forget(partition);
            let in_time = held.lease.revoke(deadline.saturating_duration_since(Instant::now()));
            tracing::info!(kafka.partition = %partition, lost, in_time, "partition given up");
        }
        self.batch.drop_partitions(partitions);
        if self.batch.items.is_empty() {
            self.bytes = 0;
        }
        if self.stalled.as_ref().is_some_and(|s| is_gone(&s.at.partition)) {
            self.stalled = None;
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.retain(|partition, _| !is_gone(partition));
        drop(progress);
        self.consumer.unassign(partitions)?;
        self.count_partitions();
        Ok(())
    }

    fn partitions(&self) -> Vec<Partition> {
        self.held.iter().map(|held| held.lease.partition).collect()
    }

    fn count_partitions(&self) {
        let held = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        gauge!(PARTITIONS).set(f64::from(held));
    }

    fn show_sometimes(&mut self) {
        if self.shown.elapsed() >= SHOW_EVERY {
            self.show();
            self.measure_lag();
            self.shown = Instant::now();
        }
    }

    /// What is applied, for people who look at the group.
    fn show(&self) {
        let applied = self.applied();
        if applied.is_empty() {
            return;
        }
        let applied: Vec<_> = applied.into_iter().collect();
        if let Err(error) = self.consumer.commit_for_display(&applied) {
            tracing::debug!(%error, "offsets are not shown to Kafka");
        }
    }

    /// Also finds out whether the brokers answer.
    fn measure_lag(&mut self) {
        let applied = self.applied();
        for held in &self.held {
            let partition = held.lease.partition;
            let Some(end) = self.consumer.high_watermark(partition) else {
                self.health.not_ready("the brokers do not answer");
                return;
            };
            let applied = applied.get(&partition).copied().unwrap_or(held.lease.start);
            let look = Look { end, read: held.next, applied, was_idle: self.was_idle };
            let lag = self.lag.look(partition, look);
            let labels = [
                ("topic", partition.topic.to_string()),
                ("partition", partition.number.to_string()),
            ];
            gauge!(LAG, &labels).set(lag as f64);
        }
        if !self.held.is_empty() {
            self.health.ready();
        }
        self.was_idle = false;
    }

    fn applied(&self) -> BTreeMap<Partition, i64> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
