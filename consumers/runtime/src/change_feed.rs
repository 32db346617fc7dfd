//! The change feed: tells clients which rows changed, after the commit. A notification is a hint
//! to query again, so that losing one is no loss of data; when it happens, or when a partition is
//! taken (its former owner may have died between commit and notification), clients are told that
//! anything may have changed. Nothing here ever holds a projection back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use event_log::{Appender, OutRecord, Position, record};
use futures_util::future::join_all;
use metrics::counter;
use schemas::{
    Encoder, Envelope, Messages, Timestamp, Topic,
    notification::{ChangeKind, ReadModelChanged},
};
use service::trace::Context;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    details::Showing,
    error::Error,
    metrics::{CHANGES_LOST, CHANGES_SENT},
    tables::{Change, MOST_TOLD, TableSet, read_models},
};

/// Batches that may wait to be told of.
const QUEUE: usize = 64;

/// How long a notification may take to be acknowledged.
pub const DELIVERY_LIMIT: Duration = Duration::from_secs(10);

/// How soon a loss is made up for.
const AFTER_LOSS: Duration = Duration::from_secs(5);

/// A row that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The read model that shows it.
    pub read_model: &'static str,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its key.
    pub key: Box<str>,
    /// The last event that changed it; absent when the clock did.
    pub at: Option<Position>,
    /// Correlation id of that event.
    pub correlation_id: Option<Box<str>>,
    /// Where its notification belongs, in which trace.
    pub trace: Option<Context>,
}

impl Changed {
    /// A change that no event caused.
    #[must_use]
    pub fn by_clock(change: Change) -> Self {
        Self {
            read_model: change.read_model,
            kind: change.kind,
            key: change.key,
            at: None,
            correlation_id: None,
            trace: None,
        }
    }
}

/// The sending end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChangeFeed {
    sender: mpsc::Sender<Vec<Changed>>,
    lost: Arc<AtomicBool>,
}

/// The end that talks to Kafka.
#[derive(Debug)]
pub struct Publisher {
    receiver: mpsc::Receiver<Vec<Changed>>,
    lost: Arc<AtomicBool>,
    wording: Wording,
    appender: Appender,
    encoder: Encoder<ReadModelChanged>,
    showing: Option<Showing>,
}

/// Makes both ends.
#[must_use]
pub fn channel<T: TableSet>(
    source: &'static str,
    appender: Appender,
    encoder: Encoder<ReadModelChanged>,
    showing: Option<Showing>,
) -> (ChangeFeed, Publisher) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicBool::new(false));
    let feed = ChangeFeed { sender, lost: Arc::clone(&lost) };
    let wording = Wording { source, read_models: read_models(&mut T::default()) };
    let publisher = Publisher { receiver, lost, wording, appender, encoder, showing };
    (feed, publisher)
}

impl ChangeFeed {
    /// Tells of rows that changed. Never waits: when the queue is full they are given up.
    pub fn send(&self, changes: Vec<Changed>) {
        if changes.is_empty() {
            return;
        }
        let rows = changes.len() as u64;
        if self.sender.try_send(changes).is_err() {
            counter!(CHANGES_LOST).increment(rows);
            self.all();
        }
    }

    /// Tells that anything may have changed in every read model.
    pub fn all(&self) {
        self.lost.store(true, Ordering::Release);
        // Wakes the publisher; when the queue is full it is awake.
        let _ = self.sender.try_send(Vec::new());
    }
}

