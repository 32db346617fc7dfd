//! Commands at a steady rate, and when what they made is committed.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use event_log::{Appender, Partition, Registry, Settings, client, record::headers};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use schemas::{
    CommandId, Encoder, Envelope, Messages, Timestamp,
    order::{ConfirmOrder, OrderCommand, OrderEvent},
};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    bench::history,
    failure::{Failure, Result},
};

/// Commands are sent in bundles of this length of time.
const TICK: Duration = Duration::from_millis(20);

/// Longest wait for a commit.
const LIMIT: Duration = Duration::from_mins(2);

/// A load; stopped by [`Load::stop`].
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Option<Seen>>>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// The newest committed event.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// When it was made, in its transaction.
    made: SystemTime,
    arrived: SystemTime,
}

impl Load {
    /// Begins to confirm the orders, one after the other and from the first again.
    pub async fn start(settings: &Settings, orders: usize, rate: u32) -> Result<Self> {
        let registry = Registry::of(settings);
        let encoder: Encoder<OrderCommand> = registry
            .encoder(&settings.namespace)
            .await
            .context("cannot find the schemas of the commands")?;
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (log, stopped) = (settings.clone(), Arc::clone(&stop));
        let send = move || send(&log, &encoder, (orders, rate), &stopped);
        let (log, stopped, last) = (settings.clone(), Arc::clone(&stop), Arc::clone(&seen));
        let watch = move || watch(&log, &last, &stopped);
        let threads = vec![tokio::task::spawn_blocking(send), tokio::task::spawn_blocking(watch)];
        Ok(Self { stop, seen, threads })
    }

    fn last(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until events have been committed for so long.
    pub async fn until_committed(&self, long: Duration) -> Result<()> {
        self.first_commit_after(SystemTime::now()).await?;
        self.first_commit_after(SystemTime::now() + long).await.map(drop)
    }

    /// Waits until an event is committed that was made after a time, and tells how long after.
    pub async fn first_commit_after(&self, time: SystemTime) -> Result<Duration> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(seen) = self.last().filter(|seen| seen.made > time) {
                return Ok(seen.arrived.duration_since(time).unwrap_or_default());
            }
            if Instant::now() > deadline {
                return Err(Failure::unavailable("nothing is committed any more"));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it.
    pub async fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.await.context("the load panicked")?.context("the load failed")?;
        }
        Ok(())
    }
}

fn send(
    settings: &Settings,
    encoder: &Encoder<OrderCommand>,
    (orders, rate): (usize, u32),
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    let appender = Appender::new(settings, LIMIT)?;
    let (started, mut sent) = (Instant::now(), 0_usize);
    while !stop.load(Ordering::Relaxed) {
        let due = started.elapsed().as_millis() * u128::from(rate) / 1_000;
        while u128::try_from(sent)? < due {
            let command = OrderCommand::from(ConfirmOrder {});
            let aggregate = history::order(sent % orders)?;
            let id = CommandId::from_key(&format!("confirm {sent}")).to_string();
            let envelope = Envelope {
                id: &id,
                source: "bench",
                message_type: command.wire_type(),
                time: Some(Timestamp::now()),
                ..Envelope::default()
            };
            let record = event_log::OutRecord {
                topic: OrderCommand::TOPIC,
                partition: Some(0),
                key: Some(aggregate.as_str().into()),
                payload: Some(encoder.encode(&command)?),
                headers: headers(&envelope),
            };
            // Its acknowledgement is nobody's business: what counts is what is committed.
            drop(appender.queue(record)?);
            sent += 1;
        }
        std::thread::sleep(TICK);
    }
    Ok(appender.flush(LIMIT)?)
}

/// Notes when committed events arrive.
fn watch(settings: &Settings, seen: &Mutex<Option<Seen>>, stop: &AtomicBool) -> anyhow::Result<()> {
    let events = Partition { topic: OrderEvent::TOPIC, number: 0 };
    let consumer: BaseConsumer = client::consumer_config(settings)
        .set("group.id", settings.qualify("bench"))
        .create()
        .context("cannot create a consumer")?;
    let mut list = TopicPartitionList::new();
    let topic = settings.qualify(events.topic.name());
    list.add_partition_offset(&topic, events.number, Offset::End)?;
    consumer.assign(&list)?;
    while !stop.load(Ordering::Relaxed) {
        let Some(Ok(record)) = consumer.poll(Duration::from_millis(20)) else { continue };
        let millis = record.timestamp().to_millis().and_then(|millis| millis.try_into().ok());
        let made = SystemTime::UNIX_EPOCH + Duration::from_millis(millis.unwrap_or_default());
        let arrived = SystemTime::now();
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { made, arrived });
    }
    Ok(())
}
