//! The resolvers of existing front ends, field by field.

use axum::http::StatusCode;
use consumer_runtime::{
    resolver::{MOST_ROWS, ROW_LIMIT},
    testing::noon,
};
use schemas::order::{OrderConfirmationRequired, OrderConfirmed};
use serde_json::json;

use crate::{
    asking::{get, post, resolve},
    stage::{customer, named, order, placed, renamed, stage, valued},
};

#[tokio::test]
async fn overview_all_has_every_field_of_the_wire() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        order("o2", 1, placed("c2", 150_000, "2026-11-20T11:00:00Z")),
        order("o1", 1, placed("c1", 1_399, "2026-11-20T10:00:00Z")),
        order("o1", 2, valued()),
        order("o1", 3, OrderConfirmed::default()),
        order("o2", 2, OrderConfirmationRequired {}),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let database = &stage.applier.database;
    let small = json!({
        "id": "o1", "customerId": "c1", "text": "a book", "value": "13.99", "customerName": "Anna",
        "status": "confirmed",
        "usdInfo": { "exchangeRateDate": "2026-11-20", "exchangeRate": "1.0850", "value": 15.17915 },
    });
    // Pending, and of a customer that nobody knows.
    let large = json!({
        "id": "o2", "customerId": "c2", "text": "a book", "value": "1500", "customerName": "",
        "status": "unconfirmed",
    });
    assert_eq!(resolve(database, "overview/all", &json!({})).await, json!([small, large]));
    assert_eq!(get(database, "/query/overview/all").await, (StatusCode::OK, json!([small, large])));
    let (status, headers, rows) = post(database, "/query/overview/all", "").await;
    assert_eq!((status, rows), (StatusCode::OK, json!([small, large])));
    assert!(!headers.contains_key(ROW_LIMIT));
}

#[tokio::test]
async fn requests_leave_the_list_when_confirmed() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        order("o1", 1, placed("c1", 150_000, "2026-11-20T10:00:00Z")),
        order("o1", 2, OrderConfirmationRequired {}),
        order("o2", 1, placed("c2", 200_050, "2026-11-20T11:00:00Z")),
        order("o2", 2, OrderConfirmationRequired {}),
        order("o3", 1, placed("c1", 100, "2026-11-20T12:00:00Z")),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let row = |id: &str, value: &str, customer: &str, name: &str| {
        json!({
            "id": id, "text": "a book", "value": value, "customerId": customer,
            "customerName": name, "status": "unconfirmed",
        })
    };
    let (first, second) = (row("o1", "1500", "c1", "Anna"), row("o2", "2000.5", "c2", ""));
    let all = "confirmationRequests/all";
    let database = stage.applier.database.clone();
    assert_eq!(resolve(&database, all, &json!({})).await, json!([first, second]));
    stage.apply(noon(), vec![order("o1", 3, OrderConfirmed::default())]).await.unwrap();
    assert_eq!(resolve(&database, all, &json!({})).await, json!([second]));
}

#[tokio::test]
async fn a_new_name_shows_everywhere_at_once() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        order("o1", 1, placed("c1", 150_000, "2026-11-20T10:00:00Z")),
        order("o1", 2, OrderConfirmationRequired {}),
    ];
    stage.apply(noon(), happened).await.unwrap();
    stage.apply(noon(), vec![customer("c1", 2, renamed("Anna B."))]).await.unwrap();
    let database = &stage.applier.database;
    for resolver in ["overview/all", "confirmationRequests/all"] {
        let rows = resolve(database, resolver, &json!({})).await;
        assert_eq!(rows[0]["customerName"], "Anna B.", "{resolver}");
    }
    let named = json!([{ "id": "c1", "name": "Anna B." }]);
    let by_id = "overview/customerById";
    assert_eq!(resolve(database, by_id, &json!({ "id": "c1", "more": 1 })).await, named);
    assert_eq!(get(database, "/query/overview/customerById?id=c1").await.1, named);
    assert_eq!(resolve(database, by_id, &json!({ "id": "c9" })).await, json!([]));
}

#[tokio::test]
async fn a_list_is_cut_at_its_limit_and_says_so() {
    let stage = stage().await;
    let client = stage.client().await.unwrap();
    let sql = format!(
        "insert into customer_order \
         select 'o' || n, 'c1', 'a book', n, 'new', timestamptz '2026-01-01' + n * interval '1 s', \
                null, null, null, now(), 1 from generate_series(0, {MOST_ROWS}) n"
    );
    client.batch_execute(&sql).await.unwrap();
    let (_, headers, rows) = post(&stage.applier.database, "/query/overview/all", "{}").await;
    assert_eq!(headers[ROW_LIMIT], MOST_ROWS.to_string());
    let rows = rows.as_array().unwrap();
    assert_eq!(i64::try_from(rows.len()).unwrap(), MOST_ROWS);
    // The newest ones, oldest first: of one too many the oldest is missing.
    assert_eq!(rows.first().unwrap()["id"], "o1");
    assert_eq!(rows.last().unwrap()["id"], format!("o{MOST_ROWS}"));
}

#[tokio::test]
async fn what_is_refused() {
    let stage = stage().await;
    let database = &stage.applier.database;
    for (path, body, status, said) in [
        ("/query/overview/none", "{}", 404, "overview/all"),
        ("/query/none/all", "{}", 404, "confirmationRequests/all"),
        ("/query/overview/customerById", "{}", 400, "missing field `id`"),
        ("/query/overview/customerById", r#"{"id": 7}"#, 400, "must be a string"),
        ("/query/overview/customerById", r#"{"id": "\u0000"}"#, 400, "NUL"),
        ("/query/overview/all", "[]", 400, "JSON object"),
        ("/query/overview/all", "{", 400, "JSON object"),
    ] {
        let (answered, _, problem) = post(database, path, body).await;
        assert_eq!(answered.as_u16(), status, "{path} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{path} {body}: {problem}");
    }
    let (status, description) = get(database, "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    let path = &description["paths"]["/query/{readModel}/{resolver}"];
    assert!(path["get"].is_object() && path["post"].is_object(), "{path}");
}
