//! The stage of these tests and what happens on it.

use consumer_runtime::testing::{Happened, Stage};
use customer_classifier::{
    migrations,
    projection::{Classifier, Event},
    rule::{Rule, Window},
};
use schemas::{
    AggregateId, Money, Timestamp, Topic,
    classification::ClassificationEvent,
    customer::{CustomerCreated, CustomerEvent},
    order::{OrderConfirmed, OrderCreated, OrderEvent},
};

/// A from 100.00 on, B from 10.00 on, in 30 days.
pub fn rule() -> Rule {
    Rule::new(Money::from_minor(10_000), Money::from_minor(1_000), Window::Days(30))
}

pub fn classifier() -> Classifier {
    Classifier::new(rule())
}

pub async fn stage() -> Stage<Classifier> {
    stage_of(classifier()).await
}

pub async fn stage_of(classifier: Classifier) -> Stage<Classifier> {
    Stage::open("customer-classifier", migrations::runner, classifier).await.unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn known(id: &str) -> Happened<Event> {
    let created = CustomerCreated { name: "Anna".into(), location: None, email: None };
    let event = Event::Customer(CustomerEvent::Created(created));
    Happened::new(Topic::CUSTOMER_EVENTS, id, 1, event)
}

pub fn placed(id: &str, customer: &str, cents: i64, ordered_at: &str) -> Happened<Event> {
    let created = OrderCreated {
        customer_id: AggregateId::new(customer).unwrap(),
        text: "a book".into(),
        value: Money::from_minor(cents),
        ordered_at: at(ordered_at),
    };
    Happened::new(Topic::ORDER_EVENTS, id, 1, Event::Order(OrderEvent::Created(created)))
}

pub fn confirmed(id: &str) -> Happened<Event> {
    let event = Event::Order(OrderEvent::Confirmed(OrderConfirmed::default()));
    Happened::new(Topic::ORDER_EVENTS, id, 2, event)
}

/// What is in the outbox: customer, sequence, and the classes and figures of the payload, which
/// are read back with the schema.
pub async fn emitted(stage: &Stage<Classifier>) -> Vec<(String, i64, String)> {
    let mut decoder = schemas::Decoder::default();
    let file = <ClassificationEvent as schemas::Messages>::FILES[0];
    decoder.add(1, file.text).unwrap();
    let client = stage.client().await.unwrap();
    let sql = "select key, sequence, message_type, payload from outbox order by id";
    let rows = client.query(sql, &[]).await.unwrap();
    let read = rows.iter().map(|row| {
        let ClassificationEvent::Updated(event) =
            decoder.decode(row.get(2), row.get(3)).unwrap().unwrap();
        let previous = event.previous_class.map_or("-", |class| class.as_str());
        let figures = format!(
            "{previous}>{} {} of {}",
            event.class, event.confirmed_revenue, event.confirmed_orders
        );
        (row.get(0), row.get(1), figures)
    });
    read.collect()
}

/// The same, without the customer.
pub async fn classes(stage: &Stage<Classifier>) -> Vec<String> {
    let emitted = emitted(stage).await.into_iter();
    emitted.map(|(_, sequence, figures)| format!("{sequence}: {figures}")).collect()
}

/// What is in the outbox, as it comes back from the log.
pub async fn published(stage: &Stage<Classifier>) -> Vec<Happened<Event>> {
    let mut decoder = schemas::Decoder::default();
    decoder.add(1, <ClassificationEvent as schemas::Messages>::FILES[0].text).unwrap();
    let client = stage.client().await.unwrap();
    let sql = "select key, sequence, message_type, payload from outbox order by id";
    let rows = client.query(sql, &[]).await.unwrap();
    let read = rows.iter().map(|row| {
        let event: ClassificationEvent = decoder.decode(row.get(2), row.get(3)).unwrap().unwrap();
        let topic = Topic::CUSTOMER_CLASSIFICATION_EVENTS;
        Happened::new(topic, row.get(0), row.get(1), Event::Classification(event))
    });
    read.collect()
}
