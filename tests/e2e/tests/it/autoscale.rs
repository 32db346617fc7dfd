//! `oneway up --autoscale`: a consumer has further instances while it is behind, and one again when
//! it has been quiet. Others are left alone, and nothing is lost or applied twice.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use serde_json::Value;
use testkit::{Installation, eventually};
use tokio::task::spawn_blocking;

use crate::story::order;

const SERVICES: [&str; 5] =
    ["command-api", "command-processor", "customers", "orders", "customer-report"];

/// One more instance for each ten records; two seconds of quiet.
const OPTIONS: [&str; 12] = [
    "--autoscale",
    "orders",
    "--autoscale-threshold",
    "10",
    "--autoscale-poll",
    "1",
    "--autoscale-lasting",
    "2",
    "--autoscale-quiet",
    "2",
    "--autoscale-step",
    "1",
];

/// Orders that are placed at once.
const ORDERS: i64 = 20;

/// What runs, by its name in the stack: instances of `orders`, or all others.
fn pids(installation: &Installation, of_orders: bool) -> BTreeMap<String, Option<u64>> {
    let stack = installation.stack();
    let services = stack["services"].as_object().unwrap().iter();
    services
        .filter(|(name, _)| (*name == "orders" || name.starts_with("orders-")) == of_orders)
        .map(|(name, service)| (name.clone(), service["pid"].as_u64()))
        .collect()
}

fn names(instances: &BTreeMap<String, Option<u64>>) -> Vec<&str> {
    instances.keys().map(String::as_str).collect()
}

/// Has `orders` fall behind, by applying nothing, until there are four of it; how many orders were
/// placed. It stops within a second, until when it applies what comes.
async fn fall_behind(installation: &Installation) -> i64 {
    let (code, _, said) = installation.run(&["consumer", "orders", "pause"]).await;
    assert_eq!(code, 0, "{said}");
    let placed = AtomicI64::new(0);
    let look = async || {
        let now = pids(installation, true);
        if now.len() < 4 {
            join_all((0..ORDERS).map(|_| order(installation, "somebody", "3.00"))).await;
            placed.fetch_add(ORDERS, Relaxed);
        }
        now
    };
    let four = ["orders", "orders-2", "orders-3", "orders-4"];
    let all_run =
        |now: &BTreeMap<_, Option<_>>| names(now) == four && now.values().all(Option::is_some);
    eventually("four instances", look, all_run).await;
    placed.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_behind_has_more_instances_and_then_one_again() {
    let installation = Installation::start_with(&OPTIONS, &SERVICES, &[]).await;
    let (first, others) = (pids(&installation, true), pids(&installation, false));
    assert_eq!(names(&first), ["orders"]);
    let placed = fall_behind(&installation).await;
    installation.ready("orders-4").await;

    let (code, status, _) = installation.run(&["status", "--json"]).await;
    assert_eq!(code, 0, "{status}");
    let status: Value = serde_json::from_str(&status).unwrap();
    let parts = status["parts"].as_array().unwrap();
    let part = parts.iter().find(|part| part["name"] == "orders-4").unwrap();
    assert_eq!((&part["state"], &part["ready"]), (&"running".into(), &true.into()), "{part}");
    let (code, log, _) = installation.run(&["logs", "orders-4"]).await;
    assert!(code == 0 && !log.is_empty(), "{log}");
    // One that dies is started again as all are.
    installation.kill("orders-3").await;

    let (code, _, said) = installation.run(&["consumer", "orders", "resume"]).await;
    assert_eq!(code, 0, "{said}");
    let look = async || pids(&installation, true);
    let left = eventually("one instance", look, |now| names(now) == ["orders"]).await;
    assert_eq!(left, first, "the first one stays");
    let settings = installation.settings();
    let members = spawn_blocking(move || event_log::members::count(&settings, "orders"));
    let members = members.await.unwrap().unwrap();
    assert_eq!(members, 1, "whoever has gone keeps no partitions");
    assert_eq!(pids(&installation, false), others, "others are left alone");

    let told = installation.output();
    for change in ["orders: 1 → ", "orders: 4 → 3, ", "orders: 3 → 2, ", "orders: 2 → 1, "]
    {
        let line = told.lines().find(|line| line.contains(change));
        let line = line.unwrap_or_else(|| panic!("no {change:?} in:\n{told}"));
        assert!(line.contains(" records behind"), "{line}");
    }
    nothing_is_lost_or_doubled(&installation, placed).await;
}

async fn nothing_is_lost_or_doubled(installation: &Installation, placed: i64) {
    let database = installation.database().await;
    let sql = "select count(*) from orders.customer_order";
    let count = async || database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    eventually("every order", count, |count| *count == placed).await;
    for check in [&["verify", "log"][..], &["verify", "read-model", "orders"]] {
        let (code, said, told) = installation.run(check).await;
        assert_eq!(code, 0, "{check:?}: {said}{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn down_leaves_nothing_of_instances_that_have_just_come() {
    let installation = Installation::start_with(&OPTIONS, &SERVICES, &[]).await;
    fall_behind(&installation).await;
    let pids: Vec<_> = pids(&installation, true).into_values().flatten().collect();
    assert_eq!(pids.len(), 4);
    // One is on its way up again while all are stopped.
    installation.signal("orders-2", Signal::SIGKILL).await;
    let (code, _, said) = installation.run(&["down"]).await;
    assert_eq!(code, 0, "{said}");
    let left: Vec<_> =
        pids.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(left.is_empty(), "{left:?} still run: {}", installation.output());
    let (code, status, _) = installation.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((code, &status["parts"]), (1, &Value::Array(Vec::new())), "{status:#}");
}
