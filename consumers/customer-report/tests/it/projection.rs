//! What events make of the report.

use consumer_runtime::testing::noon;
use schemas::customer::{CustomerEmailPermissionGranted, CustomerEmailPermissionWithdrawn};
use serde_json::json;

use crate::stage::{
    ask, classified, confirmed, customer, ids, minute, named, order, placed, renamed, stage, valued,
};

#[tokio::test]
async fn a_customer_is_reported_with_all_figures() {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna", "Bern")),
        customer("c1", 2, CustomerEmailPermissionGranted { source: "web".into() }),
        order("o1", 1, placed("c1", 1_000, 5)),
        confirmed("o1", 2),
        order("o2", 1, placed("c1", 501, 3)),
        confirmed("o2", 2),
        order("o3", 1, placed("c1", 150_000, 4)),
        classified("c1", 1, "C").at_time(minute(7)),
    ];
    stage.apply(noon(), happened).await.unwrap();
    // In another batch: what belongs to an order is found by its row. Valued again, too.
    let happened = vec![
        valued("o1", 3, 1_100),
        valued("o2", 3, 600),
        valued("o2", 4, 551),
        classified("c1", 2, "C>B").at_time(minute(8)),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let (_, one) = ask(&stage, "/v1/report/customers/c1").await;
    let change = |sequence: i64, class: &str, previous: Option<&str>, since: &str| {
        json!({
            "sequence": sequence, "class": class, "previousClass": previous, "windowDays": 365,
            "confirmedRevenue": format!("0.0{sequence}"), "confirmedOrders": sequence,
            "ruleVersion": "rule", "evaluatedAt": "2026-11-20T09:00:00.000000Z", "since": since,
        })
    };
    let expected = json!({
        "id": "c1", "name": "Anna", "location": "Bern", "emailPermission": true,
        "class": "B", "classSince": "2026-11-20T09:08:00.000000Z",
        "orders": 3, "revenue": "1515.01", "confirmedOrders": 2, "confirmedRevenue": "15.01",
        "waitingOrders": 1, "waitingRevenue": "1500.00", "averageRevenue": "7.51",
        "usdRevenue": "16.51",
        "firstOrderAt": "2026-11-20T09:03:00.000000Z", "lastOrderAt": "2026-11-20T09:05:00.000000Z",
        "classHistory": [
            change(1, "C", None, "2026-11-20T09:07:00.000000Z"),
            change(2, "B", Some("C"), "2026-11-20T09:08:00.000000Z"),
        ],
    });
    assert_eq!(one, expected);

    let withdrawn = CustomerEmailPermissionWithdrawn { source: "mail".into() };
    let happened = vec![customer("c1", 3, renamed("Anna B.")), customer("c1", 4, withdrawn)];
    stage.apply(noon(), happened).await.unwrap();
    let (_, one) = ask(&stage, "/v1/report/customers/c1").await;
    assert_eq!(one["name"], "Anna B.");
    assert_eq!((&one["location"], &one["emailPermission"]), (&json!("Bonn"), &json!(false)));
}

#[tokio::test]
async fn orders_and_classes_before_their_customer_are_kept_until_it_is_known() {
    let mut stage = stage().await;
    let happened = vec![
        order("o1", 1, placed("c1", 1_000, 0)),
        classified("c1", 1, "C"),
        order("o2", 1, placed("c1", 100, 0)),
        confirmed("o2", 2),
    ];
    let applied = stage.apply(noon(), happened).await.unwrap();
    // Nobody is told of rows that nobody sees.
    assert_eq!(applied.changes, []);
    assert_eq!(ids(&ask(&stage, "/v1/report/customers").await.1), [""; 0]);
    assert_eq!(ask(&stage, "/v1/report/customers/c1").await.0, 404);
    let applied = stage.apply(noon(), vec![customer("c1", 1, named("Anna", ""))]).await.unwrap();
    let told: Vec<_> = applied.changes.iter().map(|c| (c.read_model, &*c.key)).collect();
    assert_eq!(told, [("customers", "c1")]);
    let (_, one) = ask(&stage, "/v1/report/customers/c1").await;
    assert_eq!((&one["orders"], &one["class"]), (&json!(2), &json!("C")));
    assert_eq!((&one["confirmedRevenue"], &one["revenue"]), (&json!("1.00"), &json!("11.00")));
}

#[tokio::test]
async fn repeats_count_once() {
    let mut stage = stage().await;
    let happened = || {
        vec![
            customer("c1", 1, named("Anna", "")),
            order("o1", 1, placed("c1", 1_000, 0)),
            confirmed("o1", 2),
            valued("o1", 3, 1_100),
        ]
    };
    stage.apply(noon(), happened()).await.unwrap();
    let applied = stage.apply(noon(), happened()).await.unwrap();
    assert_eq!(applied.counts.duplicates, 4);
    let (_, one) = ask(&stage, "/v1/report/customers/c1").await;
    assert_eq!((&one["confirmedRevenue"], &one["usdRevenue"]), (&json!("10.00"), &json!("11.00")));
}
