//! The resolvers of existing front ends, field by field, and what clients are told of changes.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use consumer_runtime::{Database, details::Details, resolver::ROW_LIMIT, testing::noon};
use customers::{details::CustomerDetails, queries::router};
use schemas::customer::{CustomerCreated, CustomerUpdated};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::{created, happened, stage};

async fn ask(database: &Database, request: Request<Body>) -> (StatusCode, bool, Value) {
    let answer = router(database.clone()).oneshot(request).await.unwrap();
    let (status, is_cut) = (answer.status(), answer.headers().contains_key(ROW_LIMIT));
    let body = to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, is_cut, serde_json::from_slice(&body).unwrap())
}

async fn post(database: &Database, path: &str, body: &str) -> (StatusCode, bool, Value) {
    ask(database, Request::post(path).body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn overview_and_editing_have_every_field_of_the_wire() {
    let mut stage = stage().await;
    let nowhere = CustomerCreated { name: "Berta".into(), location: None, email: None };
    let first = vec![happened("c1", 1, created("Anna")), happened("c2", 1, nowhere)];
    stage.apply(noon(), first).await.unwrap();
    let database = stage.applier.database.clone();
    let all = json!([{ "id": "c1", "name": "Anna" }, { "id": "c2", "name": "Berta" }]);
    let path = "/query/overview/all";
    assert_eq!(post(&database, path, "{}").await, (StatusCode::OK, false, all.clone()));
    let get = Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(ask(&database, get).await.2, all);

    let editing = async |body: &str| post(&database, "/query/editing/byId", body).await.2;
    assert_eq!(
        editing(r#"{"id": "c1"}"#).await,
        json!([{ "id": "c1", "name": "Anna", "location": "Bern" }])
    );
    assert_eq!(
        editing(r#"{"id": "c2"}"#).await,
        json!([{ "id": "c2", "name": "Berta", "location": "" }])
    );
    // Asked for before it is there.
    assert_eq!(editing(r#"{"id": "c9"}"#).await, json!([]));

    let renamed = CustomerUpdated { name: "Anna B.".into(), location: None, email: None };
    stage.apply(noon(), vec![happened("c1", 2, renamed)]).await.unwrap();
    assert_eq!(post(&database, path, "").await.2[0]["name"], "Anna B.");
    let rows = CustomerDetails.rows(&database, "overview", &["c1", "gone"]).await.unwrap();
    assert_eq!(rows, [("c1".to_owned(), r#"{"id":"c1","name":"Anna B."}"#.to_owned())]);
    assert!(CustomerDetails.rows(&database, "other", &["c1"]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_list_is_cut_and_says_so() {
    let stage = stage().await;
    let client = stage.client().await.unwrap();
    let sql = "insert into customer select 'c' || n, 'Anna ' || lpad(n::text, 4, '0'), null, null, \
               false, 1, now(), now() from generate_series(0, 5000) n";
    client.batch_execute(sql).await.unwrap();
    let (_, is_cut, rows) = post(&stage.applier.database, "/query/overview/all", "").await;
    assert!(is_cut);
    let rows = rows.as_array().unwrap();
    assert_eq!((rows.len(), &rows.last().unwrap()["id"]), (5_000, &json!("c4999")));
}

#[tokio::test]
async fn what_is_refused() {
    let stage = stage().await;
    for (path, body, status, said) in [
        ("/query/overview/none", "{}", 404, "editing/byId, overview/all"),
        ("/query/orders/all", "{}", 404, "editing/byId, overview/all"),
        ("/query/editing/byId", "{}", 400, "missing field `id`"),
        ("/query/editing/byId", "[1]", 400, "JSON object"),
    ] {
        let (answered, _, problem) = post(&stage.applier.database, path, body).await;
        assert_eq!(answered.as_u16(), status, "{path} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{path} {body}: {problem}");
    }
}
