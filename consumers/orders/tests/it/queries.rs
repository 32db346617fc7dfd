//! What can be asked.

use axum::http::StatusCode;
use consumer_runtime::{
    Database,
    testing::{Stage, noon},
};
use orders::projection::Orders;
use schemas::order::OrderConfirmed;
use serde_json::{Value, json};

use crate::{
    asking::get as ask,
    stage::{customer, named, order, placed, stage},
};

async fn ids(database: &Database, path: &str) -> (Vec<String>, Option<String>) {
    let (status, page) = ask(database, path).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let items = page["items"].as_array().unwrap();
    let ids = items.iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect();
    (ids, page["next"].as_str().map(str::to_owned))
}

/// Five orders; two were placed at the same moment.
async fn five_orders() -> Stage<Orders> {
    let mut stage = stage().await;
    stage
        .apply(
            noon(),
            vec![
                customer("c1", 1, named("Anna")),
                order("o1", 1, placed("c1", 100, "2026-11-01T00:00:00Z")),
                order("o2", 1, placed("c2", 200, "2026-11-03T00:00:00Z")),
                order("o3", 1, placed("c1", 300, "2026-11-02T00:00:00.000001Z")),
                order("o4", 1, placed("c1", 400, "2026-11-02T00:00:00.000001Z")),
                order("o5", 1, placed("c2", 500, "2026-11-04T00:00:00Z")),
                order("o4", 2, OrderConfirmed::default()),
            ],
        )
        .await
        .unwrap();
    stage
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let stage = five_orders().await;
    let database = &stage.applier.database;
    let (first, next) = ids(database, "/v1/orders?limit=3").await;
    assert_eq!(first, ["o5", "o2", "o4"]);
    let rest = format!("/v1/orders?limit=3&cursor={}", next.unwrap());
    assert_eq!(ids(database, &rest).await, (vec!["o3".into(), "o1".into()], None));
}

#[tokio::test]
async fn the_list_can_be_narrowed() {
    let stage = five_orders().await;
    let database = &stage.applier.database;
    assert_eq!(ids(database, "/v1/orders?customerId=c2").await.0, ["o5", "o2"]);
    assert_eq!(ids(database, "/v1/orders?status=confirmed").await.0, ["o4"]);
    assert_eq!(ids(database, "/v1/orders?status=new&customerId=c1").await.0, ["o3", "o1"]);
    let (status, _) = ask(database, "/v1/orders?status=gone").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_description_tells_of_tokens() {
    let stage = stage().await;
    let (status, description) = ask(&stage.applier.database, "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    for path in ["/v1/orders", "/v1/orders/{id}"] {
        let path = &description["paths"][path];
        let parameters = path["parameters"].as_array().unwrap();
        let names: Vec<_> = parameters.iter().map(|parameter| &parameter["name"]).collect();
        assert_eq!(names, ["oneway-token", "Prefer"], "{path}");
        for status in ["400", "503"] {
            assert!(path["get"]["responses"][status].is_object(), "{status} of {path}");
        }
    }
    assert!(description["components"]["schemas"]["Lag"].is_object(), "{description}");
}

#[tokio::test]
async fn names_are_joined_and_unknown_customers_shown() {
    let stage = five_orders().await;
    let database = &stage.applier.database;
    let (status, known) = ask(database, "/v1/orders/o1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        known,
        json!({
            "id": "o1", "customerId": "c1", "customerName": "Anna", "text": "a book",
            "value": "1.00", "status": "new", "orderedAt": "2026-11-01T00:00:00.000000Z",
            "usd": null, "updatedAt": "2026-11-20T12:00:00.000000Z", "version": 1,
        })
    );
    let (_, unknown) = ask(database, "/v1/orders/o2").await;
    assert_eq!(unknown["customerName"], Value::Null);
    assert_eq!(ask(database, "/v1/orders/o9").await.0, StatusCode::NOT_FOUND);
}
