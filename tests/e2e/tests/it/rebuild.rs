//! A read model is built anew beside the live one: nobody who asks notices, and what differs is
//! told row by row.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Installation, eventually, installation::binary};

use crate::{
    dead_letters::records::{Events, append},
    story::{customer, order, order_is},
};

const SERVICES: [&str; 3] = ["command-api", "command-processor", "orders"];

/// Orders before the rebuild, with three events each. More by a variable, to see it at full size.
fn orders() -> usize {
    std::env::var("REBUILD_ORDERS").map_or(4_000, |number| number.parse().unwrap())
}

/// Clients that order all the time.
const CLIENTS: usize = 8;

async fn oneway(installation: &Installation, arguments: &[&str]) -> (i32, String) {
    let (code, said, errors) = installation.run(arguments).await;
    (code, said + &errors)
}

async fn rebuild(installation: &Installation, action: &str) -> (i32, String) {
    oneway(installation, &["rebuild", "orders", action]).await
}

async fn verify(installation: &Installation) -> (i32, String) {
    oneway(installation, &["verify", "read-model", "orders"]).await
}

async fn rows(installation: &Installation, schema: &str) -> i64 {
    let sql = format!("select count(*) from {schema}.customer_order");
    installation.database().await.query_one(&sql, &[]).await.unwrap().get(0)
}

/// Commands and queries while something goes on.
#[derive(Debug, Default)]
struct Load {
    stop: AtomicBool,
    ordered: AtomicUsize,
    asked: AtomicUsize,
    failures: std::sync::Mutex<Vec<String>>,
}

