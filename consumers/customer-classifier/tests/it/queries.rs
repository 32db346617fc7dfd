//! What can be asked.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use consumer_runtime::{Database, testing::noon};
use customer_classifier::queries::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::{confirmed, known, placed, stage};

async fn ask(database: &Database, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router(database.clone()).oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
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
    assert_eq!(summary, json!({ "A": 0, "B": 1, "C": 2, "total": 3 }));
    let (_, one) = ask(database, "/v1/classifications/c1").await;
    assert_eq!(
        one,
        json!({
            "customerId": "c1", "class": "B", "confirmedRevenue": "10.00", "confirmedOrders": 1,
            "ruleVersion": "a=100.00,b=10.00,window=30d", "sequence": 2,
            "classifiedAt": "2026-11-20T12:00:00.000000Z",
        })
    );
    assert_eq!(ask(database, "/v1/classifications/c9").await.0, StatusCode::NOT_FOUND);
}
