//! Requests to what is served.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use consumer_runtime::{Database, hearing};
use orders::{graphql::Settings, queries};
use serde_json::{Value, json};
use tower::ServiceExt;

/// What is served, without changes.
pub fn router(database: &Database, explorer: bool) -> Router {
    let (_, changes) = hearing::channel();
    queries::router(database.clone(), changes, Settings { explorer, subscribers: 2 })
}

async fn send(database: &Database, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let answer = router(database, false).oneshot(request).await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap())
}

pub async fn get(database: &Database, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (status, _, body) = send(database, request).await;
    (status, body)
}

pub async fn post(database: &Database, path: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
    let request = Request::post(path).body(Body::from(body.to_owned())).unwrap();
    send(database, request).await
}

/// The rows of a resolver.
pub async fn resolve(database: &Database, resolver: &str, arguments: &Value) -> Value {
    let path = format!("/query/{resolver}");
    let (status, _, rows) = post(database, &path, &arguments.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{rows}");
    rows
}

/// The whole answer to a query of the graph.
pub async fn graph(database: &Database, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    let (status, _, answer) = post(database, "/graphql", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}
