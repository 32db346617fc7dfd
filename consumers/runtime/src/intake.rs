//! The thread that owns the Kafka consumer. It polls all the time, whatever Postgres does; it
//! decodes, gathers batches of whatever is there, and hands them over with the positions they
//! cover. While nobody takes them the next batch grows; when that is full too, fetching is paused.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Consumer, Partition, Position,
    backoff::Backoff,
    consumer::{Change, Polled},
};
use metrics::{Gauge, counter};
use rdkafka::message::{Message, OwnedMessage};
use service::health::Part;
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::timeout,
};

use crate::{
    batch::Batch,
    error::Error,
    gather::{Gathered, Gathering},
    lease::Lease,
    metrics::EVENTS_SKIPPED,
    poison::Poison,
    reader::{Read, Reader},
    watch::{Progress, Watch},
};

/// Length of a poll when nothing waits. The client spins through the last millisecond of each.
const IDLE_POLL: Duration = Duration::from_millis(250);

/// How long a full batch waits before fetching is paused.
const PATIENCE: Duration = Duration::from_secs(2);

/// Length of a poll while something waits to be taken.
const BUSY_POLL: Duration = Duration::from_millis(2);

/// How long a revocation waits for a transaction under way. The epoch protects the rows anyway.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

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

/// The thread's state.
#[derive(Debug)]
pub struct Intake<E> {
    consumer: Consumer,
    reader: Reader<E>,
    sender: mpsc::Sender<Input<E>>,
    /// Rebalances and the final error, in order, ahead of the batch.
    waiting: VecDeque<Input<E>>,
    gathering: Gathering<E>,
    held: Vec<Held>,
    taking: Option<oneshot::Receiver<Vec<Arc<Lease>>>>,
    paused: bool,
    stalled: Vec<Stalled>,
    watch: Watch,
    partitions: Gauge,
    tokio: Handle,
}

/// A partition that is being read.
#[derive(Debug)]
pub struct Held {
    /// Our right to it.
    pub lease: Arc<Lease>,
    /// The offset after the last record that was read.
    pub next: i64,
    /// When the log took that record, in milliseconds since 1970; 0 before the first.
    pub written: i64,
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
    /// How many partitions there are.
    pub partitions: Gauge,
    /// Where waits run.
    pub tokio: Handle,
    /// The state of the way to Kafka.
    pub health: Part,
}

impl<E> Intake<E> {
    /// Prepares the thread.
    #[must_use]
    pub fn new(consumer: Consumer, reader: Reader<E>, outside: Outside<E>) -> Self {
        let Outside { sender, progress, batch_events, partitions, tokio, health } = outside;
        Self {
            consumer,
            reader,
            sender,
            waiting: VecDeque::new(),
            gathering: Gathering::new(batch_events),
            held: Vec::new(),
            taking: None,
            paused: false,
            stalled: Vec::new(),
            watch: Watch::new(progress, health),
            partitions,
            tokio,
        }
    }

    /// Works until nobody takes what it brings. Then the consumer leaves the group.
    pub fn run(mut self) {
        let end = self.work();
        if let Err(error) = end {
            // Everything gathered before the error is still good.
            let batch = self.gathering.take();
            let input = [Input::Batch(batch), Input::Failed(error)];
            for input in self.waiting.drain(..).chain(input) {
                if self.sender.blocking_send(input).is_err() {
                    break;
                }
            }
        }
        self.watch.show(&self.consumer);
    }

    fn work(&mut self) -> Result<(), Error> {
        let mut brought = true;
        while !self.sender.is_closed() {
            self.complete_changes()?;
            self.retry_stalled()?;
            let waits = self.hand_over(!brought);
            self.pause_or_resume()?;
            self.watch.stalled(!self.stalled.is_empty());
            self.watch.look_sometimes(&self.consumer, &self.held);
            let limit = if waits || self.taking.is_some() {
                BUSY_POLL
            } else if !self.gathering.has_events() {
                IDLE_POLL
            } else {
                Duration::ZERO
            };
            brought = self.poll(limit)?;
            self.watch.polled(!brought && limit == IDLE_POLL && !self.paused);
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
        let held = held.iter_mut().find(|h| Some(h.lease.partition) == partition);
        // Of a partition that was given up meanwhile.
        let Some(held) = held else { return Ok(true) };
        let at = Position { partition: held.lease.partition, offset: record.offset() };
        if at.offset < held.next {
            return Err(Error::poison(at, None, Poison::Backwards { next: held.next }));
        }
        held.written = record.timestamp().to_millis().unwrap_or_default();
        let read = reader.read_of(&held.lease, at, &record)?;
        if let Read::Later(error) = &read {
            tracing::warn!(%error, kafka.partition = %at.partition, kafka.offset = at.offset, "reading waits for the schema registry");
            let record = record.detach();
            self.stall(at, record)?;
            return Ok(true);
        }
        let bytes = record.payload_len() + record.key_len();
        drop(record);
        self.gather(at, read, bytes);
        Ok(true)
    }

    /// Holds up a partition whose next record waits for its schema; the others go on.
    fn stall(&mut self, at: Position, record: OwnedMessage) -> Result<(), Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let again = Instant::now() + backoff.next_wait();
        self.stalled.push(Stalled { at, record, again, backoff });
        Ok(self.consumer.pause(&[at.partition])?)
    }

