//! What the intake tells about itself: lag, progress, and whether the brokers answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use event_log::{Consumer, Partition};
use metrics::gauge;
use schemas::Timestamp;
use service::health::Part;

use crate::{
    intake::Held,
    lag::{Lag, Look},
    metrics::{LAG, LAG_SECONDS},
};

/// How often to look.
const EVERY: Duration = Duration::from_secs(5);

/// Polls in a row that bring nothing before it counts as idle: fetching may have to be taken up
/// again first.
const IDLE_POLLS: u32 = 2;

/// The next offset of each partition, as applied: written by the engine, shown by the intake.
pub type Progress = Arc<Mutex<BTreeMap<Partition, i64>>>;

/// Looks after the intake.
#[derive(Debug)]
pub struct Watch {
    progress: Progress,
    health: Part,
    looked: Instant,
    lag: Lag,
    /// Idle polls in a row.
    idle_polls: u32,
    /// There were enough of them since the last look.
    was_idle: bool,
    stalled: bool,
}

impl Watch {
    /// Begins.
    #[must_use]
    pub fn new(progress: Progress, health: Part) -> Self {
        let (looked, lag) = (Instant::now(), Lag::default());
        Self { progress, health, looked, lag, idle_polls: 0, was_idle: false, stalled: false }
    }

    /// A rebalance is complete.
    pub fn joined(&self) {
        if !self.stalled {
            self.health.ready();
        }
    }

    /// Whether reading waits for the schema registry.
    pub fn stalled(&mut self, stalled: bool) {
        if stalled == self.stalled {
            return;
        }
        self.stalled = stalled;
        if stalled {
            self.health.not_ready("an event waits for the schema registry");
        } else {
            self.health.ready();
        }
    }

    /// How a poll ended: idle when it was a long one, brought nothing, and nothing was paused.
    pub const fn polled(&mut self, idle: bool) {
        self.idle_polls = if idle { self.idle_polls.saturating_add(1) } else { 0 };
        self.was_idle |= self.idle_polls >= IDLE_POLLS;
    }

    /// A partition was given up.
    pub fn forget(&mut self, partition: Partition) {
        self.lag.forget(partition);
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    /// Looks, if it is time to.
    pub fn look_sometimes(&mut self, consumer: &Consumer, held: &[Held]) {
        if self.looked.elapsed() >= EVERY {
            self.show(consumer);
            self.measure_lag(consumer, held);
            self.looked = Instant::now();
        }
    }

    /// Shows Kafka what is applied, for people who look at the group.
    pub fn show(&self, consumer: &Consumer) {
        let applied: Vec<_> = self.applied().into_iter().collect();
        if applied.is_empty() {
            return;
        }
        if let Err(error) = consumer.commit_for_display(&applied) {
            tracing::debug!(%error, "offsets are not shown to Kafka");
        }
    }

    /// Also finds out whether the brokers answer.
    fn measure_lag(&mut self, consumer: &Consumer, held: &[Held]) {
        if held.is_empty() {
            return;
        }
        let applied = self.applied();
        let was_idle = std::mem::take(&mut self.was_idle);
        let partitions: Vec<_> = held.iter().map(|held| held.lease.partition).collect();
        let Ok(ends) = consumer.ends(&partitions) else {
            self.health.not_ready("the brokers do not answer");
            return;
        };
        let now = Timestamp::system_now().micros() / 1_000;
        for (Held { lease, next, written }, (partition, end)) in held.iter().zip(ends) {
            let applied = applied.get(&partition).copied().unwrap_or(lease.start);
            let lag = self.lag.look(partition, Look { end, read: *next, applied, was_idle });
            let topic = ("topic", partition.topic.to_string());
            let number = ("partition", partition.number.to_string());
            // Before the first record its age is not known.
            let age = if lag == 0 || *written == 0 { 0 } else { (now - written).max(0) };
            let labels = [topic, number];
            gauge!(LAG, &labels).set(lag as f64);
            gauge!(LAG_SECONDS, &labels).set(age as f64 / 1_000.0);
        }
        self.joined();
    }

    fn applied(&self) -> BTreeMap<Partition, i64> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
