//! What clients are told of changed rows.

use consumer_runtime::{change_feed::Changed, details::Details, testing::noon};
use orders::{
    details::OrderDetails,
    projection::{CUSTOMER, OVERVIEW, REQUESTS},
};
use schemas::{
    notification::ChangeKind,
    order::{OrderConfirmationRequired, OrderConfirmed},
};
use serde_json::{Value, json};

use crate::{
    asking::resolve,
    stage::{customer, named, order, placed, renamed, stage, valued},
};

#[tokio::test]
async fn the_rows_are_those_of_the_resolvers() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        order("o1", 1, placed("c1", 1_399, "2026-11-20T10:00:00Z")),
        order("o1", 2, valued()),
        order("o2", 1, placed("c2", 150_000, "2026-11-20T11:00:00Z")),
        order("o2", 2, OrderConfirmationRequired {}),
        order("o3", 1, placed("c2", 150_000, "2026-11-20T12:00:00Z")),
        order("o3", 2, OrderConfirmationRequired {}),
        order("o3", 3, OrderConfirmed::default()),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let database = &stage.applier.database;
    let keys = ["o1", "o2", "o3", "gone"];
    for (read_model, most) in [(OVERVIEW, 3), (REQUESTS, 1)] {
        let rows = OrderDetails.rows(database, read_model, &keys).await.unwrap();
        assert_eq!(rows.len(), most, "{rows:?}");
        let shown: Vec<_> = rows
            .iter()
            .map(|(key, row)| {
                let row: Value = serde_json::from_str(row).unwrap();
                assert_eq!(&row["id"], key);
                row
            })
            .collect();
        let all = format!("{read_model}/all");
        assert_eq!(Value::Array(shown), resolve(database, &all, &json!({})).await);
    }
    assert!(OrderDetails.rows(database, CUSTOMER, &["c1"]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_new_name_changes_what_shows_it() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        customer("c2", 1, named("Berta")),
        order("o1", 1, placed("c1", 100, "2026-11-20T10:00:00Z")),
        order("o2", 1, placed("c1", 150_000, "2026-11-20T11:00:00Z")),
        order("o2", 2, OrderConfirmationRequired {}),
        order("o3", 1, placed("c2", 100, "2026-11-20T11:00:00Z")),
    ];
    let changes = stage.apply(noon(), happened).await.unwrap().changes;
    let orders: Vec<_> = changes.into_iter().filter(|c| c.read_model == OVERVIEW).collect();
    let database = stage.applier.database.clone();
    assert_eq!(OrderDetails.affected(&database, &orders, 10).await.unwrap(), []);

    let renaming = stage.apply(noon(), vec![customer("c1", 2, renamed("Anna B."))]).await.unwrap();
    let affected = async |most| {
        let affected = OrderDetails.affected(&database, &renaming.changes, most).await.unwrap();
        let key = |change: &Changed| (change.read_model, change.key.clone());
        let mut affected = affected;
        affected.sort_by_key(key);
        affected
    };
    let all = affected(10).await;
    let told: Vec<_> = all.iter().map(|change| (change.read_model, &*change.key)).collect();
    assert_eq!(told, [(REQUESTS, "o2"), (OVERVIEW, "o1"), (OVERVIEW, "o2")]);
    for change in &all {
        assert_eq!(change.kind, ChangeKind::UpdateRow);
        assert_eq!(change.at, renaming.changes.first().unwrap().at);
        assert_eq!(change.correlation_id.as_deref(), Some("cor-c1"));
    }
    // One too many is enough to know that there are too many.
    assert_eq!(affected(1).await.iter().filter(|c| c.read_model == OVERVIEW).count(), 2);
    assert_eq!(affected(0).await.iter().filter(|c| c.read_model == OVERVIEW).count(), 1);
}
