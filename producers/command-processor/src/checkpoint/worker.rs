//! The thread that writes the checkpoints, so that no command waits for the disk.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use event_log::{Error, restore::PartitionReader};
use service::badge;

use crate::checkpoint::{
    file::CheckpointFile,
    position::{Mark, Position},
    proof::{self, Place},
    slot::{Batch, Size, Slot},
};

/// How often a position is taken: what a restart reads again of the state topic.
const POSITIONS: Duration = Duration::from_secs(5);

/// How often something is looked after when nothing comes.
const TICK: Duration = Duration::from_secs(1);

/// How long the thread is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Files are compacted when they have this much beyond twice their live size.
const LEAST_WASTE: u64 = 16 * 1024 * 1024;

/// Most bytes that wait to be written: the disk is too slow for a checkpoint then.
const MOST_QUEUED: usize = 64 * 1024 * 1024;

enum Job {
    Open(Place, Box<Open>),
    Append(Place, Batch),
    Close(Place, Sender<()>),
    End,
}

/// A checkpoint to be written on.
#[derive(Debug)]
pub struct Open {
    /// Where.
    pub file: CheckpointFile,
    /// The record that says that the state topic is complete, else where it will be.
    pub complete: Result<Mark, i64>,
    /// All states.
    pub size: Size,
}

/// The thread.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
    load: Arc<Load>,
    thread: Option<JoinHandle<()>>,
}

/// What waits for the thread.
#[derive(Debug, Default)]
struct Load {
    bytes: AtomicUsize,
    /// Checkpoints that somebody waits to be closed.
    closing: AtomicUsize,
}

/// The owner's end of one partition's checkpoint; closed when dropped.
#[derive(Debug)]
pub struct Handle {
    place: Place,
    jobs: Sender<Job>,
    load: Arc<Load>,
    is_given_up: bool,
}

impl Worker {
    /// Starts the thread; `log` is its own.
    pub fn start(log: PartitionReader) -> std::io::Result<Self> {
        let (jobs, work) = channel();
        let load = Arc::new(Load::default());
        let (slots, seen) = (HashMap::new(), Arc::clone(&load));
        let desk = Desk { log, slots, load: seen };
        let thread = badge::spawn("checkpoints", move || desk.run(&work))?;
        Ok(Self { jobs, load, thread: Some(thread) })
    }

    /// Hands over a file that has everything below its last position.
    pub fn open(&self, place: Place, open: Open) -> Option<Handle> {
        let jobs = self.jobs.clone();
        jobs.send(Job::Open(place, Box::new(open))).ok()?;
        Some(Handle { place, jobs, load: Arc::clone(&self.load), is_given_up: false })
    }
}

impl Drop for Worker {
    /// Writes what waits, and ends; if brokers that do not answer hold it up, on its own.
    fn drop(&mut self) {
        // Fails only when the thread has ended already.
        let _ = self.jobs.send(Job::End);
        let deadline = Instant::now() + PATIENCE;
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            if Instant::now() > deadline {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(thread) = self.thread.take() {
            // A panic of it was reported, and the files are whole up to their last positions.
            let _ = thread.join();
        }
    }
}

impl Handle {
    /// Takes what a committed batch has changed. Never waits: when too much is queued, this
    /// checkpoint is left as it is, and grows old.
    pub fn append(&mut self, batch: Batch) {
        if self.is_given_up || batch.frames.is_empty() {
            return;
        }
        let size = batch.frames.len();
        let queued = self.load.bytes.fetch_add(size, Ordering::Relaxed) + size;
        if queued > MOST_QUEUED || self.jobs.send(Job::Append(self.place, batch)).is_err() {
            self.load.bytes.fetch_sub(size, Ordering::Relaxed);
            self.is_given_up = true;
            tracing::warn!(kafka.partition = %self.place.states, "the checkpoint is not written any more: the disk is too slow");
        }
    }
}

impl Drop for Handle {
    /// Waits until the file is let go of: its next owner may be the same process. If brokers that
    /// do not answer hold the thread up, the file is left as it is, for nothing is written any more.
    fn drop(&mut self) {
        self.load.closing.fetch_add(1, Ordering::Relaxed);
        let (closed, wait) = channel();
        if self.jobs.send(Job::Close(self.place, closed)).is_ok() {
            let _ = wait.recv_timeout(PATIENCE);
        }
        self.load.closing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the thread works on.
struct Desk {
    log: PartitionReader,
    slots: HashMap<Place, (Slot, Result<Mark, i64>)>,
    load: Arc<Load>,
}

impl Desk {
    fn run(mut self, work: &Receiver<Job>) {
        loop {
            match work.recv_timeout(TICK) {
                Ok(Job::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let places: Vec<_> = self.slots.keys().copied().collect();
            for place in places {
                self.look_after(place);
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Open(place, open) => {
                let Open { file, complete, size } = *open;
                self.slots.insert(place, (Slot::new(file, size), complete));
            }
            Job::Append(place, batch) => {
                self.load.bytes.fetch_sub(batch.frames.len(), Ordering::Relaxed);
                let Some((slot, _)) = self.slots.get_mut(&place) else { return };
                if let Err(error) = slot.append(&batch) {
                    self.give_up(place, &error);
                }
            }
            Job::Close(place, closed) => {
                self.slots.remove(&place);
                // The owner may be gone already.
                let _ = closed.send(());
            }
            Job::End => {}
        }
    }

    /// Takes a position or makes the file smaller, when it is time.
    fn look_after(&mut self, place: Place) {
        let load = Arc::clone(&self.load);
        let is_awaited = || load.closing.load(Ordering::Relaxed) > 0;
        let Some((slot, complete)) = self.slots.get_mut(&place) else { return };
        let is_due = |since: Instant| since.elapsed() > POSITIONS;
        if slot.is_behind_since().is_some_and(is_due) && !is_awaited() {
            match propose(&self.log, place, complete, slot.size().aggregates) {
                Ok(Some((position, read))) => slot.propose(position, read),
                Ok(None) => {}
                // Whoever commits finds out too, and says more.
                Err(error) => tracing::debug!(%error, "cannot take the position of a checkpoint"),
            }
        }
        if slot.is_wasteful(LEAST_WASTE) && !is_awaited() {
            let (before, started) = (slot.length(), Instant::now());
            match slot.compact(&is_awaited) {
                Ok(false) => {}
                Ok(true) => tracing::info!(
                    kafka.partition = %place.states,
                    before,
                    bytes = slot.length(),
                    duration_ms = started.elapsed().as_millis(),
                    "checkpoint compacted"
                ),
                Err(error) => self.give_up(place, &error),
            }
        }
    }

    fn give_up(&mut self, place: Place, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(error, kafka.partition = %place.states, "the checkpoint is not written any more");
        self.slots.remove(&place);
    }
}

/// Reads where the state topic ends now; none while it does not say that it is complete.
fn propose(
    log: &PartitionReader,
    place: Place,
    complete: &mut Result<Mark, i64>,
    aggregates: u64,
) -> Result<Option<(Position, Instant)>, Error> {
    if let Err(from) = complete {
        let Some(found) = proof::find_completion(log, place, *from)? else { return Ok(None) };
        *complete = Ok(found);
    }
    let Ok(complete) = complete else { return Ok(None) };
    let next = log.high_watermark(place.states)?;
    let read = Instant::now();
    let event = proof::newest_event(log, place)?;
    let complete = complete.clone();
    Ok(Some((Position { next, aggregates, complete, event }, read)))
}
