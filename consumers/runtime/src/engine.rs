//! Applies what the intake brings, batch by batch, until the shutdown.
//!
//! A *session* is one membership in the consumer group. A trouble that passes by itself is waited
//! out inside the session, with the same batch; being fenced ends it, and the next one takes the
//! partitions anew.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use event_log::{Consumer, Partition, Registry};
use metrics::{Gauge, counter, gauge, histogram};
use schemas::{Messages, Timestamp};
use service::{Shutdown, badge, health::Part};
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
    time::MissedTickBehavior,
};

use crate::{
    batch::Batch,
    change_feed::ChangeFeed,
    dead_letters::desk,
    error::Error,
    intake::{Input, Intake, Outside},
    lease::Lease,
    metrics::{
        BATCH_DURATION, BATCH_FAILURES, BATCH_SIZE, EVENTS_APPLIED, EVENTS_DUPLICATE,
        EVENTS_PARKED, EVENTS_SKIPPED, OUTBOX_EMITTED, PARKED_KEYS, PARTITIONS, PAUSED,
    },
    outage::{Outage, Waited},
    projection::Projection,
    reader::Reader,
    transaction::{Applied, Applier},
    watch::Progress,
};

/// Batches that may wait between intake and engine.
const QUEUE: usize = 1;

/// How long the intake may take to leave the group.
const LEAVE_LIMIT: Duration = Duration::from_secs(15);

/// A session that lasted so long was no failed attempt to join.
const GOOD_SESSION: Duration = Duration::from_secs(60);

/// How often is looked for what operators ask for.
const REQUESTS_EVERY: Duration = Duration::from_secs(1);

/// How often a full outbox is looked at again.
const OUTBOX_WAIT: Duration = Duration::from_millis(100);

type Inputs<P> = mpsc::Receiver<Input<<P as Projection>::Event>>;

/// What applies events.
pub struct Engine<P: Projection> {
    /// Its number among the workers of the process, from 1.
    pub worker: usize,
    /// The business and its tables.
    pub applier: Arc<Applier<P>>,
    /// Where Kafka is.
    pub log: event_log::Settings,
    /// Where schemas are.
    pub registry: Registry,
    /// Most events in one transaction.
    pub batch_events: usize,
    /// How long Postgres, Kafka or the registry may be away.
    pub outage_budget: Duration,
    /// Tells clients what changed.
    pub feed: ChangeFeed,
    /// Wakes the relay.
    pub emitted: Arc<Notify>,
    /// Told of each batch that was applied.
    pub applied: Arc<Notify>,
    /// Set while the outbox holds more than it should.
    pub outbox_full: Arc<AtomicBool>,
    /// Whether an operator wants nothing to be applied, as last seen.
    pub paused: AtomicBool,
    /// The state of Postgres.
    pub postgres: Part,
    /// The state of the way to Kafka.
    pub kafka: Part,
}

impl<P: Projection> std::fmt::Debug for Engine<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("applier", &self.applier).finish_non_exhaustive()
    }
}

impl<P: Projection> Engine<P> {
    /// Works until the shutdown: the batch under way is finished, then the group is left.
    ///
    /// # Errors
    /// Whatever does not pass by itself, or lasts longer than the budget.
    pub async fn run(self, shutdown: &Shutdown) -> Result<(), Error> {
        let mut outage = Outage::new(self.outage_budget);
        let mut rejoining = Outage::new(self.outage_budget);
        while !shutdown.is_requested() {
            let started = Instant::now();
            let ended = self.session(&mut outage, shutdown).await;
            if let Err(Error::Paused) = ended {
                self.pause(shutdown).await;
            } else if let Err(error) = ended {
                if started.elapsed() > GOOD_SESSION {
                    rejoining = Outage::new(self.outage_budget);
                }
                rejoining.wait(error, &self.kafka, shutdown).await?;
            }
        }
        Ok(())
    }

