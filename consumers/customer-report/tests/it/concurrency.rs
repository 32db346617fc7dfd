//! Several instances on the same customers.

use consumer_runtime::testing::noon;
use customer_report::projection::CustomerReport;

use crate::stage::{classified, confirmed, customer, named, order, placed, stage, valued};

/// All rows of the tables, in order.
const ROWS: [&str; 5] = [
    "select c::text from customer c order by customer_id",
    "select o::text from customer_order o order by order_id",
    "select s::text from customer_state s order by state_id",
    "select c::text from class_change c order by change_id",
    "select u::text from usd_change u order by change_id",
];

async fn rows(stage: &consumer_runtime::testing::Stage<CustomerReport>) -> Vec<String> {
    let client = stage.client().await.unwrap();
    let mut all = Vec::new();
    for sql in ROWS {
        let rows = client.query(sql, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    all
}

/// Two instances, each with a partition of its own of each topic, apply events of the same few
/// customers at the same time, in opposite orders: nothing is lost, nobody waits in a circle, and
/// the rows are those that one instance makes of the same events.
#[tokio::test(flavor = "multi_thread")]
async fn hot_customers_lose_nothing_and_the_rows_are_the_same() {
    const CUSTOMERS: i32 = 3;
    const ROUNDS: i32 = 40;
    let batch = |partition: i32, round: i32| {
        let mut happened = Vec::new();
        for n in 0..CUSTOMERS {
            let number = if partition == 0 { n } else { CUSTOMERS - 1 - n };
            let id = format!("c{number}");
            // Customer and classes of each are in one partition, orders in both.
            if number % 2 == partition {
                let version = i64::from(round) + 1;
                happened.push(match round {
                    0 => customer(&id, 1, named("Anna", "Bern")),
                    _ => customer(&id, version, crate::stage::renamed(&format!("Anna {round}"))),
                });
                happened.push(classified(&id, version, "C>B"));
            }
            let order_id = format!("o-{partition}-{round}-{n}");
            happened.push(order(&order_id, 1, placed(&id, 125, i64::from(round))));
            happened.push(confirmed(&order_id, 2));
            happened.push(valued(&order_id, 3, 130));
            happened.push(valued(&order_id, 4, 140));
        }
        happened.into_iter().map(move |event| event.in_partition(partition)).collect::<Vec<_>>()
    };
    let stage = std::sync::Arc::new(stage().await);
    let mut tasks = tokio::task::JoinSet::new();
    for partition in 0..2 {
        let mut instance = stage.second(CustomerReport).unwrap();
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                instance.apply(noon(), batch(partition, round)).await.unwrap();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let client = stage.client().await.unwrap();
    let sql = "select orders, revenue::text, confirmed_orders, usd_revenue::text, class_sequence, \
               name from customer";
    for row in client.query(sql, &[]).await.unwrap() {
        let figures: (i64, &str, i64, &str) = (row.get(0), row.get(1), row.get(2), row.get(3));
        assert_eq!(figures, (80, "100.00", 80, "112.00"));
        assert_eq!((row.get::<_, i64>(4), row.get::<_, &str>(5)), (40, "Anna 39"));
    }

    let mut alone = crate::stage::stage().await;
    for partition in [1, 0] {
        for round in 0..ROUNDS {
            alone.apply(noon(), batch(partition, round)).await.unwrap();
        }
    }
    let (rows, expected) = (rows(&stage).await, rows(&alone).await);
    assert_eq!(rows.len(), expected.len());
    assert!(rows == expected, "{rows:#?}");
}
