//! Builds from one partition: a thread reads and decodes while the batch before is applied.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Error as LogError, Partition, Position, Registry, backoff::Backoff, restore::PartitionReader,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::Timestamp;
use service::{Shutdown, health::Part};
use tokio::{
    runtime::Handle,
    sync::mpsc::{self, Sender},
};

use crate::{
    batch::Batch,
    error::Error,
    lease::Lease,
    outage::{Outage, Waited},
    projection::Projection,
    reader::{Read, Reader},
    transaction::Applier,
};

/// Most events in one transaction: the more, the fewer times a row is written.
const BATCH_EVENTS: usize = 10_000;

/// What it takes to build.
pub struct Work<P: Projection> {
    pub applier: Arc<Applier<P>>,
    pub log: event_log::Settings,
    pub registry: Registry,
    pub outage_budget: Duration,
    pub shutdown: Shutdown,
    pub health: Part,
}

impl<P: Projection> Work<P> {
    /// Applies a partition up to an offset.
    pub async fn run(self, partition: Partition, until: i64) -> Result<(), Error> {
        let taken = self.applier.take(&[partition]).await?;
        let Some(lease) = taken.into_iter().next().filter(|lease| lease.start < until) else {
            return Ok(());
        };
        let (sender, mut batches) = mpsc::channel(1);
        let reading = Reading {
            reader: self.reader(),
            lease,
            until,
            outage_budget: self.outage_budget,
            batch: Batch::default(),
            sender,
        };
        let log = self.log.clone();
        let reading = tokio::task::spawn_blocking(move || reading.run(&log));
        let mut outage = Outage::new(self.outage_budget);
        while let Some(batch) = batches.recv().await {
            self.apply(&batch, &mut outage).await?;
            if self.shutdown.is_requested() {
                break;
            }
        }
        drop(batches);
        let read = reading.await.map_err(|panic| Error::Broken(panic.to_string()))?;
        match read {
            Err(_) if self.shutdown.is_requested() => Ok(()),
            read => read,
        }
    }

    fn reader(&self) -> Reader<P::Event> {
        Reader::of(&*self.applier.projection, self.registry.clone(), Handle::current())
    }

    async fn apply(&self, batch: &Batch<P::Event>, outage: &mut Outage) -> Result<(), Error> {
        loop {
            match self.applier.apply(batch, Timestamp::now()).await {
                Ok(_) => {
                    outage.over(&self.health);
                    return Ok(());
                }
                Err(error @ Error::Fenced(_)) => return Err(error),
                Err(error) => {
                    if outage.wait(error, &self.health, &self.shutdown).await? == Waited::Stopping {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// The thread that reads.
struct Reading<E> {
    reader: Reader<E>,
    lease: Arc<Lease>,
    until: i64,
    outage_budget: Duration,
    batch: Batch<E>,
    sender: Sender<Batch<E>>,
}

impl<E> Reading<E> {
    fn run(mut self, log: &event_log::Settings) -> Result<(), Error> {
        let (partition, from, until) = (self.lease.partition, self.lease.start, self.until);
        let log = PartitionReader::new(log)?;
        let mut failed = None;
        let read = log.read_range(partition, from..until, |record| {
            self.take(record).map_err(|error| {
                failed = Some(error);
                // Only to end the reading: nobody sees it.
                LogError::NotOwned(partition)
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        read?;
        // Not up to the end: the markers of transactions behind the last record are nothing that a
        // live read model would count.
        self.hand_over()
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) -> Result<(), Error> {
        let at = Position { partition: self.lease.partition, offset: record.offset() };
        let commands_done = match self.read(at, record)? {
            Read::Known { item, commands_done } => {
                self.batch.items.extend(item);
                commands_done
            }
            Read::Spoiled(spoiled) => {
                self.batch.spoiled.push(spoiled);
                None
            }
            Read::Later(error) => return Err(LogError::from(error).into()),
        };
        self.cover(at.offset + 1, commands_done);
        if self.batch.items.len() + self.batch.spoiled.len() >= BATCH_EVENTS {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Reads a record, however long the registry is away.
    fn read(&mut self, at: Position, record: &BorrowedMessage<'_>) -> Result<Read<E>, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let since = Instant::now();
        loop {
            match self.reader.read_of(&self.lease, at, record)? {
                Read::Later(error) if since.elapsed() < self.outage_budget => {
                    tracing::warn!(%error, "reading waits for the schema registry");
                    std::thread::sleep(backoff.next_wait());
                }
                read => return Ok(read),
            }
        }
    }

    fn cover(&mut self, to: i64, commands_done: Option<i64>) {
        let last = self.batch.spans.last();
        let from = last.map_or(self.lease.start, |span| span.to);
        self.batch.cover(&self.lease, from..to, commands_done);
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        let end = self.batch.spans.last().map(|span| span.to);
        let batch = std::mem::take(&mut self.batch);
        if batch.offsets() > 0 {
            let sent = self.sender.blocking_send(batch);
            sent.map_err(|_| Error::Broken("nobody applies what is read".into()))?;
        }
        // The next stretch begins where this one ends.
        if let Some(end) = end {
            self.batch.cover(&self.lease, end..end, None);
        }
        Ok(())
    }
}
