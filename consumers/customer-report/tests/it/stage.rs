//! The stage of these tests and what happens on it.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use consumer_runtime::testing::{Happened, Stage};
use customer_report::{
    migrations,
    projection::{CustomerReport, Event},
    queries::router,
};
use schemas::{
    AggregateId, Money, Timestamp, Topic,
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    customer::{CustomerCreated, CustomerEvent, CustomerUpdated},
    order::{OrderConfirmed, OrderCreated, OrderEvent, OrderUsdRateAndValueAdded},
};
use serde_json::Value;
use tower::ServiceExt;

pub async fn stage() -> Stage<CustomerReport> {
    Stage::open("customer-report", migrations::runner, CustomerReport).await.unwrap()
}

/// So many minutes after nine on the first day.
pub fn minute(minutes: i64) -> Timestamp {
    let nine: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    Timestamp::from_micros(nine.micros() + minutes * 60_000_000).unwrap()
}

pub fn customer(id: &str, version: i64, event: impl Into<CustomerEvent>) -> Happened<Event> {
    Happened::new(Topic::CUSTOMER_EVENTS, id, version, Event::Customer(event.into()))
}

pub fn order(id: &str, version: i64, event: impl Into<OrderEvent>) -> Happened<Event> {
    Happened::new(Topic::ORDER_EVENTS, id, version, Event::Order(event.into()))
}

pub fn named(name: &str, location: &str) -> CustomerCreated {
    let location = Some(location.to_owned()).filter(|location| !location.is_empty());
    CustomerCreated { name: name.into(), location, email: None }
}

pub fn renamed(name: &str) -> CustomerUpdated {
    CustomerUpdated { name: name.into(), location: Some("Bonn".into()), email: None }
}

/// Ordered at so many minutes.
pub fn placed(customer: &str, cents: i64, minutes: i64) -> OrderCreated {
    OrderCreated {
        customer_id: AggregateId::new(customer).unwrap(),
        text: "a book".into(),
        value: Money::from_minor(cents),
        ordered_at: minute(minutes),
    }
}

pub fn confirmed(id: &str, version: i64) -> Happened<Event> {
    order(id, version, OrderConfirmed::default())
}

pub fn valued(id: &str, version: i64, cents: i64) -> Happened<Event> {
    let event = OrderUsdRateAndValueAdded {
        time: minute(0),
        usd_rate: "1.1".parse().unwrap(),
        usd_value: Money::from_minor(cents),
    };
    order(id, version, event)
}

pub fn classified(id: &str, sequence: i64, class: &str) -> Happened<Event> {
    let letter = |text: &str| CustomerClass::from_letter(text);
    let event = CustomerClassificationUpdated {
        customer_id: AggregateId::new(id).unwrap(),
        class: letter(class.rsplit('>').next().unwrap()).unwrap(),
        previous_class: class.split_once('>').and_then(|(previous, _)| letter(previous)),
        confirmed_revenue: Money::from_minor(sequence),
        confirmed_orders: sequence,
        window_days: Some(365),
        rule_version: "rule".into(),
        evaluated_at: minute(0),
        reason: None,
        a_threshold: None,
        b_threshold: None,
    };
    let event = Event::Class(ClassificationEvent::Updated(event));
    Happened::new(Topic::CUSTOMER_CLASSIFICATION_EVENTS, id, sequence, event)
}

pub async fn answer(
    stage: &Stage<CustomerReport>,
    path: &str,
    header: Option<(&str, &str)>,
) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    served(stage, request.body(Body::empty()).unwrap()).await
}

async fn served(
    stage: &Stage<CustomerReport>,
    request: Request<Body>,
) -> (StatusCode, HeaderMap, Bytes) {
    let answer = router(stage.applier.database.clone()).oneshot(request).await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, to_bytes(answer.into_body(), 10_000_000).await.unwrap())
}

pub async fn ask(stage: &Stage<CustomerReport>, path: &str) -> (StatusCode, Value) {
    let (status, _, body) = answer(stage, path, None).await;
    (status, serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}")))
}

/// A search whose arguments are in no address.
pub async fn search(stage: &Stage<CustomerReport>, arguments: &Value) -> (StatusCode, Value) {
    let request = Request::post("/v1/report/customers/search")
        .header("content-type", "application/json")
        .body(Body::from(arguments.to_string()))
        .unwrap();
    let (status, _, body) = served(stage, request).await;
    (status, serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}")))
}

pub fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect()
}
