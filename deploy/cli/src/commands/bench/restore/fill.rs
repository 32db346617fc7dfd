//! A history of many orders: for each the event that created it and its state.

use std::future::Future;

use anyhow::Context;
use event_log::{OutRecord, Partition, Registry, Settings, TransactionalProducer};
use schemas::{
    CommandId, Encoder, Messages, Timestamp, Topic,
    command::{AggregateState, RecentOutcome, STATE_COMPLETE_KEY},
    order::{Order, OrderEvent, OrderStatus},
};

use crate::{
    bench::history::{self, Cause},
    failure::Result,
};

/// Orders in one transaction.
const TRANSACTION: usize = 10_000;

/// The partition whose state is restored.
pub const STATES: Partition = Partition { topic: Topic::ORDER_STATE, number: 0 };

const EVENTS: Partition = Partition { topic: OrderEvent::TOPIC, number: 0 };

/// Writes the orders, and that they are all.
pub async fn fill(settings: &Settings, count: usize, with_events: bool) -> Result<()> {
    let registry = Registry::of(settings);
    let namespace = &settings.namespace;
    let states: Encoder<AggregateState<Order>> =
        registry.encoder(namespace).await.context("cannot find the state's schema")?;
    let events: Encoder<OrderEvent> =
        registry.encoder(namespace).await.context("cannot find the schemas of the events")?;
    let settings = settings.clone();
    blocking(move || {
        let producer = TransactionalProducer::new(&settings, "bench-fill")?;
        for start in (0..count).step_by(TRANSACTION) {
            producer.begin()?;
            for n in start..count.min(start + TRANSACTION) {
                if with_events {
                    producer.produce(event(&events, n)?)?;
                }
                producer.produce(state(&states, n)?)?;
            }
            if start + TRANSACTION >= count {
                producer.produce(OutRecord::state_complete(STATES, "bench", Timestamp::now()))?;
            }
            producer.commit()?;
        }
        Ok(())
    })
    .await
}

/// Takes back the word that the state topic is complete.
pub async fn withdraw_completeness(settings: &Settings) -> Result<()> {
    let settings = settings.clone();
    blocking(move || {
        let producer = TransactionalProducer::new(&settings, "bench-fill")?;
        producer.begin()?;
        producer.produce(OutRecord::state(STATES, STATE_COMPLETE_KEY, None))?;
        Ok(producer.commit()?)
    })
    .await
}

fn blocking(
    work: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
) -> impl Future<Output = Result<()>> {
    let work = tokio::task::spawn_blocking(work);
    async { Ok(work.await.context("filling panicked")?.context("cannot fill the topics")?) }
}

fn command(n: usize) -> CommandId {
    CommandId::from_key(&format!("create {n}"))
}

fn event(encoder: &Encoder<OrderEvent>, n: usize) -> anyhow::Result<OutRecord> {
    let event = history::created(Timestamp::now())?;
    let cause = Cause { command: command(n), sequence: 1 };
    history::record(encoder, EVENTS.number, &history::order(n)?, cause, &event)
}

fn state(encoder: &Encoder<AggregateState<Order>>, n: usize) -> anyhow::Result<OutRecord> {
    let order = history::order(n)?;
    let mut state = AggregateState {
        version: 1,
        state: Some(Order { status: OrderStatus::New }),
        recent: Vec::new(),
    };
    let decided_at = Timestamp::now();
    state.remember(RecentOutcome {
        command_id: command(n),
        fingerprint: 4711,
        decided_at,
        version: 1,
        events: 1,
        rejection: None,
        latest_change: None,
    });
    Ok(OutRecord::state(STATES, order.as_str(), Some(encoder.encode(&state)?)))
}