    /// Adds a record to the batch.
    fn gather(&mut self, at: Position, read: Read<E>, bytes: usize) {
        let mut held = self.held.iter_mut();
        let Some(held) = held.find(|held| held.lease.partition == at.partition) else {
            return;
        };
        let (item, commands_done) = match read {
            Read::Known { item: Some(item), commands_done } => {
                (Gathered::Event(item), commands_done)
            }
            Read::Known { item: None, commands_done } => {
                counter!(EVENTS_SKIPPED).increment(1);
                (Gathered::Nothing, commands_done)
            }
            Read::Spoiled(spoiled) => (Gathered::Spoiled(spoiled), None),
            Read::Later(_) => return,
        };
        let from = std::mem::replace(&mut held.next, at.offset + 1);
        self.gathering.add(&held.lease, from..held.next, commands_done, item, bytes);
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
        if !self.gathering.is_due(nothing_came) {
            return false;
        }
        // Nothing more fits: there is nothing to poll for, and pausing would throw away what is
        // fetched already. But not for long, since the group wants to see polls.
        let patience =
            if self.gathering.is_full() && !self.paused { PATIENCE } else { Duration::ZERO };
        let Self { sender, gathering, tokio, .. } = self;
        let permit = tokio.block_on(async { timeout(patience, sender.reserve()).await });
        match permit {
            Ok(Ok(permit)) => {
                permit.send(Input::Batch(gathering.take()));
                false
            }
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// Fetching stops while a full batch is not taken; polling goes on, or the group would think
    /// that this member is dead.
    fn pause_or_resume(&mut self) -> Result<(), Error> {
        let pause = self.gathering.is_full();
        if pause != self.paused {
            let mut held = self.partitions();
            if pause {
                self.consumer.pause(&held)?;
            } else {
                held.retain(|one| self.stalled.iter().all(|stalled| stalled.at.partition != *one));
                self.consumer.resume(&held)?;
            }
            self.paused = pause;
        }
        Ok(())
    }

    /// One at a time: each may wait for an answer, and the group wants to see polls.
    fn retry_stalled(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let Some(due) = self.stalled.iter().position(|stalled| stalled.again <= now) else {
            return Ok(());
        };
        let mut stalled = self.stalled.swap_remove(due);
        match self.reader.read(stalled.at, &stalled.record)? {
            Read::Later(_) => {
                stalled.again = Instant::now() + stalled.backoff.next_wait();
                self.stalled.push(stalled);
            }
            read => {
                let bytes = stalled.record.payload().map_or(0, <[u8]>::len);
                self.gather(stalled.at, read, bytes);
                if !self.paused {
                    self.consumer.resume(&[stalled.at.partition])?;
                }
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
            self.held.push(Held { lease, next, written: 0 });
        }
        if self.paused {
            self.consumer.pause(&self.partitions())?;
        }
        self.watch.joined();
        self.count_partitions();
        Ok(())
    }

    fn give_up(&mut self, partitions: &[Partition], lost: bool) -> Result<(), Error> {
        let is_gone = |partition: &Partition| partitions.contains(partition);
        let deadline = Instant::now() + REVOKE_LIMIT;
        for held in self.held.extract_if(.., |h| is_gone(&h.lease.partition)) {
            let partition = held.lease.partition;
            self.watch.forget(partition);
            let in_time = held.lease.revoke(deadline.saturating_duration_since(Instant::now()));
            tracing::info!(kafka.partition = %partition, lost, in_time, "partition given up");
        }
        self.gathering.drop_partitions(partitions);
        self.stalled.retain(|stalled| !is_gone(&stalled.at.partition));
        self.consumer.unassign(partitions)?;
        self.count_partitions();
        Ok(())
    }

    fn partitions(&self) -> Vec<Partition> {
        self.held.iter().map(|held| held.lease.partition).collect()
    }

    fn count_partitions(&self) {
        let held = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        self.partitions.set(f64::from(held));
    }
}
