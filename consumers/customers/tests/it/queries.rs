//! What can be asked.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use consumer_runtime::{Database, testing::noon};
use customers::queries::router;
use serde_json::Value;
use tower::ServiceExt;

use crate::stage::{created, happened, stage};

async fn ask(database: &Database, path: &str) -> (StatusCode, Option<String>, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router(database.clone()).oneshot(request).await.unwrap();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, tag, serde_json::from_slice(&body).unwrap())
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_list_is_paged_by_name() {
    let mut stage = stage().await;
    let names = ["Clara", "anna", "Anna", "Bert", "ANNABEL"];
    let events = names.iter().zip(1..);
    let events = events.map(|(name, n)| happened(&format!("c{n}"), 1, created(name))).collect();
    stage.apply(noon(), events).await.unwrap();
    let database = &stage.applier.database;

    let (status, _, first) = ask(database, "/v1/customers?limit=2").await;
    assert_eq!((status, ids(&first)), (StatusCode::OK, vec!["c2", "c3"]));
    let cursor = first["next"].as_str().unwrap();
    let (_, _, second) = ask(database, &format!("/v1/customers?limit=3&cursor={cursor}")).await;
    assert_eq!((ids(&second), &second["next"]), (vec!["c5", "c4", "c1"], &Value::Null));

    let (_, _, annas) = ask(database, "/v1/customers?name=aNN").await;
    assert_eq!(ids(&annas), ["c2", "c3", "c5"]);
}

#[tokio::test]
async fn one_customer_has_its_version_as_tag() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![happened("c1", 1, created("Anna"))]).await.unwrap();
    let database = &stage.applier.database;
    let (status, tag, customer) = ask(database, "/v1/customers/c1").await;
    assert_eq!((status, tag.as_deref()), (StatusCode::OK, Some("\"1\"")));
    assert_eq!(customer["name"], "Anna");
    assert_eq!(customer["createdAt"], "2026-11-20T12:00:00.000000Z");
}

#[tokio::test]
async fn what_is_refused() {
    let stage = stage().await;
    let database = &stage.applier.database;
    for (path, status, code) in [
        ("/v1/customers/nobody", StatusCode::NOT_FOUND, "not_found"),
        ("/v1/customers/%00", StatusCode::BAD_REQUEST, "malformed_query"),
        ("/v1/customers?limit=0", StatusCode::BAD_REQUEST, "malformed_query"),
        ("/v1/customers?limit=x", StatusCode::BAD_REQUEST, "malformed_query"),
        ("/v1/customers?limt=1", StatusCode::BAD_REQUEST, "malformed_query"),
        ("/v1/customers?cursor=1", StatusCode::BAD_REQUEST, "malformed_query"),
        ("/v1/customers?name=%00", StatusCode::BAD_REQUEST, "malformed_query"),
    ] {
        let (answered, _, problem) = ask(database, path).await;
        assert_eq!((answered, &problem["code"]), (status, &Value::from(code)), "{path}");
    }
}

#[tokio::test]
async fn the_routes_are_described() {
    let stage = stage().await;
    let (status, _, description) = ask(&stage.applier.database, "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    assert!(description["paths"]["/v1/customers/{id}"]["get"].is_object());
}
