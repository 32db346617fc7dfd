//! Which classes are published, and when.

use consumer_runtime::testing::{Happened, noon};
use schemas::Topic;

use crate::stage::{classes, confirmed, known, placed, stage};

#[tokio::test]
async fn a_customer_starts_as_c_and_rises() {
    let mut stage = stage().await;
    stage.apply(noon(), vec![known("c1")]).await.unwrap();
    let happened = vec![
        placed("o1", "c1", 999, "2026-11-20T00:00:00Z"),
        confirmed("o1"),
        placed("o2", "c1", 1, "2026-11-20T00:00:00Z"),
    ];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(classes(&stage).await, ["1: ->C 0.00 of 0"]);

    // The confirmation comes alone: its customer is found through the order's row.
    stage.apply(noon(), vec![confirmed("o2")]).await.unwrap();
    let happened = vec![placed("o3", "c1", 9_000, "2026-11-20T00:00:00Z"), confirmed("o3")];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(
        classes(&stage).await,
        ["1: ->C 0.00 of 0", "2: C>B 10.00 of 2", "3: B>A 100.00 of 3"]
    );
}

#[tokio::test]
async fn orders_before_their_customer_count() {
    let mut stage = stage().await;
    let happened = vec![placed("o1", "c1", 5_000, "2026-11-20T00:00:00Z"), confirmed("o1")];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(classes(&stage).await, [""; 0]);
    stage.apply(noon(), vec![known("c1")]).await.unwrap();
    assert_eq!(classes(&stage).await, ["1: ->C 0.00 of 0", "2: C>B 50.00 of 1"]);
}

#[tokio::test]
async fn small_orders_before_their_customer_are_in_its_first_event() {
    let mut stage = stage().await;
    let happened =
        vec![placed("o1", "c1", 500, "2026-11-20T00:00:00Z"), confirmed("o1"), known("c1")];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(classes(&stage).await, ["1: ->C 5.00 of 1"]);
}

#[tokio::test]
async fn old_orders_do_not_count() {
    let mut stage = stage().await;
    let happened = vec![
        known("c1"),
        placed("o1", "c1", 20_000, "1997-01-01T00:00:00Z"),
        confirmed("o1"),
        // To the microsecond: this one has just left, the next is just inside.
        placed("o2", "c1", 20_000, "2026-10-21T12:00:00Z"),
        confirmed("o2"),
        placed("o3", "c1", 1_000, "2026-10-21T12:00:00.000001Z"),
        confirmed("o3"),
    ];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(classes(&stage).await, ["1: ->C 0.00 of 0", "2: C>B 10.00 of 1"]);
}

#[tokio::test]
async fn a_repeated_event_counts_once() {
    let mut stage = stage().await;
    let happened =
        vec![known("c1"), placed("o1", "c1", 600, "2026-11-20T00:00:00Z"), confirmed("o1")];
    stage.apply(noon(), happened).await.unwrap();
    let repeated = vec![known("c1"), confirmed("o1")];
    let applied = stage.apply(noon(), repeated).await.unwrap();
    assert_eq!((applied.counts.duplicates, applied.emitted), (2, 0));
    assert_eq!(classes(&stage).await, ["1: ->C 0.00 of 0"]);
}

#[tokio::test]
async fn the_outbox_names_the_cause() {
    let mut stage = stage().await;
    let valued = Happened::new(Topic::ORDER_EVENTS, "o1", 2, None);
    let happened = vec![known("c1"), placed("o1", "c1", 1, "2026-11-20T00:00:00Z"), valued];
    let applied = stage.apply(noon(), happened).await.unwrap();
    assert_eq!((applied.counts.passed, applied.emitted), (1, 1));
    let client = stage.client().await.unwrap();
    let sql = "select topic, event_id::text, correlation_id, causation_id, batch from outbox";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "customer-classification.events");
    let id = schemas::EventId::of_sequence("customer-classifier", "c1", 1);
    assert_eq!(row.get::<_, &str>(1), id.to_string());
    assert_eq!(row.get::<_, &str>(2), "cor-c1");
    let cause = schemas::EventId::of_sequence("customer.events", "c1", 1);
    assert_eq!(row.get::<_, &str>(3), cause.to_string());
    assert_eq!(row.get::<_, Option<i64>>(4), None);
}

#[tokio::test]
async fn huge_sums_are_cut_not_refused() {
    let mut stage = stage().await;
    let mut happened = vec![known("c1")];
    for n in 0..1_001 {
        let id = format!("o{n}");
        happened.push(placed(&id, "c1", 999_999_999_999_999, "2026-11-20T00:00:00Z"));
        happened.push(confirmed(&id));
    }
    stage.apply(noon(), happened).await.unwrap();
    let client = stage.client().await.unwrap();
    let row = client.query_one("select revenue::text, orders from customer", &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("9999999999999999.99", 1_001));
}
