//! Requests to confirm an order: what clients are told, and what is kept of them.

use axum::http::StatusCode;
use consumer_runtime::{
    Database,
    testing::{Stage, noon},
};
use orders::projection::{Orders, REQUESTS};
use schemas::{
    notification::ChangeKind,
    order::{OrderConfirmationRequired, OrderConfirmed},
};
use serde_json::Value;

use crate::{
    asking::get,
    stage::{customer, named, order, placed, stage},
};

/// The changes of the requests that a batch tells.
async fn told(
    stage: &mut Stage<Orders>,
    happened: Vec<consumer_runtime::testing::Happened<orders::projection::Event>>,
) -> Vec<(String, ChangeKind)> {
    let changes = stage.apply(noon(), happened).await.unwrap().changes;
    let requests = changes.into_iter().filter(|change| change.read_model == REQUESTS);
    requests.map(|change| (change.key.into(), change.kind)).collect()
}

async fn ids(database: &Database, query: &str) -> (Vec<String>, Option<String>) {
    let (status, page) = get(database, &format!("/v1/confirmation-requests{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let items = page["items"].as_array().unwrap();
    let ids = items.iter().map(|item| item["orderId"].as_str().unwrap().to_owned()).collect();
    (ids, page["next"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn clients_see_a_request_come_and_go() {
    let mut stage = stage().await;
    let asked = vec![
        order("o1", 1, placed("c1", 150_000, "2026-11-20T10:00:00Z")),
        order("o1", 2, OrderConfirmationRequired {}),
        order("o2", 1, placed("c1", 100, "2026-11-20T10:00:00Z")),
        order("o2", 2, OrderConfirmed::default()),
    ];
    assert_eq!(told(&mut stage, asked).await, [("o1".to_owned(), ChangeKind::AddRow)]);
    let confirmed = vec![order("o1", 3, OrderConfirmed::default())];
    assert_eq!(told(&mut stage, confirmed).await, [("o1".to_owned(), ChangeKind::DeleteRow)]);
    // Nobody sees one that comes and goes in one batch.
    let both = vec![
        order("o3", 1, placed("c1", 150_000, "2026-11-20T10:00:00Z")),
        order("o3", 2, OrderConfirmationRequired {}),
        order("o3", 3, OrderConfirmed::default()),
    ];
    assert_eq!(told(&mut stage, both).await, []);
}

#[tokio::test]
async fn the_history_can_be_asked_for() {
    let mut stage = stage().await;
    let mut happened = vec![customer("c1", 1, named("Anna"))];
    for id in ["o1", "o2", "o3"] {
        happened.push(order(id, 1, placed("c1", 150_000, "2026-11-20T10:00:00Z")));
        happened.push(order(id, 2, OrderConfirmationRequired {}));
    }
    happened.push(order("o2", 3, OrderConfirmed::default()));
    stage.apply(noon(), happened).await.unwrap();
    let database = &stage.applier.database;
    assert_eq!(ids(database, "").await.0, ["o3", "o1"]);
    assert_eq!(ids(database, "?state=open").await.0, ["o3", "o1"]);
    assert_eq!(ids(database, "?state=confirmed").await.0, ["o2"]);
    let (first, next) = ids(database, "?state=all&limit=2").await;
    assert_eq!(first, ["o3", "o2"]);
    let rest = format!("?state=all&limit=2&cursor={}", next.unwrap());
    assert_eq!(ids(database, &rest).await, (vec!["o1".into()], None));

    let (_, page) = get(database, "/v1/confirmation-requests?state=confirmed").await;
    let item = &page["items"][0];
    assert_eq!((&item["customerName"], &item["value"]), (&"Anna".into(), &"1500.00".into()));
    assert_eq!(item["confirmedAt"], "2026-11-20T12:00:00.000000Z");
    let (_, page) = get(database, "/v1/confirmation-requests").await;
    assert_eq!(page["items"][0]["confirmedAt"], Value::Null);
    for bad in ["?state=x", "?limit=0", "?cursor=1", "?stat=open"] {
        let (status, _) = get(database, &format!("/v1/confirmation-requests{bad}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }
}
