//! The story of the talk: customers order, large orders wait, customers are classified.

use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

pub const SERVICES: [&str; 8] = [
    "command-api",
    "command-processor",
    "customers",
    "orders",
    "order-confirmation",
    "order-valuation",
    "customer-classifier",
    "change-notifier",
];

/// Creates a customer and returns its id.
pub async fn customer(installation: &Installation, name: &str) -> String {
    let (status, answer) =
        installation.post("command-api", "/v1/customers", &json!({ "name": name })).await;
    assert_eq!(status, 201, "{answer}");
    answer["aggregateId"].as_str().unwrap().to_owned()
}

/// Places an order and returns its id.
pub async fn order(installation: &Installation, customer: &str, value: &str) -> String {
    let body = json!({ "customerId": customer, "text": "records", "value": value });
    let (status, answer) = installation.post("command-api", "/v1/orders", &body).await;
    assert_eq!(status, 201, "{answer}");
    answer["aggregateId"].as_str().unwrap().to_owned()
}

/// Waits until the read model shows an order in a status.
pub async fn order_is(installation: &Installation, order: &str, status: &str) -> Value {
    let look = async || installation.get("orders", &format!("/v1/orders/{order}")).await.1;
    eventually(&format!("order to be {status}"), look, |row| row["status"] == status).await
}

pub async fn class_is(installation: &Installation, customer: &str, class: &str) -> Value {
    let path = format!("/v1/classifications/{customer}");
    let look = async || installation.get("customer-classifier", &path).await.1;
    eventually(&format!("class to be {class}"), look, |row| row["class"] == class).await
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_order_and_are_classified() {
    let installation = Installation::start(&SERVICES, &[]).await;
    tell(&installation).await;
}

/// The whole story, on an installation where nothing has happened before.
pub async fn tell(installation: &Installation) {
    let anna = customer(installation, "Anna").await;
    class_is(installation, &anna, "C").await;

    // At most 1,000.00 is confirmed by the policy.
    let small = order(installation, &anna, "1000.00").await;
    let row = order_is(installation, &small, "confirmed").await;
    assert_eq!((&row["customerName"], &row["value"]), (&json!("Anna"), &json!("1000.00")));
    class_is(installation, &anna, "B").await;

    // More waits for a person.
    let large = order(installation, &anna, "9000.01").await;
    order_is(installation, &large, "unconfirmed").await;
    let path = format!("/v1/orders/{large}/confirmation");
    let (status, answer) = installation.post("command-api", &path, &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    order_is(installation, &large, "confirmed").await;
    class_is(installation, &anna, "A").await;
    let (status, answer) = installation.post("command-api", &path, &json!({})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("rule_violated")), "{answer}");

    // An order of a customer that nobody knows is shown all the same.
    let stray = order(installation, "nobody", "1").await;
    let row = order_is(installation, &stray, "confirmed").await;
    assert_eq!(row["customerName"], Value::Null);

    let settings = installation.settings();
    let check = tokio::task::spawn_blocking(move || {
        for topic in [Topic::CUSTOMER_EVENTS, Topic::ORDER_EVENTS] {
            log::assert_whole(&log::read(&settings, topic));
        }
        let classified = log::read(&settings, Topic::CUSTOMER_CLASSIFICATION_EVENTS);
        log::assert_whole(&classified);
        assert_eq!(classified.len(), 3, "C, B, A and nothing else: {classified:?}");
    });
    check.await.unwrap();
}
