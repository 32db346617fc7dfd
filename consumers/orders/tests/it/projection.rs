//! What events make of the rows.

use consumer_runtime::{
    error::Error,
    poison::Poison,
    testing::{Happened, noon},
};
use schemas::{
    Money, Rate, Topic,
    customer::CustomerUpdated,
    order::{OrderConfirmationRequired, OrderConfirmed, OrderUsdRateAndValueAdded},
};

use crate::stage::{customer, named, order, placed, stage};

#[tokio::test]
async fn an_order_is_folded_from_its_events() {
    let mut stage = stage().await;
    let valued = OrderUsdRateAndValueAdded {
        time: "2026-11-20T00:00:00Z".parse().unwrap(),
        usd_rate: "1.0850".parse::<Rate>().unwrap(),
        usd_value: "1628.04".parse::<Money>().unwrap(),
    };
    let happened = vec![
        order("o1", 1, placed("c1", 150_050, "2026-11-20T10:00:00Z")),
        order("o1", 2, OrderConfirmationRequired {}),
        order("o1", 3, valued),
    ];
    stage.apply(noon(), happened).await.unwrap();
    stage.apply(noon(), vec![order("o1", 4, OrderConfirmed::default())]).await.unwrap();

    let client = stage.client().await.unwrap();
    let sql = "select status, value::text, usd_rate::text, usd_value::text, version \
               from customer_order";
    let row = client.query_one(sql, &[]).await.unwrap();
    let texts: Vec<&str> = (0..4).map(|column| row.get(column)).collect();
    assert_eq!(texts, ["confirmed", "1500.50", "1.085000", "1628.04"]);
    assert_eq!(row.get::<_, i64>(4), 4);
}

#[tokio::test]
async fn types_that_tell_no_name_still_count() {
    let mut stage = stage().await;
    let renamed = CustomerUpdated { name: "Anna B.".into(), location: None, email: None };
    let happened = vec![
        customer("c1", 1, named("Anna")),
        Happened::new(Topic::CUSTOMER_EVENTS, "c1", 2, None),
        customer("c1", 3, renamed),
    ];
    let counts = stage.apply(noon(), happened).await.unwrap().counts;
    assert_eq!((counts.applied, counts.passed), (2, 1));
    let client = stage.client().await.unwrap();
    let row = client.query_one("select name, version from customer", &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("Anna B.", 3));
}

#[tokio::test]
async fn a_gap_stops_and_stores_nothing() {
    let mut stage = stage().await;
    let happened = vec![
        order("o1", 1, placed("c1", 100, "2026-11-20T10:00:00Z")),
        order("o1", 3, OrderConfirmed::default()),
    ];
    let error = stage.apply(noon(), happened).await.unwrap_err();
    let Error::Poison { reason: Poison::Gap { version: 1, sequence: 3, .. }, .. } = &error else {
        panic!("{error}");
    };
    let client = stage.client().await.unwrap();
    let rows = client.query("select from customer_order", &[]).await.unwrap();
    assert!(rows.is_empty());
}
