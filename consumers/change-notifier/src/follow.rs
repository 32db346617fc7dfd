//! Follows the log, on a thread of its own, and brings what is read to the hub.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use event_log::{
    Error, ErrorClass, Follower, MessageReader, Position, Registry, Step, backoff::Backoff,
};
use metrics::{counter, gauge};
use rdkafka::{error::KafkaError, message::BorrowedMessage};
use schemas::Topic;
use service::{Shutdown, Tracer, health::Part};
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    cursor::{LogId, index},
    decode,
    hub::Hub,
    metrics::{BEHIND, READ, UNREADABLE},
    settings::Limits,
    traced::Told,
};

const POLL: Duration = Duration::from_millis(100);

/// Clients are woken at most this often: what comes within is sent to each in one piece.
const WAKE: Duration = Duration::from_millis(4);

/// How often a broker is asked whether it is there, for one partition after the other: nothing else
/// tells while nothing changes.
const PROBE: Duration = Duration::from_secs(2);
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// What follows.
pub struct Follow {
    /// The cluster.
    pub settings: event_log::Settings,
    /// Decodes the records.
    pub registry: Registry,
    /// How much is kept.
    pub limits: Limits,
    /// Tells whether changes come.
    pub health: Part,
    /// When to end.
    pub stop: Shutdown,
    /// For waits.
    pub runtime: Handle,
    /// Takes what is told of changes whose traces are recorded.
    pub tracer: Tracer,
}

impl Follow {
    /// Follows until the stop. The hub is handed over once it has what was in the log before.
    pub fn run(self, ready: oneshot::Sender<Arc<Hub>>) -> Result<(), Error> {
        let follower =
            Follower::new(&self.settings, Topic::CHANGE_NOTIFICATIONS, "change-notifier")?;
        let Some((log, from)) = self.start(&follower)? else { return Ok(()) };
        let hub = Hub::new(log, &from, self.limits.ring, self.limits.client);
        let reader = MessageReader::new(&self.registry, &self.runtime);
        let ready = Some((ready, vec![false; from.len()]));
        let told = Told::default();
        Following { follow: &self, follower: &follower, hub, reader, ready, probed: 0, told }.run()
    }

    /// Waits, cut short by the stop.
    fn wait(&self, wait: Duration) {
        let _ = self.runtime.block_on(tokio::time::timeout(wait, self.stop.requested()));
    }

