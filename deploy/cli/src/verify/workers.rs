//! A bounded number of threads that read partitions, each over its own connections.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use event_log::{Error, MessageReader, Partition, Registry, Settings, restore::PartitionReader};
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Handle;

use super::{findings::Findings, retention::Kept};

/// More threads than this do not make a broker any faster.
const MOST: usize = 8;

/// How far a verification is. Counts offsets: also those of records that are not there any more.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Done, and to be done in all; the latter is zero until it is known.
    pub fn now(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    pub(super) fn expect(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    fn add(&self, offsets: i64) {
        self.done.fetch_add(offsets.unsigned_abs(), Ordering::Relaxed);
    }
}

/// What a thread reads with.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Reads partitions.
    pub log: PartitionReader,
    /// Reads messages.
    pub reader: MessageReader,
    progress: &'a Progress,
}

impl Tools<'_> {
    /// Hands every record of a partition before `end` to `each`, with the reader of its payload;
    /// says what the partition still has.
    pub fn read(
        &mut self,
        partition: Partition,
        end: i64,
        mut each: impl FnMut(&mut MessageReader, &BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<Kept, Error> {
        let Self { log, reader, progress } = self;
        let (oldest, _) = log.watermarks(partition)?;
        progress.add(oldest.min(end));
        let (mut first, mut at) = (None, oldest);
        log.read_range(partition, oldest..end, |record| {
            first = first.or(Some(written(record)));
            progress.add(record.offset() + 1 - at);
            at = record.offset() + 1;
            each(reader, record)
        })?;
        progress.add((end - at).max(0));
        // Again: what was deleted while it was read may have been missed.
        let (oldest, _) = log.watermarks(partition)?;
        Ok(Kept::new(oldest, first))
    }
}

/// When a record was written, in milliseconds.
pub fn written(record: &BorrowedMessage<'_>) -> i64 {
    record.timestamp().to_millis().unwrap_or(0)
}

/// A partition that was looked at.
#[derive(Debug)]
pub struct Done {
    /// Which.
    pub partition: Partition,
    /// What it still has.
    pub kept: Kept,
    /// What was found there.
    pub findings: Findings,
}

/// A partition to be looked at by one thread.
pub type Job<'j> = Box<dyn FnOnce(&mut Tools<'_>) -> Result<Done, Error> + Send + 'j>;

/// Does all jobs; they end in any order. The first error ends it.
pub fn run(
    settings: &Settings,
    runtime: &Handle,
    progress: &Progress,
    jobs: Vec<Job<'_>>,
) -> Result<Vec<Done>, Error> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.min(MOST).min(jobs.len());
    let (jobs, failed) = (Mutex::new(VecDeque::from(jobs)), AtomicBool::new(false));
    let done = Mutex::new(Vec::new());
    let work = || -> Result<(), Error> {
        let registry = Registry::of(settings);
        let log = PartitionReader::new(settings)?;
        let reader = MessageReader::new(&registry, runtime);
        let mut tools = Tools { log, reader, progress };
        while !failed.load(Ordering::Relaxed) {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(job) = next else { break };
            let end = job(&mut tools)?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        }
        Ok(())
    };
    let work = || {
        let end = work();
        failed.fetch_or(end.is_err(), Ordering::Relaxed);
        end
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}
