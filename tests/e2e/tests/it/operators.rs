//! What an operator may do to a consumer: look, pause, resume, move it back.

use event_log::OutRecord;
use futures_util::future::join_all;
use serde_json::Value;
use testkit::{Installation, eventually};

use crate::dead_letters::records::{Events, append};

async fn oneway(installation: &Installation, arguments: &[&str]) -> (i32, String) {
    let (code, said, errors) = installation.run(arguments).await;
    (code, said + &errors)
}

async fn consumer(installation: &Installation, arguments: &[&str]) -> String {
    let (code, said) = oneway(installation, &[&["consumer", "orders"], arguments].concat()).await;
    assert_eq!(code, 0, "{said}");
    said
}

/// Records behind, the oldest one's age in seconds, and whether it is paused.
async fn lag(installation: &Installation) -> (u64, f64, bool) {
    let said = consumer(installation, &["lag", "--json"]).await;
    let lag: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let partitions = lag["partitions"].as_array().unwrap();
    let records = partitions.iter().map(|partition| partition["records"].as_u64().unwrap()).sum();
    let seconds = partitions.iter().map(|partition| partition["seconds"].as_f64().unwrap());
    (records, seconds.fold(0.0, f64::max), lag["paused"] == true)
}

/// Sum of offsets and of versions, number of dead letters and of skipped records.
async fn state(installation: &Installation) -> [i64; 4] {
    let sql = "select (select sum(next_offset) from orders.consumer_offset)::bigint, \
                      (select sum(version) from orders.customer_order)::bigint, \
                      (select count(*) from orders.parked_record), \
                      (select count(*) from orders.skipped_record)";
    let row = installation.database().await.query_one(sql, &[]).await.unwrap();
    [row.get(0), row.get(1), row.get(2), row.get(3)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_paused_resumed_and_moved_back() {
    let installation = Installation::start(&["orders"], &[]).await;
    let events = Events::new(&installation).await;
    append(&installation, (0..10).flat_map(|n| events.order(&format!("o{n}")))).await;
    let bad = |key: &str| OutRecord { payload: None, ..events.created(key, 1) };
    append(&installation, vec![bad("skipped"), bad("parked")]).await;
    let all = async || lag(&installation).await;
    eventually("everything applied", all, |lag| *lag == (0, 0.0, false)).await;
    let skip = ["dead-letters", "skip", "orders", "--key", "skipped", "--reason", "a test"];
    assert_eq!(oneway(&installation, &skip).await.0, 0);

    consumer(&installation, &["pause"]).await;
    let log = async || installation.log("orders");
    eventually("the pause", log, |log| log.contains("paused by an operator")).await;
    append(&installation, events.order("late")).await;
    let (records, seconds, paused) = lag(&installation).await;
    assert!((records, paused) == (3, true) && seconds > 0.0, "{records} {seconds} {paused}");
    let (status, answer) = installation.get("orders", "/v1/orders").await;
    assert_eq!((status, answer["items"].as_array().unwrap().len()), (200, 10));
    consumer(&installation, &["resume"]).await;
    eventually("the rest applied", all, |lag| *lag == (0, 0.0, false)).await;
    let before = state(&installation).await;
    assert_eq!(before, [35, 33, 1, 1]);

    // What was applied, parked and skipped comes again, and changes nothing.
    let dry = consumer(&installation, &["move-back", "--records", "100", "--dry-run"]).await;
    assert!(dry.contains("would be moved from"), "{dry}");
    assert_eq!(state(&installation).await, before);
    let moved = consumer(&installation, &["move-back", "--records", "100"]).await;
    assert!(moved.contains("to 0"), "{moved}");
    eventually("the same again", async || state(&installation).await, |now| *now == before).await;
    let (code, said) = oneway(&installation, &["verify", "read-model", "orders"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(installation.restarts("orders"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_look_at_once() {
    let installation = Installation::start(&["orders", "operator"], &[]).await;
    // More than there are connections.
    let looks = (0..16).map(|_| installation.get("operator", "/v1/consumers"));
    for (status, answer) in join_all(looks).await {
        assert_eq!(status, 200, "{answer}");
    }
}
