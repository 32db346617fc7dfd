//! Hears what all instances of this consumer tell of changed rows, for streams to its own clients:
//! whichever instance applied an event, each one's clients learn of it.
//!
//! The notifications are read off their topic, by one follower for all streams of the process. It
//! follows only while there are streams, so that it costs nothing otherwise. A stream hears
//! everything since it began, in the order of each partition, or [`Heard::Anything`]. One that does
//! not keep up loses what it did not take: it alone, and it learns of it.

mod following;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use event_log::{ErrorClass, Registry};
use schemas::notification::ChangeKind;
use service::Shutdown;
use tokio::{
    runtime::Handle,
    sync::{Notify, broadcast, watch},
    time::timeout,
};

use self::following::Following;

/// Changes that may wait for a stream; with the rows in them, which are shared by all streams.
const KEPT: usize = 1_024;

/// How long a new stream waits until it is followed.
const START_LIMIT: Duration = Duration::from_secs(5);

/// How long there is no second attempt after one that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// What a stream hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One row changed.
    Row {
        /// The read model that shows it.
        read_model: String,
        /// What happened to it.
        kind: ChangeKind,
        /// Its key.
        key: String,
        /// The row as `<read model>/all` shows it, as JSON, if that was told.
        details: Option<String>,
        /// Of the command that caused it.
        correlation_id: Option<String>,
    },
    /// Anything may have changed.
    Anything,
}

/// Where streams begin. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Gone with the ear.
    tell: broadcast::WeakSender<Arc<Heard>>,
    streams: Arc<AtomicUsize>,
    wanted: Arc<Notify>,
    following: watch::Receiver<bool>,
}

/// What a client hears; it is forgotten when dropped.
#[derive(Debug)]
pub struct Stream {
    receiver: broadcast::Receiver<Arc<Heard>>,
    streams: Arc<AtomicUsize>,
}

/// Why a stream has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// It did not keep up: changes were lost.
    #[error("changes came faster than they were taken")]
    TooSlow,
    /// The process stops.
    #[error("the process stops")]
    Stopped,
}

/// What streams hear with.
#[derive(Debug)]
pub struct Ear {
    tell: broadcast::Sender<Arc<Heard>>,
    streams: Arc<AtomicUsize>,
    wanted: Arc<Notify>,
    following: watch::Sender<bool>,
}

/// Changes are not heard at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("changes cannot be followed at the moment")]
pub struct Deaf;

/// Makes both ends.
#[must_use]
pub fn channel() -> (Ear, Changes) {
    let (tell, _) = broadcast::channel(KEPT);
    let (follows, following) = watch::channel(false);
    let (streams, wanted) = (Arc::default(), Arc::<Notify>::default());
    let changes = Changes {
        tell: tell.downgrade(),
        streams: Arc::clone(&streams),
        wanted: Arc::clone(&wanted),
        following,
    };
    (Ear { tell, streams, wanted, following: follows }, changes)
}

impl Changes {
    /// Begins a stream: it gets everything that changes from now on.
    ///
    /// # Errors
    /// [`Deaf`] while Kafka is away, or at the end of the process.
    pub async fn stream(&self) -> Result<Stream, Deaf> {
        // First: the follower stays while there is somebody.
        let receiver = self.tell.upgrade().ok_or(Deaf)?.subscribe();
        self.streams.fetch_add(1, Ordering::SeqCst);
        let stream = Stream { receiver, streams: Arc::clone(&self.streams) };
        self.wanted.notify_one();
        let mut following = self.following.clone();
        let started = timeout(START_LIMIT, following.wait_for(|follows| *follows)).await;
        if matches!(started, Ok(Ok(_))) { Ok(stream) } else { Err(Deaf) }
    }

    /// Returns when nothing will be heard any more: when the process stops.
    pub async fn stopped(&self) {
        let mut following = self.following.clone();
        while following.changed().await.is_ok() {}
    }
}

impl Stream {
    /// What is heard next.
    ///
    /// # Errors
    /// [`Ended`], for good.
    pub async fn next(&mut self) -> Result<Arc<Heard>, Ended> {
        self.receiver.recv().await.map_err(|error| match error {
            broadcast::error::RecvError::Lagged(_) => Ended::TooSlow,
            broadcast::error::RecvError::Closed => Ended::Stopped,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ear {
    /// Tells all streams.
    pub fn tell(&self, heard: Heard) {
        // Nobody listens: then nobody misses it.
        let _ = self.tell.send(Arc::new(heard));
    }

    /// Whether streams may begin.
    pub fn set_following(&self, follows: bool) {
        self.following.send_replace(follows);
    }

    fn has_streams(&self) -> bool {
        self.streams.load(Ordering::SeqCst) > 0
    }

    /// Hears what the consumer of that name tells, whenever there are streams, until the shutdown.
    pub(crate) async fn listen(
        self,
        consumer: &'static str,
        settings: event_log::Settings,
        registry: Registry,
        shutdown: &Shutdown,
    ) -> Result<(), crate::Error> {
        let ear = Arc::new(self);
        loop {
            tokio::select! {
                () = ear.wanted.notified() => {}
                () = shutdown.requested() => return Ok(()),
            }
            let following = Following {
                consumer,
                settings: settings.clone(),
                registry: registry.clone(),
                runtime: Handle::current(),
                ear: Arc::clone(&ear),
                shutdown: shutdown.clone(),
            };
            let followed = tokio::task::spawn_blocking(move || following.run()).await;
            match followed.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
                Ok(()) => {}
                Err(error) if error.class() == ErrorClass::Transient => {
                    tracing::warn!(%error, "changes cannot be followed; streams wait");
                    // Cut short by a shutdown, which the loop then sees.
                    let _ = timeout(PAUSE, shutdown.requested()).await;
                    ear.wanted.notify_one();
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: usize) -> Heard {
        Heard::Row {
            read_model: "overview".into(),
            kind: ChangeKind::UpdateRow,
            key: key.to_string(),
            details: None,
            correlation_id: None,
        }
    }

    #[tokio::test]
    async fn a_slow_stream_loses_what_it_did_not_take_and_no_other_one_does() {
        let (ear, changes) = channel();
        ear.set_following(true);
        let (mut slow, mut fast) =
            (changes.stream().await.unwrap(), changes.stream().await.unwrap());
        assert!(ear.has_streams());
        for n in 0..=KEPT {
            ear.tell(row(n));
            assert_eq!(*fast.next().await.unwrap(), row(n));
        }
        assert_eq!(slow.next().await, Err(Ended::TooSlow));
        drop((slow, fast));
        assert!(!ear.has_streams());
    }

    #[tokio::test]
    async fn streams_begin_when_changes_are_followed_and_end_with_the_process() {
        let (ear, changes) = channel();
        let beginning = tokio::spawn({
            let changes = changes.clone();
            async move { changes.stream().await }
        });
        ear.wanted.notified().await;
        ear.set_following(true);
        let mut stream = beginning.await.unwrap().unwrap();
        ear.tell(Heard::Anything);
        drop(ear);
        assert_eq!(*stream.next().await.unwrap(), Heard::Anything);
        assert_eq!(stream.next().await, Err(Ended::Stopped));
        changes.stopped().await;
        assert_eq!(changes.stream().await.map(drop), Err(Deaf));
    }
}
