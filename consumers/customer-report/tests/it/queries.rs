//! What can be asked.

use axum::http::StatusCode;
use consumer_runtime::{details::Details, testing::noon};
use customer_report::details::CustomerDetails;
use serde_json::{Value, json};

use crate::stage::{
    answer, ask, classified, confirmed, customer, ids, minute, named, order, placed, search, stage,
};

type Stage = consumer_runtime::testing::Stage<customer_report::projection::CustomerReport>;

const COLUMNS: [&str; 16] = [
    "name",
    "id",
    "location",
    "emailPermission",
    "class",
    "classSince",
    "orders",
    "revenue",
    "confirmedOrders",
    "confirmedRevenue",
    "waitingOrders",
    "waitingRevenue",
    "averageRevenue",
    "usdRevenue",
    "firstOrderAt",
    "lastOrderAt",
];

/// Customers `c0` … with more and more orders; every third one has none, and no class.
async fn many(stage: &mut Stage, number: usize) {
    let mut happened = Vec::new();
    for (n, minutes) in (0..number).zip(0..) {
        let id = format!("c{n}");
        let location = ["Bern", "Kiel", ""][n % 3];
        happened.push(customer(&id, 1, named(&format!("Name {}", n * 7 % 10), location)));
        if n % 3 == 2 {
            continue;
        }
        happened.push(classified(&id, 1, ["A", "B"][n % 2]).at_time(minute(minutes)));
        for m in 0..minutes % 5 {
            let order_id = format!("o-{n}-{m}");
            let placed = placed(&id, minutes * 100 + m, minutes * m);
            happened.push(order(&order_id, 1, placed));
            if m % 2 == 0 {
                happened.push(confirmed(&order_id, 2));
            }
        }
    }
    stage.apply(noon(), happened).await.unwrap();
}

#[tokio::test]
async fn every_order_is_paged_without_gap_or_repeat() {
    let mut stage = stage().await;
    many(&mut stage, 40).await;
    for column in COLUMNS {
        let mut lists = Vec::new();
        for sign in ["", "-"] {
            let sort = format!("/v1/report/customers?sort={sign}{column}");
            let (_, whole) = ask(&stage, &format!("{sort}&limit=500")).await;
            let mut paged: Vec<Value> = Vec::new();
            let mut next = String::new();
            loop {
                let (status, page) = ask(&stage, &format!("{sort}&limit=7{next}")).await;
                assert_eq!(status, StatusCode::OK, "{page}");
                paged.extend(page["items"].as_array().unwrap().clone());
                match page["next"].as_str() {
                    Some(cursor) => next = format!("&cursor={cursor}"),
                    None => break,
                }
            }
            assert_eq!(json!(paged), whole["items"], "{sign}{column}");
            assert_eq!(paged.len(), 40);
            lists.push(paged);
        }
        let turned: Vec<_> = lists[1].iter().rev().cloned().collect();
        assert_eq!(lists[0], turned, "{column}");
    }
    let (_, best) = ask(&stage, "/v1/report/customers?sort=-confirmedRevenue&limit=500").await;
    let amounts: Vec<f64> = best["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["confirmedRevenue"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(amounts.is_sorted_by(|a, b| a >= b) && amounts[0] > 0.0, "{amounts:?}");
}

#[tokio::test]
async fn customers_are_filtered() {
    let mut stage = stage().await;
    many(&mut stage, 12).await;
    let list = async |arguments: &str| {
        let path = format!("/v1/report/customers?sort=id&{arguments}");
        let (status, page) = ask(&stage, &path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("class=A").await, "c0 c10 c4 c6");
    assert_eq!(list("location=KIEL").await, "c1 c10 c4 c7");
    assert_eq!(list("location=KIEL&class=B").await, "c1 c7");
    assert_eq!(list("text=NAME%207").await, "c1 c11");
    assert_eq!(list("text=C1").await, "c1 c10 c11");
    assert_eq!(list("text=%25").await, "");
    // What is in no address finds the same, page by page.
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let arguments = json!({ "text": "KIEL", "sort": "name", "limit": 3, "cursor": cursor });
        let (status, page) = search(&stage, &arguments).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        found.extend(ids(&page).into_iter().map(str::to_owned));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    found.sort();
    assert_eq!(found.join(" "), list("text=kiel").await);
    assert_eq!(search(&stage, &json!({ "sort": "age" })).await.0, StatusCode::BAD_REQUEST);
    // What is filtered and what is not is the same in CSV.
    let (_, headers, csv) =
        answer(&stage, "/v1/report/customers?class=A&sort=-id", Some(("accept", "text/csv"))).await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8; header=present");
    let csv = String::from_utf8(csv.to_vec()).unwrap();
    let ids: Vec<_> = csv.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["id", "c6", "c4", "c10", "c0"]);
}

#[tokio::test]
async fn a_long_csv_has_every_row_once_and_gives_its_connection_back() {
    let mut stage = stage().await;
    for number in [0, 1_001] {
        if number > 0 {
            many(&mut stage, number).await;
        }
        // More often than there are permits and connections.
        for _ in 0..10 {
            let (status, _, csv) = answer(&stage, "/v1/report/customers?format=csv", None).await;
            assert_eq!(status, StatusCode::OK);
            let mut ids: Vec<_> = csv.split(|byte| *byte == b'\n').skip(1).collect();
            assert_eq!(ids.pop(), Some(&b""[..]));
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), number);
        }
    }
}

