//! The events: each order is created, and then valued again and again. All orders have their
//! first event before any has its second.

use std::collections::BTreeMap;

use anyhow::Context;
use event_log::{
    OutRecord, Partition, Registry, Settings, TransactionalProducer, partitioner,
    restore::PartitionReader,
};
use rdkafka::message::Message;
use schemas::{
    AggregateId, CommandId, Encoder, Money, Rate, Timestamp, Topic,
    order::{OrderEvent, OrderUsdRateAndValueAdded},
};
use uuid::Uuid;

use crate::{
    bench::history::{self, Cause},
    failure::Result,
};

/// Events in one transaction.
const TRANSACTION: usize = 10_000;

/// Partitions of `order.events` in the local stack.
pub const PARTITIONS: i32 = 4;

/// The partitions with the events.
pub fn partitions() -> impl Iterator<Item = Partition> {
    (0..PARTITIONS).map(|number| Partition { topic: Topic::ORDER_EVENTS, number })
}

/// Writes the events; the sum of the offsets that come next in all partitions.
pub async fn fill(settings: &Settings, events: usize, orders: usize) -> Result<i64> {
    let writer = Writer::new(settings).await?;
    let settings = settings.clone();
    let filling = tokio::task::spawn_blocking(move || {
        let ids = (0..orders).map(history::order).collect::<anyhow::Result<Vec<_>>>()?;
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

/// The last event of a partition.
pub struct Last {
    pub order: AggregateId,
    /// Of its order.
    pub version: i64,
}

/// The last event of each partition that has any.
pub fn last_events(events: usize, orders: usize) -> anyhow::Result<Vec<Last>> {
    let mut last = BTreeMap::new();
    for n in (0..events).rev() {
        let order = history::order(n % orders)?;
        let version = i64::try_from(n / orders + 1)?;
        last.entry(partition_of(&order)).or_insert(Last { order, version });
        if last.len() == partitions().count() {
            break;
        }
    }
    Ok(last.into_values().collect())
}

/// An order that nobody has seen before.
pub fn new_order() -> anyhow::Result<AggregateId> {
    AggregateId::new(&Uuid::new_v4().to_string()).context("a UUID is an id")
}

/// New orders, one in each partition.
pub fn new_orders_everywhere() -> anyhow::Result<Vec<AggregateId>> {
    let mut orders = BTreeMap::new();
    while orders.len() < partitions().count() {
        let order = new_order()?;
        orders.insert(partition_of(&order), order);
    }
    Ok(orders.into_values().collect())
}

fn partition_of(order: &AggregateId) -> i32 {
    partitioner::partition_of(order.as_str().as_bytes(), PARTITIONS)
}

/// Makes events of orders.
pub struct Writer {
    encoder: Encoder<OrderEvent>,
}

impl Writer {
    /// With the schemas of the registry.
    pub async fn new(settings: &Settings) -> Result<Self> {
        let registry = Registry::of(settings);
        let encoder = registry.encoder(&settings.namespace).await;
        Ok(Self { encoder: encoder.context("cannot find the schemas of the events")? })
    }

    /// An event of an order: the first creates it, the others tell its value in USD.
    pub fn event(&self, order: &AggregateId, sequence: usize) -> anyhow::Result<OutRecord> {
        let now = Timestamp::now();
        let event = match sequence {
            1 => history::created(now)?,
            _ => OrderEvent::from(OrderUsdRateAndValueAdded {
                time: now,
                usd_rate: Rate::from_minor(1_085_000),
                usd_value: Money::from_minor(1_518),
            }),
        };
        let command = CommandId::from_key(&format!("{order} {sequence}"));
        let cause = Cause { command, sequence: u64::try_from(sequence)? };
        history::record(&self.encoder, partition_of(order), order, cause, &event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_of_each_partition_is_of_the_last_turn() {
        let last = last_events(2_500, 1_000).unwrap();
        assert_eq!(last.len(), partitions().count());
        assert!(last.iter().all(|last| last.version == 3));
        // Some partitions have no event of so few.
        assert_eq!(last_events(1, 1).unwrap().len(), 1);
    }
}