impl Load {
    async fn order(&self, installation: &Installation, customer: &str) {
        while !self.stop.load(Ordering::Relaxed) {
            order(installation, customer, "12.00").await;
            self.ordered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The page of the newest orders is always full.
    async fn ask(&self, installation: &Installation) {
        let http = &installation.http;
        while !self.stop.load(Ordering::Relaxed) {
            let answer = http.get(installation.url("orders", "/v1/orders?limit=50")).send().await;
            let failure = match answer {
                Ok(answer) => {
                    let status = answer.status();
                    let body: Value = answer.json().await.unwrap_or(Value::Null);
                    let full = body["items"].as_array().is_some_and(|items| items.len() == 50);
                    (!full).then(|| format!("{status}: {body}"))
                }
                Err(error) => Some(error.to_string()),
            };
            self.failures.lock().unwrap().extend(failure);
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_unnoticed_and_can_be_taken_back() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let events = Events::new(&installation).await;
    let orders = orders();
    append(&installation, (0..orders).flat_map(|n| events.order(&format!("o{n}")))).await;
    let all = i64::try_from(orders).unwrap();
    eventually("all orders", async || rows(&installation, "orders").await, |n| *n == all).await;
    let anna = customer(&installation, "Anna").await;

    let load = Load::default();
    let began = Instant::now();
    let steps = async {
        for (action, expected) in [
            ("plan", "would apply"),
            ("start", "orders_next is built"),
            ("diff", "customer_order"),
            ("switch", "build 2 is live"),
        ] {
            let (code, said) = rebuild(&installation, action).await;
            println!("{action}: {said}");
            assert!(code == 0 && said.contains(expected), "{action}: {code} {said}");
        }
        goes_on(&installation, &anna).await;
        assert_eq!(verify(&installation).await.0, 0);
        let (code, said) = rebuild(&installation, "back").await;
        assert!(code == 0 && said.contains("build 1 is live"), "{code} {said}");
        goes_on(&installation, &anna).await;
        let (code, said) = verify(&installation).await;
        assert_eq!(code, 0, "{said}");
        assert_eq!(rebuild(&installation, "drop").await.0, 0);
        load.stop.store(true, Ordering::Relaxed);
    };
    let ordering = join_all((0..CLIENTS).map(|_| load.order(&installation, &anna)));
    tokio::join!(ordering, load.ask(&installation), steps);
    println!("{load:?} in {:?}", began.elapsed());
    assert_eq!(*load.failures.lock().unwrap(), Vec::<String>::new());
    assert!(load.ordered.load(Ordering::Relaxed) > 20 && load.asked.load(Ordering::Relaxed) > 20);
    assert_eq!(installation.restarts("orders"), 0);
    let (_, said) = rebuild(&installation, "status").await;
    assert!(!said.contains("orders_next") && !said.contains("orders_previous"), "{said}");
}

/// What is ordered now is soon in the live read model.
async fn goes_on(installation: &Installation, customer: &str) {
    let started = Instant::now();
    let id = order(installation, customer, "13.00").await;
    order_is(installation, &id, "new").await;
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_row_is_found_and_named() {
    let installation = Installation::start(&["orders"], &[]).await;
    let events = Events::new(&installation).await;
    append(&installation, (0..50).flat_map(|n| events.order(&format!("o{n:02}")))).await;
    eventually("all orders", async || rows(&installation, "orders").await, |n| *n == 50).await;
    let database = installation.database().await;
    // Even the last event is there.
    let versions = "select count(*) from orders.customer_order where version = 3";
    let whole = async || database.query_one(versions, &[]).await.unwrap().get::<_, i64>(0);
    eventually("all events", whole, |count| *count == 50).await;
    let (code, said) = verify(&installation).await;
    assert_eq!(code, 0, "{said}");

    let spoil = "update orders.customer_order set status = 'new' where order_id = 'o07'; \
                 delete from orders.customer_order where order_id = 'o09'; \
                 insert into orders.customer_order \
                   select 'o99', customer_id, text, value, status, ordered_at, null, null, null, \
                     updated_at, version from orders.customer_order where order_id = 'o01'";
    database.batch_execute(spoil).await.unwrap();
    let command = ["verify", "read-model", "orders", "--json"];
    let (code, said) = oneway(&installation, &command).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
    let tables = report["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["table"] == "customer_order").unwrap();
    assert_eq!(
        (code, &table["samples"]),
        (
            1,
            &json!([
                { "key": "o07", "kind": "changed", "columns": [["status", "new", "confirmed"]] },
                { "key": "o09", "kind": "added", "columns": [] },
                { "key": "o99", "kind": "removed", "columns": [] },
            ])
        )
    );
    // Nothing of the comparison is left.
    let schemas = "select count(*) from pg_namespace where nspname = 'orders_verify'";
    assert_eq!(database.query_one(schemas, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_shows_the_rows_that_differ_and_is_deployed() {
    let installation = Installation::start(&["orders"], &[]).await;
    let events = Events::new(&installation).await;
    let large = |n| events.valued(&format!("large-{n}"), 700_000);
    let small = |n| events.order(&format!("small-{n}"));
    append(&installation, (0..3).flat_map(large).chain((0..300).flat_map(small))).await;
    eventually("all orders", async || rows(&installation, "orders").await, |n| *n == 303).await;

    let changed = binary("examples/changed-rule");
    let changed = changed.to_str().unwrap();
    let run = async |action: &str| {
        oneway(&installation, &["rebuild", "orders", action, "--binary", changed]).await
    };
    assert_eq!(run("start").await.0, 0);
    let (code, said) = run("diff").await;
    assert_eq!(code, 1, "{said}");
    for n in 0..3 {
        let line = format!("customer_order large-{n}: changed  status confirmed → unconfirmed");
        assert!(said.contains(&line), "{said}");
    }
    assert!(!said.contains("small"), "{said}");

    // The binary of before must not touch the new rows, and ends with a sentence.
    let (code, said) = run("switch").await;
    assert!(code == 0 && said.contains("build 2 is live, by version 3"), "{said}");
    let log = async || installation.log("orders");
    let refusal = "schema orders was built by version 3 of the projection, and this is version 2";
    eventually("the old binary to end", log, |log| log.contains(refusal)).await;
    let (code, said) = run("back").await;
    assert!(code == 0 && said.contains("build 1 is live, by version 2"), "{said}");
}