    /// Lets a moment of a pause go by. The read model is served all the time.
    async fn pause(&self, shutdown: &Shutdown) {
        if !self.paused.swap(true, Ordering::Relaxed) {
            tracing::warn!("paused by an operator: nothing is applied until it is resumed");
            // It does what it is told to, and its queries are served.
            self.kafka.ready();
            self.gauge(PAUSED).set(1.0);
        }
        tokio::select! {
            () = tokio::time::sleep(REQUESTS_EVERY) => {}
            () = shutdown.requested() => {}
        }
    }

    async fn session(&self, outage: &mut Outage, shutdown: &Shutdown) -> Result<(), Error> {
        self.applier.open().await?;
        if self.paused.swap(false, Ordering::Relaxed) {
            tracing::info!("resumed");
        }
        self.gauge(PAUSED).set(0.0);
        let progress = Progress::default();
        let (intake, mut receiver) = self.start_intake(&progress)?;
        let mut held = Vec::new();
        let mut requests = tokio::time::interval(REQUESTS_EVERY);
        requests.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            let input = tokio::select! {
                input = receiver.recv() => input,
                _ = requests.tick() => {
                    match self.do_requests(&mut held, &progress, outage, shutdown).await {
                        Ok(()) => continue,
                        Err(error) => break Err(error),
                    }
                }
                () = shutdown.requested() => break Ok(()),
            };
            let handled = match input {
                Some(Input::Assigned { partitions, answer }) => {
                    self.take(&partitions, answer, &mut held, outage, shutdown).await
                }
                Some(Input::Batch(batch)) => self.apply(&batch, &progress, outage, shutdown).await,
                Some(Input::Failed(error)) => Err(error),
                None => Err(Error::Broken("the intake thread ended by itself".into())),
            };
            if let Err(error) = handled {
                break Err(error);
            }
        };
        drop(receiver);
        leave(intake).await;
        ended
    }

    fn start_intake(&self, progress: &Progress) -> Result<(JoinHandle<()>, Inputs<P>), Error> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let reader = self.reader();
        let consumer = Consumer::join(&self.log, self.applier.name, &reader.topics())?;
        let outside = Outside {
            sender,
            progress: Arc::clone(progress),
            batch_events: self.batch_events,
            partitions: self.gauge(PARTITIONS),
            tokio: Handle::current(),
            health: self.kafka.clone(),
        };
        let intake = Intake::new(consumer, reader, outside);
        let thread = badge::spawn("intake", move || intake.run())
            .map_err(|error| Error::Broken(format!("cannot start the intake thread: {error}")))?;
        Ok((thread, receiver))
    }

    /// A figure of this worker.
    fn gauge(&self, name: &'static str) -> Gauge {
        gauge!(name, "worker" => self.worker.to_string())
    }

    fn reader(&self) -> Reader<P::Event> {
        let reader =
            Reader::of(&*self.applier.projection, self.registry.clone(), Handle::current());
        reader.traced(self.applier.tracer.clone())
    }

    /// Does what operators ask for at dead letters of our partitions.
    async fn do_requests(
        &self,
        held: &mut Vec<Arc<Lease>>,
        progress: &Progress,
        outage: &mut Outage,
        shutdown: &Shutdown,
    ) -> Result<(), Error> {
        held.retain(|lease| !lease.is_revoked());
        let parked: usize = held.iter().map(|lease| lease.parked().len()).sum();
        self.gauge(PARKED_KEYS).set(parked as f64);
        if held.is_empty() {
            return Ok(());
        }
        let done = async {
            self.applier.check_live(held).await?;
            for requested in desk::requested(&self.applier.database, held).await? {
                let now = Timestamp::now();
                if let Some(applied) = self.applier.retry(&requested, self.reader(), now).await? {
                    self.applied(applied, 0, progress);
                }
            }
            Ok(())
        };
        match done.await {
            Ok(()) => {
                // Nothing else may come for long that would tell.
                outage.over(&self.postgres);
                Ok(())
            }
            Err(error @ (Error::Fenced(_) | Error::Superseded | Error::Paused)) => Err(error),
            // Stopping is noticed by the caller.
            Err(error) => outage.wait(error, &self.postgres, shutdown).await.map(drop),
        }
    }

    /// Takes partitions and says from where to read them. Their former owner may have died
    /// between a commit and its notifications, so clients are told to query again.
    async fn take(
        &self,
        partitions: &[Partition],
        answer: oneshot::Sender<Vec<Arc<Lease>>>,
        held: &mut Vec<Arc<Lease>>,
        outage: &mut Outage,
        shutdown: &Shutdown,
    ) -> Result<(), Error> {
        loop {
            match self.applier.take(partitions).await {
                Ok(leases) => {
                    outage.over(&self.postgres);
                    if !partitions.is_empty() {
                        self.feed.all();
                    }
                    held.extend(leases.iter().map(Arc::clone));
                    // When nobody waits for it any more the partitions are taken again later.
                    let _ = answer.send(leases);
                    return Ok(());
                }
                Err(error) => {
                    if outage.wait(error, &self.postgres, shutdown).await? == Waited::Stopping {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Applies a batch, however often it takes; a stop leaves it to the next process.
    async fn apply(
        &self,
        batch: &Batch<P::Event>,
        progress: &Progress,
        outage: &mut Outage,
        shutdown: &Shutdown,
    ) -> Result<(), Error> {
        self.wait_for_outbox(shutdown).await;
        loop {
            let started = Instant::now();
            match self.applier.apply(batch, Timestamp::now()).await {
                Ok(applied) => {
                    outage.over(&self.postgres);
                    if let Some(applied) = applied {
                        histogram!(BATCH_DURATION).record(started.elapsed().as_secs_f64());
                        self.applied(applied, batch.offsets(), progress);
                    }
                    return Ok(());
                }
                Err(error @ Error::Fenced(_)) => return Err(error),
                Err(error) => {
                    counter!(BATCH_FAILURES).increment(1);
                    if outage.wait(error, &self.postgres, shutdown).await? == Waited::Stopping {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn applied(&self, applied: Applied, offsets: i64, progress: &Progress) {
        let Applied { counts, changes, emitted, next, unanswered, parked } = applied;
        if unanswered {
            self.feed.all();
            self.emitted.notify_one();
        }
        counter!(EVENTS_APPLIED).increment(counts.applied);
        counter!(EVENTS_SKIPPED).increment(counts.passed);
        counter!(EVENTS_DUPLICATE).increment(counts.duplicates);
        counter!(EVENTS_PARKED).increment(parked as u64);
        histogram!(BATCH_SIZE).record(offsets.unsigned_abs() as f64);
        if emitted > 0 {
            counter!(OUTBOX_EMITTED).increment(emitted as u64);
            self.emitted.notify_one();
        }
        if counts.applied > 0 || unanswered {
            self.applied.notify_one();
        }
        self.feed.send(changes);
        let mut progress = progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress.extend(next);
    }

    /// What cannot be sent piles up in the outbox: no further than its limit.
    async fn wait_for_outbox(&self, shutdown: &Shutdown) {
        let emits = !P::Emission::FILES.is_empty();
        let mut told = false;
        while emits && self.outbox_full.load(Ordering::Acquire) && !shutdown.is_requested() {
            if !told {
                told = true;
                tracing::warn!("the outbox is full: waiting for its relay");
                self.postgres.not_ready("the outbox is full");
            }
            tokio::time::sleep(OUTBOX_WAIT).await;
        }
    }
}

/// Waits for the intake thread, which leaves the group. Closing a consumer can hang: not for ever.
async fn leave(intake: JoinHandle<()>) {
    let joined = tokio::task::spawn_blocking(move || intake.join());
    match tokio::time::timeout(LEAVE_LIMIT, joined).await {
        Ok(Ok(Ok(()))) => {}
        Ok(_) => tracing::error!("the intake thread panicked"),
        Err(_) => tracing::warn!("the consumer did not leave its group in time"),
    }
}