    /// Tries until it knows where each partition begins to be kept in memory, and follows from
    /// there; none when it is to stop before.
    fn start(&self, follower: &Follower) -> Result<Option<(LogId, Vec<i64>)>, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !self.stop.is_requested() {
            match self.try_start(follower) {
                Ok(started) => return Ok(Some(started)),
                Err(error) if error.class() == ErrorClass::Transient => {
                    tracing::warn!(error = %chain(&error), "no changes yet");
                    self.health.not_ready(chain(&error));
                    self.wait(backoff.next_wait());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn try_start(&self, follower: &Follower) -> Result<(LogId, Vec<i64>), Error> {
        let partitions = follower.partitions()?;
        let kept = i64::try_from(self.limits.ring.count).unwrap_or(i64::MAX);
        let each = (kept / i64::from(partitions)).max(1);
        let mut from = Vec::new();
        for number in 0..partitions {
            let offsets = follower.offsets(number, PROBE_LIMIT)?;
            from.push(offsets.start.max(offsets.end - each));
        }
        follower.follow(&from)?;
        // A broker that has answered everything else answers this.
        let cluster = follower.cluster_id().unwrap_or_default();
        let topic = self.settings.qualify(Topic::CHANGE_NOTIFICATIONS.name());
        tracing::info!(kafka.topic = topic, partitions, "following");
        Ok((LogId::new(&cluster, &topic), from))
    }
}

/// Under way.
struct Following<'a> {
    follow: &'a Follow,
    follower: &'a Follower,
    hub: Arc<Hub>,
    reader: MessageReader,
    /// Until every partition was read to its end.
    ready: Option<(oneshot::Sender<Arc<Hub>>, Vec<bool>)>,
    probed: i32,
    told: Told,
}

impl Following<'_> {
    fn run(mut self) -> Result<(), Error> {
        let (mut woken, mut probed) = (Instant::now(), Instant::now());
        let mut to_wake = false;
        while !self.follow.stop.is_requested() {
            let wait = if to_wake { WAKE.saturating_sub(woken.elapsed()) } else { POLL };
            match self.follower.poll(wait) {
                Ok(Step::Record(at, record)) => {
                    self.take(at, &record)?;
                    to_wake = true;
                }
                Ok(Step::End(number)) => self.caught_up(number),
                Ok(Step::Nothing) => {}
                Err(error) if error.class() == ErrorClass::Fatal => return Err(error),
                Err(error) => self.follow.health.not_ready(chain(&error)),
            }
            if to_wake && woken.elapsed() >= WAKE {
                self.hub.wake();
                self.told.woken(&self.follow.tracer);
                (to_wake, woken) = (false, Instant::now());
            }
            if probed.elapsed() >= PROBE {
                self.probe()?;
                probed = Instant::now();
            }
        }
        Ok(())
    }

    /// Takes a record in. One that cannot be read is passed over: it is a hint, never a fact.
    fn take(&mut self, at: Position, record: &BorrowedMessage<'_>) -> Result<(), Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let read = loop {
            match decode::notification(&mut self.reader, record) {
                Ok(read) => break read,
                Err(error) if error.class() == ErrorClass::Fatal => return Err(error),
                Err(error) => {
                    if self.follow.stop.is_requested() {
                        return Ok(());
                    }
                    tracing::warn!(error = %chain(&error), "a schema is not known yet");
                    self.follow.health.not_ready(chain(&error));
                    self.follow.wait(backoff.next_wait());
                }
            }
        };
        counter!(READ).increment(1);
        if let Err(reason) = &read {
            counter!(UNREADABLE).increment(1);
            tracing::warn!(
                reason,
                kafka.partition = at.partition.number,
                kafka.offset = at.offset,
                "a record is no notification: clients reload"
            );
        }
        let started = SystemTime::now();
        let clients = self.hub.push(at, read.ok());
        // What was there before this replica was told by others.
        if self.follow.tracer.is_on() && self.ready.is_none() {
            self.told.push(&self.follow.tracer, (at, record), clients, started);
        }
        Ok(())
    }

    /// Whoever waits for the hub gets it when every partition was read to its end once.
    fn caught_up(&mut self, number: i32) {
        let Some((_, ends)) = &mut self.ready else { return };
        if let Some(end) = ends.get_mut(index(number)) {
            *end = true;
        }
        if ends.iter().all(|end| *end)
            && let Some((ready, _)) = self.ready.take()
        {
            tracing::info!("caught up");
            self.follow.health.ready();
            // Whoever asked has stopped: then so do we, soon.
            let _ = ready.send(Arc::clone(&self.hub));
        }
    }

    /// Asks for the end of the next partition, and after the last for how many there are. A
    /// process that does not follow all of them has to begin anew.
    fn probe(&mut self) -> Result<(), Error> {
        let next = self.hub.cursor().next;
        let number = self.probed;
        let Some(here) = next.get(index(number)) else {
            self.probed = 0;
            return match self.follower.partitions() {
                Ok(count) if count > number => Err(Error::Kafka {
                    doing: format!("follow {} partitions: there are {count}", next.len()),
                    source: KafkaError::Canceled,
                }),
                _ => Ok(()),
            };
        };
        self.probed += 1;
        match self.follower.offsets(number, PROBE_LIMIT) {
            Ok(offsets) => {
                let behind = u32::try_from(offsets.end - here).unwrap_or_default();
                gauge!(BEHIND, "partition" => number.to_string()).set(f64::from(behind));
                if self.ready.is_none() {
                    self.follow.health.ready();
                }
            }
            Err(error) => self.follow.health.not_ready(chain(&error)),
        }
        Ok(())
    }
}

/// An error with its cause, for people.
pub fn chain(error: &Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
