//! Orders are valued in USD, each once: whatever the feed does, and however often the process dies.

pub mod feed;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, log};

use self::feed::Feed;

/// How long the feed is away.
const AWAY: Duration = Duration::from_secs(60);

const VALUED: &str = "order_usd_rate_and_value_added";

/// Places an order of so many days ago, and returns its id.
async fn order(installation: &Installation, value: &str, days: u32) -> String {
    let ordered_at = feed::moment(days);
    let body = json!({ "customerId": "c1", "text": "x", "value": value, "orderedAt": ordered_at });
    let (status, answer) = installation.post("command-api", "/v1/orders", &body).await;
    // What a killed policy has left open holds back the commands behind it: they are in the log.
    assert!([201, 202].contains(&status), "{answer}");
    answer["aggregateId"].as_str().unwrap().to_owned()
}

/// How often each order was valued.
async fn valued(installation: &Installation) -> BTreeMap<String, usize> {
    let settings = installation.settings();
    let reading = tokio::task::spawn_blocking(move || {
        let mut counts = BTreeMap::new();
        for entry in log::read(&settings, Topic::ORDER_EVENTS) {
            *counts.entry(entry.key).or_default() += usize::from(entry.message_type == VALUED);
        }
        counts
    });
    reading.await.unwrap()
}

async fn all_valued_once(installation: &Installation, orders: usize) {
    let look = async || valued(installation).await;
    let is_done = |counts: &BTreeMap<_, usize>| {
        counts.len() == orders && counts.values().all(|count| *count >= 1)
    };
    let counts = eventually("all orders to be valued", look, is_done).await;
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

/// How many orders wait, as an operator sees it.
async fn pending(installation: &Installation) -> usize {
    let path = "/v1/valuations?state=pending&limit=500";
    let (status, page) = installation.get("order-valuation", path).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_for_a_feed_that_is_away_and_are_valued_when_it_is_back() {
    let feed = Feed::start().await;
    let env =
        [("ORDER_VALUATION_FEED_URL", feed.url()), ("ORDER_VALUATION_RECORDED_FEED", "false")];
    let services =
        ["command-api", "command-processor", "orders", "order-confirmation", "order-valuation"];
    let installation = Installation::start(&services, &env).await;
    let shown = async |order: &str| {
        let look = async || installation.get("orders", &format!("/v1/orders/{order}")).await.1;
        eventually("its value in USD", look, |row| row["usd"] != Value::Null).await
    };
    let small = order(&installation, "13.99", 0).await;
    let row = shown(&small).await;
    assert_eq!((&row["usd"]["value"], &row["usd"]["rate"]), (&json!("15.18"), &json!("1.0850")));

    // For a minute, of days in two of its documents.
    feed.set_away(true);
    let (asked, since) = (feed.asked(), Instant::now());
    for days in 1..=30 {
        order(&installation, "1", if days % 3 == 0 { days * 50 } else { days }).await;
    }
    eventually("them to wait", async || pending(&installation).await, |count| *count == 30).await;
    tokio::time::sleep(AWAY.saturating_sub(since.elapsed())).await;
    // Each document after ever longer waits, of which half is chance.
    let attempts = feed.asked() - asked;
    assert!((4..=30).contains(&attempts), "{attempts} attempts in {:?}", since.elapsed());
    assert_eq!(pending(&installation).await, 30);
    // Nothing else does.
    let today = order(&installation, "1", 0).await;
    shown(&today).await;
    let confirmed = async || installation.get("orders", "/v1/orders?limit=500").await.1;
    let all = |page: &Value| {
        page["items"].as_array().unwrap().iter().all(|row| row["status"] == "confirmed")
    };
    eventually("all to be confirmed", confirmed, all).await;
    let ready = installation.admin_url("order-valuation", "/health/ready");
    let health = installation.http.get(ready).send().await.unwrap();
    assert_eq!(health.status().as_u16(), 200);
    let parts: Value = health.json().await.unwrap();
    assert!(parts["feed"].as_str().unwrap().contains("503"), "{parts}");

    feed.set_away(false);
    // The longest wait is a minute.
    all_valued_once(&installation, 32).await;
    assert_eq!(pending(&installation).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_is_valued_once_however_often_the_process_is_killed() {
    let feed = Feed::start().await;
    let installation =
        Arc::new(Installation::start(&["command-api", "command-processor"], &[]).await);
    let env = [
        ("DATABASE_URL", installation.database_url.as_str()),
        ("ORDER_VALUATION_FEED_URL", feed.url()),
    ];
    let start = || Process::start(&installation, "order-valuation", "order-valuation-1", &env);
    start().ready().await;

    // Of other days all the time, so that there is always something to be fetched.
    let stop = Arc::new(AtomicBool::new(false));
    let (installation_of_load, stopped) = (Arc::clone(&installation), Arc::clone(&stop));
    let load = tokio::spawn(async move {
        let mut placed = 0;
        while !stopped.load(Ordering::Relaxed) {
            order(&installation_of_load, "13.99", placed % 5_000).await;
            placed += 1;
        }
        placed
    });
    for _ in 0..50 {
        let mut process = start();
        let asked = feed.asked();
        // It is at work; then somewhere between a fetch, its end and the command.
        let is_at_work = async || {
            assert!(!process.has_ended(), "{}", process.output());
            feed.asked() > asked
        };
        eventually("a fetch", is_at_work, |is| *is).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..60))).await;
        // Killed, as whatever is dropped.
    }
    stop.store(true, Ordering::Relaxed);
    let placed: u32 = load.await.unwrap();
    let last = start();
    all_valued_once(&installation, placed as usize).await;
    let database = installation.database().await;
    let sql = "select count(*) from order_valuation.effect where attempts > 1";
    let interrupted: i64 = database.query_one(sql, &[]).await.unwrap().get(0);
    assert!(interrupted > 0, "no kill came during a fetch, of {placed} orders");
    drop(last);
}

/// As on a machine without internet: recorded rates stand in, and say so.
#[tokio::test(flavor = "multi_thread")]
async fn without_internet_recorded_rates_stand_in() {
    let env = [("ORDER_VALUATION_FEED_URL", "http://127.0.0.1:9/")];
    let services = ["command-api", "command-processor", "order-valuation"];
    let installation = Installation::start(&services, &env).await;
    let body = json!({ "customerId": "c1", "text": "x", "value": "100",
                       "orderedAt": "2020-03-15T12:00:00Z" });
    let (status, answer) = installation.post("command-api", "/v1/orders", &body).await;
    assert_eq!(status, 201, "{answer}");
    let path = "/v1/valuations?state=valued";
    let look = async || installation.get("order-valuation", path).await.1;
    let page = eventually("its value", look, |page| page["items"][0] != Value::Null).await;
    let row = &page["items"][0];
    // A Sunday: the rate of the Friday before.
    assert_eq!((&row["rateDay"], &row["rate"]), (&json!("2020-03-13"), &json!("1.1104")));
    assert_eq!((&row["source"], &row["usdValue"]), (&json!("recorded"), &json!("111.04")));
    let log = installation.log("order-valuation");
    assert_eq!(log.matches("RECORDED rates stand in for it").count(), 1, "{log}");

    // What it answered cannot be built anew.
    for arguments in
        [["rebuild", "order-valuation", "start"], ["verify", "read-model", "order-valuation"]]
    {
        let (code, _, said) = installation.run(&arguments).await;
        assert!(code == 64 && said.contains("is a policy"), "{code}: {said}");
    }
}