impl Publisher {
    /// Publishes until every sending end is gone.
    ///
    /// # Errors
    /// When a notification does not fit its schema (a bug).
    pub async fn run(mut self) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(AFTER_LOSS);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let changes = tokio::select! {
                changes = self.receiver.recv() => changes,
                _ = ticks.tick() => Some(Vec::new()),
            };
            let Some(changes) = changes else {
                return Ok(());
            };
            // What was lost is made up for first; the notification may then be one too many.
            if self.lost.swap(false, Ordering::AcqRel) {
                self.publish(&self.wording.everything()).await?;
            }
            let told = self.word(changes).await;
            self.publish(&told).await?;
        }
    }

    /// What is told of some changes.
    async fn word(&self, mut changes: Vec<Changed>) -> Vec<Notification> {
        let Some(showing) = self.showing.as_ref().filter(|_| !changes.is_empty()) else {
            return self.wording.collapse(changes);
        };
        if !self.wording.crowded(&changes).is_empty() {
            // Not every row is known, and so not what else is affected.
            return self.wording.everything();
        }
        if !showing.add_affected(&mut changes, MOST_TOLD).await {
            self.lost.store(true, Ordering::Release);
        }
        let mut told = self.wording.collapse(changes);
        let mut bodies: Vec<_> =
            told.iter_mut().map(|notification| &mut notification.body).collect();
        showing.fill(&mut bodies).await;
        told
    }

    /// Sends all and waits for the acknowledgements; what is not acknowledged counts as lost.
    async fn publish(&self, notifications: &[Notification]) -> Result<(), Error> {
        let mut sent = 0;
        let mut acknowledgements = Vec::with_capacity(notifications.len());
        for notification in notifications {
            let record = self.record(notification)?;
            acknowledgements.extend(self.appender.queue(record));
        }
        for acknowledged in join_all(acknowledgements).await {
            sent += u64::from(acknowledged.is_ok());
        }
        counter!(CHANGES_SENT).increment(sent);
        let lost = (notifications.len() as u64).saturating_sub(sent);
        if lost > 0 {
            counter!(CHANGES_LOST).increment(lost);
            tracing::warn!(lost, "change notifications were not acknowledged");
            self.lost.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn record(&self, notification: &Notification) -> Result<OutRecord, Error> {
        let Notification { correlation_id, trace, body } = notification;
        let id = Uuid::now_v7().to_string();
        let traceparent = trace.map(|context| context.to_string());
        let envelope = Envelope {
            id: &id,
            source: self.wording.source,
            message_type: body.wire_type(),
            time: Some(Timestamp::now()),
            subject: body.row_id.as_deref(),
            correlation_id: correlation_id.as_deref(),
            traceparent: traceparent.as_deref(),
            ..Envelope::default()
        };
        let payload = self.encoder.encode(body).map_err(event_log::Error::from)?;
        Ok(OutRecord {
            topic: Topic::CHANGE_NOTIFICATIONS,
            partition: None,
            key: Some(body.row_id.as_ref().unwrap_or(&body.endpoint).clone().into_bytes()),
            payload: Some(payload),
            headers: record::headers(&envelope),
        })
    }
}

/// What is told of changes.
#[derive(Debug)]
struct Wording {
    source: &'static str,
    read_models: Vec<&'static str>,
}

impl Wording {
    /// That anything may have changed, in every read model.
    fn everything(&self) -> Vec<Notification> {
        let models = self.read_models.iter();
        models.map(|model| self.anything_in(model)).collect()
    }

    fn anything_in(&self, read_model: &str) -> Notification {
        Notification {
            correlation_id: None,
            trace: None,
            body: ReadModelChanged {
                endpoint: self.source.to_owned(),
                read_model: read_model.to_owned(),
                kind: ChangeKind::All,
                row_id: None,
                topic: None,
                partition: None,
                offset: None,
                details: None,
            },
        }
    }

    /// One notification per row, or one for a whole read model when there are too many.
    fn collapse(&self, changes: Vec<Changed>) -> Vec<Notification> {
        let crowded = self.crowded(&changes);
        let mut all: Vec<_> = crowded.iter().map(|model| self.anything_in(model)).collect();
        let rows = changes.into_iter();
        let rows = rows.filter(|change| !crowded.contains(&change.read_model));
        all.extend(rows.map(|change| self.row(change)));
        all
    }

    /// The read models of which too many rows changed.
    fn crowded(&self, changes: &[Changed]) -> Vec<&'static str> {
        let rows_of = |model: &str| changes.iter().filter(|c| c.read_model == model).count();
        let models = self.read_models.iter().copied();
        models.filter(|model| rows_of(model) > MOST_TOLD).collect()
    }

    fn row(&self, change: Changed) -> Notification {
        Notification {
            correlation_id: change.correlation_id,
            trace: change.trace,
            body: ReadModelChanged {
                endpoint: self.source.to_owned(),
                read_model: change.read_model.to_owned(),
                kind: change.kind,
                row_id: Some(change.key.into()),
                topic: change.at.map(|at| at.partition.topic.name().to_owned()),
                partition: change.at.map(|at| at.partition.number),
                offset: change.at.map(|at| at.offset),
                details: None,
            },
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Notification {
    correlation_id: Option<Box<str>>,
    trace: Option<Context>,
    body: ReadModelChanged,
}

#[cfg(test)]
mod tests {
    use event_log::Partition;

    use super::*;

    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn changed(read_model: &'static str, key: &str) -> Changed {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 2 };
        Changed {
            read_model,
            kind: ChangeKind::UpdateRow,
            key: key.into(),
            at: Some(Position { partition, offset: 7 }),
            correlation_id: Some("cor".into()),
            trace: Context::parse(TRACEPARENT),
        }
    }

    fn wording() -> Wording {
        Wording { source: "orders", read_models: vec!["customer", "overview"] }
    }

    #[test]
    fn a_row_is_told_with_its_position() {
        let told = wording().collapse(vec![changed("overview", "o1")]);
        let [Notification { correlation_id, trace, body }] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(correlation_id.as_deref(), Some("cor"));
        assert_eq!(trace.map(|context| context.to_string()).as_deref(), Some(TRACEPARENT));
        assert_eq!((body.endpoint.as_str(), body.read_model.as_str()), ("orders", "overview"));
        assert_eq!((body.kind, body.row_id.as_deref()), (ChangeKind::UpdateRow, Some("o1")));
        assert_eq!(body.topic.as_deref(), Some("order.events"));
        assert_eq!((body.partition, body.offset), (Some(2), Some(7)));
    }

    #[test]
    fn very_many_rows_are_told_as_one() {
        let many = (0..=MOST_TOLD).map(|n| changed("overview", &n.to_string()));
        let told = wording().collapse(many.chain([changed("customer", "c1")]).collect());
        let told: Vec<_> = told.iter().map(|n| (n.body.read_model.as_str(), n.body.kind)).collect();
        assert_eq!(told, [("overview", ChangeKind::All), ("customer", ChangeKind::UpdateRow)]);
    }

    #[test]
    fn everything_names_each_read_model() {
        let told = wording().everything();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|n| n.body.kind == ChangeKind::All && n.body.row_id.is_none()));
    }
}