#[tokio::test]
async fn the_summary_has_totals_shares_movements_and_the_best() {
    let mut stage = stage().await;
    many(&mut stage, 9).await;
    let moved = vec![
        classified("c0", 2, "A>B").at_time("2026-10-31T23:59:59.999999Z".parse().unwrap()),
        classified("c0", 3, "B>A").at_time("2026-11-01T00:00:00Z".parse().unwrap()),
        classified("c0", 4, "A>A").at_time("2026-11-02T00:00:00Z".parse().unwrap()),
    ];
    stage.apply(noon(), moved).await.unwrap();
    let (_, summary) = ask(&stage, "/v1/report/summary?top=2").await;
    assert_eq!(
        summary["total"],
        json!({
            "customers": 9, "orders": 11, "revenue": "46.10", "confirmedOrders": 7,
            "confirmedRevenue": "28.04", "usdRevenue": "0.00",
        }),
        "{summary}"
    );
    let classes: Vec<_> = summary["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| {
            json!([class["class"], class["customers"], class["customersShare"], class["orders"]])
        })
        .collect();
    assert_eq!(
        classes,
        [
            json!(["A", 3, "33.33", 5]),
            json!(["B", 3, "33.33", 6]),
            json!(["C", 0, "0.00", 0]),
            json!([null, 3, "33.33", 0]),
        ]
    );
    assert_eq!(
        summary["movements"],
        json!([
            { "month": "2026-10", "from": "A", "to": "B", "changes": 1 },
            { "month": "2026-11", "from": null, "to": "A", "changes": 3 },
            { "month": "2026-11", "from": null, "to": "B", "changes": 3 },
            { "month": "2026-11", "from": "B", "to": "A", "changes": 1 },
        ])
    );
    let top: Vec<_> = summary["top"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(top, ["c4", "c7"]);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let mut stage = stage().await;
    many(&mut stage, 2).await;
    for path in ["/v1/report/customers/c1", "/v1/report/summary"] {
        let (status, headers, _) = answer(&stage, path, None).await;
        assert_eq!(status, StatusCode::OK);
        let tag = headers["etag"].to_str().unwrap().to_owned();
        let known = format!("\"other\", {tag}");
        let (status, _, body) = answer(&stage, path, Some(("if-none-match", &known))).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    let (_, before, _) = answer(&stage, "/v1/report/customers/c1", None).await;
    stage.apply(noon(), vec![order("new", 1, placed("c1", 1, 0))]).await.unwrap();
    let (_, after, _) = answer(&stage, "/v1/report/customers/c1", None).await;
    assert_ne!(before["etag"], after["etag"]);
}

#[tokio::test]
async fn resolvers_and_changes_show_the_same_row() {
    let mut stage = stage().await;
    many(&mut stage, 3).await;
    let (_, report) = ask(&stage, "/v1/report/customers").await;
    for model in ["customers", "report"] {
        let (_, all) = ask(&stage, &format!("/query/{model}/all")).await;
        assert_eq!(all, report["items"]);
        let (_, one) = ask(&stage, &format!("/query/{model}/byId?id=c1")).await;
        assert_eq!((one.as_array().unwrap().len(), &one[0]["id"]), (1, &json!("c1")));
    }
    let told = CustomerDetails.rows(&stage.applier.database, "customers", &["c1", "nobody"]).await;
    let (_, one) = ask(&stage, "/query/customers/byId?id=c1").await;
    let told: Vec<_> = told
        .unwrap()
        .into_iter()
        .map(|(id, row)| (id, serde_json::from_str::<Value>(&row).unwrap()))
        .collect();
    assert_eq!(told, [("c1".to_owned(), one[0].clone())]);
}

#[tokio::test]
async fn what_is_refused() {
    let mut stage = stage().await;
    many(&mut stage, 3).await;
    let (_, page) = ask(&stage, "/v1/report/customers?limit=1").await;
    let cursor = page["next"].as_str().unwrap();
    let other = format!("customers?limit=1&sort=orders&cursor={cursor}");
    let whole = format!("customers?format=csv&cursor={cursor}");
    for (path, status) in [
        ("customers/nobody", 404),
        ("customers/%00", 400),
        ("customers?text=%00", 400),
        ("customers?sort=age", 400),
        ("customers?class=D", 400),
        ("customers?limit=501", 400),
        ("customers?format=xml", 400),
        ("customers?format=csv&limit=5", 400),
        ("customers?cursor=x", 400),
        ("customers?asof=2026-01-01", 400),
        ("summary?top=101", 400),
        (&other, 400),
        (&whole, 400),
    ] {
        let (answered, problem) = ask(&stage, &format!("/v1/report/{path}")).await;
        assert_eq!(answered.as_u16(), status, "{path}: {problem}");
        let code = if status == 404 { "not_found" } else { "malformed_query" };
        assert_eq!(problem["code"], code, "{path}");
    }
}

#[tokio::test]
async fn the_routes_are_described() {
    let stage = stage().await;
    let (status, description) = ask(&stage, "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    for path in ["/v1/report/customers", "/v1/report/customers/{id}", "/v1/report/summary"] {
        let parameters = &description["paths"][path]["get"]["parameters"];
        let names: Vec<_> = parameters.as_array().unwrap().iter().map(|p| &p["name"]).collect();
        assert!(names.contains(&&json!("as-of")), "{path}: {names:?}");
    }
}
