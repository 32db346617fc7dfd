//! What can be asked.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use consumer_runtime::{Database, testing::noon};
use customer_classifier::queries::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::{confirmed, known, placed, published, rule, stage};

async fn ask(database: &Database, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router(database.clone(), rule()).oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// The answer and its tag.
async fn tagged(database: &Database, path: &str) -> (Option<String>, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router(database.clone(), rule()).oneshot(request).await.unwrap();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (tag, serde_json::from_slice(&body).unwrap())
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|c| c["customerId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn classes_are_listed_counted_and_looked_up() {
    let mut stage = stage().await;
    let happened = vec![
        known("c1"),
        known("c2"),
        known("c3"),
        placed("o1", "c1", 1_000, "2026-11-20T00:00:00Z"),
        confirmed("o1"),
        // Of a customer that is not known: shown nowhere.
        placed("o2", "c9", 1_000, "2026-11-20T00:00:00Z"),
        confirmed("o2"),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let database = &stage.applier.database;

    let (_, first) = ask(database, "/v1/classifications?limit=2").await;
    let cursor = first["next"].as_str().unwrap();
    let (_, second) = ask(database, &format!("/v1/classifications?cursor={cursor}")).await;
    assert_eq!((ids(&first), ids(&second)), (vec!["c1", "c2"], vec!["c3"]));
    let (_, of_b) = ask(database, "/v1/classifications?class=B").await;
    assert_eq!(ids(&of_b), ["c1"]);
    let (status, _) = ask(database, "/v1/classifications?class=D").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let (_, summary) = ask(database, "/v1/classifications/summary").await;
    let rule = "a=100.00,b=10.00,window=30d";
    assert_eq!(
        summary,
        json!({ "A": 0, "B": 1, "C": 2, "total": 3, "ruleVersion": rule, "pending": 0 })
    );
    let mut right = json!({
        "customerId": "c1", "class": "B", "confirmedRevenue": "10.00", "confirmedOrders": 1,
        "ruleVersion": rule, "sequence": 2, "classifiedAt": "2026-11-20T12:00:00.000000Z",
        "history": [],
    });
    let (tag, one) = tagged(database, "/v1/classifications/c1").await;
    assert_eq!((tag, one), (None, right.clone()));
    // The history is what comes back from the log.
    let published = published(&stage).await;
    stage.apply(noon(), published.clone()).await.unwrap();
    let change = |sequence, previous: Value, class, reason, revenue, orders| {
        json!({
            "sequence": sequence, "class": class, "previousClass": previous, "reason": reason,
            "confirmedRevenue": revenue, "confirmedOrders": orders, "windowDays": 30,
            "ruleVersion": rule, "evaluatedAt": "2026-11-20T12:00:00.000000Z",
        })
    };
    right["history"] = json!([
        change(2, json!("C"), "B", "order_confirmed", "10.00", 1),
        change(1, Value::Null, "C", "first", "0.00", 0),
    ]);
    let database = &stage.applier.database;
    let (tag, one) = tagged(database, "/v1/classifications/c1").await;
    assert_eq!((tag.as_deref(), one), (Some("\"2\""), right));
    assert_eq!(ask(database, "/v1/classifications/c9").await.0, StatusCode::NOT_FOUND);
}
