//! Events of orders as command-processor writes them, for benchmarks that read them.

use anyhow::Context;
use event_log::{OutRecord, record::headers};
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, EventId, Messages, Money, Timestamp,
    order::{OrderCreated, OrderEvent},
};
use uuid::Uuid;

/// The n-th order, by a UUID as a client would choose it.
pub fn order(n: usize) -> anyhow::Result<AggregateId> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes());
    AggregateId::new(&id.to_string()).context("a UUID is an id")
}

/// An order is placed.
pub fn created(ordered_at: Timestamp) -> anyhow::Result<OrderEvent> {
    let customer_id = AggregateId::new("c1").context("an id")?;
    let (text, value) = ("a book".to_owned(), Money::from_minor(1_399));
    Ok(OrderCreated { customer_id, text, value, ordered_at }.into())
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// The command that made it.
    pub command: CommandId,
    /// The version of its order after it.
    pub sequence: u64,
}

/// The record of an event.
pub fn record(
    encoder: &Encoder<OrderEvent>,
    partition: i32,
    order: &AggregateId,
    Cause { command, sequence }: Cause,
    event: &OrderEvent,
) -> anyhow::Result<OutRecord> {
    let (id, cause) = (EventId::of_command(command, 0).to_string(), command.to_string());
    let envelope = Envelope {
        id: &id,
        source: "bench",
        message_type: event.wire_type(),
        time: Some(Timestamp::now()),
        subject: Some(order.as_str()),
        sequence: Some(sequence),
        correlation_id: Some(&cause),
        causation_id: Some(&cause),
        ..Envelope::default()
    };
    Ok(OutRecord {
        topic: OrderEvent::TOPIC,
        partition: Some(partition),
        key: Some(order.as_str().into()),
        payload: Some(encoder.encode(event)?),
        headers: headers(&envelope),
    })
}
