//! What the policy puts into its outbox.

use consumer_runtime::{
    outbox,
    policy::{Answering, no_migrations},
    testing::{Happened, Stage, noon},
};
use order_confirmation::policy::OrderConfirmation;
use schemas::{
    AggregateId, CommandId, EventId, Money, Topic,
    order::{OrderConfirmed, OrderCreated, OrderEvent},
};

async fn stage() -> Stage<Answering<OrderConfirmation>> {
    let policy = Answering(OrderConfirmation::above(Money::from_minor(100_000)));
    Stage::open("order-confirmation", no_migrations, policy).await.unwrap()
}

fn order(id: &str, cents: i64) -> Happened<OrderEvent> {
    let created = OrderCreated {
        customer_id: AggregateId::new("c1").unwrap(),
        text: "a book".into(),
        value: Money::from_minor(cents),
        ordered_at: noon(),
    };
    Happened::new(Topic::ORDER_EVENTS, id, 1, OrderEvent::Created(created))
}

#[tokio::test]
async fn an_order_is_answered_by_a_command_in_the_outbox() {
    let mut stage = stage().await;
    let confirmed = OrderEvent::Confirmed(OrderConfirmed::default());
    let happened = vec![
        order("small", 1),
        order("large", 100_001),
        Happened::new(Topic::ORDER_EVENTS, "small", 2, confirmed),
    ];
    let applied = stage.apply(noon(), happened).await.unwrap();
    assert_eq!((applied.counts.applied, applied.emitted), (3, 2));
    let client = stage.client().await.unwrap();
    let batch = outbox::next_batch(&client, 10).await.unwrap();
    let [small, large] = batch.events.as_slice() else { panic!("{batch:?}") };
    assert_eq!((small.key.as_str(), small.message_type.as_str()), ("small", "confirm_order"));
    assert_eq!(large.message_type, "require_confirmation");
    assert_eq!((small.topic.as_str(), small.sequence), ("order.commands", None));
    let event = EventId::of_sequence("order.events", "small", 1);
    assert_eq!(small.id, CommandId::of_policy(event, "order-confirmation").0);
    assert_eq!(small.causation_id, Some(event.to_string()));
    assert_eq!(small.correlation_id.as_deref(), Some("cor-small"));
}

/// Whoever applies an event again, for whatever reason, gives the same command.
#[tokio::test]
async fn a_repeated_answer_is_the_same_command() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![order("o1", 1)]).await.unwrap();
    stage.apply(noon(), vec![order("o1", 1)]).await.unwrap();
    let client = stage.client().await.unwrap();
    let sql = "select count(*), count(distinct event_id) from outbox";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 1));
}
