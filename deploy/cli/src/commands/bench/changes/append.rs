//! Changes that are appended at a rate, as a consumer does it after its commits.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use event_log::{
    Appender, OutRecord, Registry, Settings, record::headers, topics::partition_count,
};
use futures_util::future::join_all;
use schemas::{
    Encoder, Envelope, Messages, Timestamp, Topic,
    notification::{ChangeKind, ReadModelChanged},
};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::hot::{END, MODEL};

/// How often changes are appended, in bundles.
const TICK: Duration = Duration::from_millis(2);

/// Longest time until a change is acknowledged.
const LIMIT: Duration = Duration::from_secs(30);

/// Such a row as `orders/overview/all` shows.
const DETAILS: &str = r#"{"id":"0197e1a2-7c0f-7d53-9a55-3a1f0c6b9e44","customerId":"81d2","customerName":"Anna","text":"a book","timestamp":1782000000000,"value":130.0,"status":"confirmed","usdInfo":{"time":"2026-06-19","rate":1.1478,"value":149.214}}"#;

/// At which load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Changes per second.
    pub rate: u32,
    /// For how long, after the first second.
    pub seconds: u32,
}

/// When each change was handed to the producer, by its number.
#[derive(Clone, Debug)]
pub struct Sent(Arc<Vec<OnceLock<Instant>>>);

/// Appends changes.
pub struct Changes {
    appender: Appender,
    encoder: Encoder<ReadModelChanged>,
    /// How many partitions there are; changes go to them in turn.
    pub partitions: usize,
}

impl Load {
    /// How many changes come before those that are timed: those of a second.
    pub fn warm_up(self) -> usize {
        usize::try_from(self.rate).unwrap_or(usize::MAX)
    }

    /// How many changes there are.
    pub fn changes(self) -> usize {
        let seconds = usize::try_from(self.seconds).unwrap_or(usize::MAX);
        self.warm_up().saturating_mul(seconds.saturating_add(1))
    }
}

impl Sent {
    /// Of so many changes, none of which was sent.
    pub fn none_of(changes: usize) -> Self {
        Self(Arc::new((0..changes).map(|_| OnceLock::new()).collect()))
    }

    /// Of so many, which were all sent just now.
    #[cfg(test)]
    pub fn all_of(changes: usize) -> Self {
        Self(Arc::new((0..changes).map(|_| OnceLock::from(Instant::now())).collect()))
    }

    /// When a change was sent.
    pub fn at(&self, number: usize) -> Option<Instant> {
        self.0.get(number)?.get().copied()
    }
}

impl Changes {
    /// Connects.
    pub async fn new(settings: &Settings) -> anyhow::Result<Self> {
        let registry = Registry::of(settings);
        let encoder = registry.encoder(&settings.namespace).await?;
        let appender = Appender::new(settings, LIMIT)?;
        let log = settings.clone();
        let count = move || partition_count(&log, Topic::CHANGE_NOTIFICATIONS);
        let count = tokio::task::spawn_blocking(count).await.context("counting panicked")??;
        Ok(Self { appender, encoder, partitions: usize::try_from(count).context("partitions")? })
    }

    /// Appends them all, and a last one to each partition; how long it took.
    pub async fn append(&self, rate: u32, sent: &Sent) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let all = sent.0.len();
        let mut acknowledgements = Vec::with_capacity(all + self.partitions);
        let mut changes = sent.0.iter().enumerate();
        while acknowledgements.len() < all {
            ticks.tick().await;
            let due = begun.elapsed().as_micros() * u128::from(rate) / 1_000_000;
            let due = usize::try_from(due).context("too long")?.min(all);
            for (number, at) in changes.by_ref().take(due.saturating_sub(acknowledgements.len())) {
                let record = self.record(number % self.partitions, &number.to_string())?;
                if at.set(Instant::now()).is_err() {
                    bail!("change {number} was appended twice");
                }
                acknowledgements.push(self.appender.queue(record)?);
            }
        }
        let took = begun.elapsed();
        for partition in 0..self.partitions {
            acknowledgements.push(self.appender.queue(self.record(partition, END)?)?);
        }
        for acknowledged in join_all(acknowledgements).await {
            acknowledged.context("a change was not appended")?;
        }
        Ok(took)
    }

    /// A change whose row is called by its partition and its number.
    fn record(&self, partition: usize, number: &str) -> anyhow::Result<OutRecord> {
        let row = format!("{partition}/{number}");
        let (endpoint, read_model) = MODEL.split_once('/').context("a model")?;
        let body = ReadModelChanged {
            endpoint: endpoint.to_owned(),
            read_model: read_model.to_owned(),
            kind: ChangeKind::UpdateRow,
            row_id: Some(row.clone()),
            topic: Some(Topic::ORDER_EVENTS.name().to_owned()),
            partition: Some(0),
            offset: Some(4_711),
            details: Some(DETAILS.to_owned()),
        };
        let (id, correlation) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
        let envelope = Envelope {
            id: &id,
            source: endpoint,
            message_type: body.wire_type(),
            time: Some(Timestamp::now()),
            subject: Some(&row),
            correlation_id: Some(&correlation),
            ..Envelope::default()
        };
        Ok(OutRecord {
            topic: Topic::CHANGE_NOTIFICATIONS,
            partition: Some(i32::try_from(partition)?),
            key: Some(row.clone().into()),
            payload: Some(self.encoder.encode(&body)?),
            headers: headers(&envelope),
        })
    }
}
