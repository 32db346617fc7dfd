//! The events: each order is created, and then valued again and again. All orders have their
//! first event before any has its second.

use anyhow::{Context, anyhow};
use event_log::{
    OutRecord, Partition, Registry, Settings, TransactionalProducer, partitioner, record::headers,
    restore::PartitionReader,
};
use rdkafka::message::Message;
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, EventId, Messages, Money, Rate, Timestamp, Topic,
    order::{OrderCreated, OrderEvent, OrderUsdRateAndValueAdded},
};
use uuid::Uuid;

use crate::failure::Result;

/// Events in one transaction.
const TRANSACTION: usize = 10_000;

/// Partitions of `order.events` in the local stack.
pub const PARTITIONS: i32 = 4;

/// The partitions with the events.
pub fn partitions() -> impl Iterator<Item = Partition> {
    (0..PARTITIONS).map(|number| Partition { topic: Topic::ORDER_EVENTS, number })
}

/// The n-th order, by a UUID as a client would choose it.
pub fn order(n: usize) -> anyhow::Result<AggregateId> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes());
    AggregateId::new(&id.to_string()).context("a UUID is an id")
}

/// Writes the events; the sum of the offsets that come next in all partitions.
pub async fn fill(settings: &Settings, events: usize, orders: usize) -> Result<i64> {
    let writer = Writer::new(settings).await?;
    let settings = settings.clone();
    let filling = tokio::task::spawn_blocking(move || {
        let ids = (0..orders).map(order).collect::<anyhow::Result<Vec<_>>>()?;
        let producer = TransactionalProducer::new(&settings, "bench-fill")?;
        for start in (0..events).step_by(TRANSACTION) {
            producer.begin()?;
            for n in start..events.min(start + TRANSACTION) {
                let id = ids.get(n % orders).context("an order")?;
                producer.produce(writer.event(id, n / orders + 1)?)?;
            }
            producer.commit()?;
        }
        let reader = PartitionReader::new(&settings)?;
        let mut end = 0;
        for partition in partitions() {
            // Not the high watermark: markers follow the last event.
            end += reader.last(partition, |last| last.offset())?.map_or(0, |offset| offset + 1);
        }
        anyhow::Ok(end)
    });
    Ok(filling.await.context("filling panicked")?.context("cannot fill the topic")?)
}

/// Makes events of orders.
pub struct Writer {
    encoder: Encoder<OrderEvent>,
}

impl Writer {
    /// With the schemas of the registry.
    pub async fn new(settings: &Settings) -> Result<Self> {
        let registry = Registry::new(&settings.registry_url);
        let encoder = registry.encoder(&settings.namespace).await;
        Ok(Self { encoder: encoder.context("cannot find the schemas of the events")? })
    }

    /// An event of an order: the first creates it, the others tell its value in USD.
    pub fn event(&self, order: &AggregateId, sequence: usize) -> anyhow::Result<OutRecord> {
        let now = Timestamp::now();
        let event = match sequence {
            1 => OrderEvent::from(OrderCreated {
                customer_id: AggregateId::new("c1").context("an id")?,
                text: "a book".to_owned(),
                value: Money::from_minor(1_399),
                ordered_at: now,
            }),
            _ => OrderEvent::from(OrderUsdRateAndValueAdded {
                time: now,
                usd_rate: Rate::from_minor(1_085_000),
                usd_value: Money::from_minor(1_518),
            }),
        };
        let sequence = u64::try_from(sequence)?;
        let cause = CommandId::from_key(&format!("{order} {sequence}"));
        let (id, cause) = (EventId::of_command(cause, 0).to_string(), cause.to_string());
        let envelope = Envelope {
            id: &id,
            source: "bench",
            message_type: event.wire_type(),
            time: Some(now),
            subject: Some(order.as_str()),
            sequence: Some(sequence),
            correlation_id: Some(&cause),
            causation_id: Some(&cause),
            ..Envelope::default()
        };
        Ok(OutRecord {
            topic: OrderEvent::TOPIC,
            partition: Some(partitioner::partition_of(order.as_str().as_bytes(), PARTITIONS)),
            key: order.to_string(),
            payload: Some(self.encoder.encode(&event).map_err(|error| anyhow!(error))?),
            headers: headers(&envelope),
        })
    }
}
