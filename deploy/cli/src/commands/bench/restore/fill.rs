//! A history of many orders: for each the event that created it and its state.

use std::future::Future;

use anyhow::{Context, anyhow};
use event_log::{OutRecord, Partition, Registry, Settings, TransactionalProducer, record::headers};
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, EventId, Messages, Money, Timestamp,
    command::{AggregateState, RecentOutcome, STATE_COMPLETE_KEY},
    order::{Order, OrderCreated, OrderEvent, OrderStatus},
};
use uuid::Uuid;

use super::raw::STATES;
use crate::failure::Result;

/// Orders in one transaction.
const TRANSACTION: usize = 10_000;

const EVENTS: Partition = Partition { topic: OrderEvent::TOPIC, number: 0 };

/// The n-th order, by a UUID as a client would choose it.
pub fn order(n: usize) -> Result<AggregateId> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes());
    Ok(AggregateId::new(&id.to_string()).context("a UUID is an id")?)
}

/// Writes the orders, and that they are all.
pub async fn fill(settings: &Settings, count: usize, with_events: bool) -> Result<()> {
    let registry = Registry::new(&settings.registry_url);
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
    let order = order(n).map_err(|failure| anyhow!("{failure}"))?;
    let ordered_at = Timestamp::now();
    let customer_id = AggregateId::new("c1").context("an id")?;
    let (text, value) = ("a book".to_owned(), Money::from_minor(1399));
    let event = OrderEvent::from(OrderCreated { customer_id, text, value, ordered_at });
    let (id, cause) = (EventId::of_command(command(n), 0).to_string(), command(n).to_string());
    let envelope = Envelope {
        id: &id,
        source: "bench",
        message_type: event.wire_type(),
        time: Some(ordered_at),
        subject: Some(order.as_str()),
        sequence: Some(1),
        correlation_id: Some(&cause),
        causation_id: Some(&cause),
        ..Envelope::default()
    };
    Ok(OutRecord {
        topic: EVENTS.topic,
        partition: Some(EVENTS.number),
        key: order.to_string(),
        payload: Some(encoder.encode(&event)?),
        headers: headers(&envelope),
    })
}

fn state(encoder: &Encoder<AggregateState<Order>>, n: usize) -> anyhow::Result<OutRecord> {
    let order = order(n).map_err(|failure| anyhow!("{failure}"))?;
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
