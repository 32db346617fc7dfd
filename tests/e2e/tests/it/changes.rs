//! Live changes, as clients of several replicas see them: nothing is left out, nothing comes twice,
//! and who cannot be told reloads.

mod lazyapps;
mod notifications;
pub mod stream;

use std::time::Duration;

use nix::sys::signal::Signal;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, log};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use self::{
    notifications::{Notifications, row},
    stream::{Event, Stream},
};
use crate::story::{customer, order};

const SERVICES: [&str; 6] = [
    "command-api",
    "command-processor",
    "customers",
    "orders",
    "order-confirmation",
    "change-notifier",
];

/// The base of the notifier's address.
fn notifier(installation: &Installation) -> String {
    installation.url("change-notifier", "")
}

/// Ids of the rows that changes were of, sorted.
fn rows(events: &[Event]) -> Vec<String> {
    let changes = events.iter().filter(|event| event.name == "change");
    let rows = changes.filter_map(|event| event.data["rowId"].as_str());
    let mut rows: Vec<_> = rows.map(str::to_owned).collect();
    rows.sort();
    rows
}

/// Every notification of a row that is in the log, sorted.
async fn rows_in_log(installation: &Installation) -> Vec<String> {
    let settings = installation.settings();
    let read =
        tokio::task::spawn_blocking(move || log::read(&settings, Topic::CHANGE_NOTIFICATIONS));
    let keys = read.await.unwrap().into_iter().map(|entry| entry.key);
    // Of what concerns a whole read model the key is its owner's name.
    let mut rows: Vec<_> = keys.filter(|key| !SERVICES.contains(&key.as_str())).collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_and_a_killed_notifier_loses_and_repeats_none() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let mut other = Process::start(&installation, "change-notifier", "change-notifier-2", &[]);
    let little = [("CHANGE_NOTIFIER_KEPT_CHANGES", "4")];
    let mut forgetful =
        Process::start(&installation, "change-notifier", "change-notifier-3", &little);
    let none = [("CHANGE_NOTIFIER_KEPT_CHANGES", "4"), ("CHANGE_NOTIFIER_REPLAYED_CHANGES", "0")];
    let mut amnesiac = Process::start(&installation, "change-notifier", "change-notifier-4", &none);
    for process in [&mut other, &mut forgetful, &mut amnesiac] {
        process.ready().await;
    }

    let mut stream = Stream::open(&notifier(&installation), "", None).await;
    let ready = stream.next().await;
    assert_eq!(ready.name, "ready");
    let anna = customer(&installation, "Anna").await;
    let first = order(&installation, &anna, "5").await;
    let mut seen = stream.until(|event| event.data["rowId"] == json!(first)).await;
    let change = &seen.last().unwrap().data;
    assert_eq!(
        (&change["endpoint"], &change["readModel"], &change["position"]["topic"]),
        (&json!("orders"), &json!("overview"), &json!("order.events"))
    );
    assert!(change["correlationId"].is_string() && change["position"]["offset"].is_i64());

    // Killed while more happens; the client goes on elsewhere.
    installation.signal("change-notifier", Signal::SIGKILL).await;
    seen.extend(stream.until_its_end().await);
    let mut last = first;
    for n in 0..10 {
        last = order(&installation, &anna, &format!("{}", 900 + 20 * n)).await;
    }
    let is_last = |event: &Event| event.data["rowId"] == json!(last);
    let stood = &seen.last().unwrap().id;
    let mut again = Stream::open(&other.url, "", Some(stood)).await;
    seen.extend(again.until(is_last).await);
    let look = async || {
        seen.extend(again.take_until_silent().await);
        (rows(&seen), rows_in_log(&installation).await)
    };
    let (_, wanted) = eventually("each change once", look, |(seen, wanted)| seen == wanted).await;
    assert!(seen.iter().all(|event| event.name != "reload"), "{seen:?}");

    // A replica that has forgotten them reads them from the log again; one that may not says so.
    let mut late = Stream::open(&forgetful.url, "", Some(&ready.id)).await;
    let events = late.take_until_silent().await;
    assert_eq!(rows(&events), wanted);
    let mut late = Stream::open(&amnesiac.url, "", Some(&ready.id)).await;
    assert_eq!(late.next().await.name, "ready");
    assert_eq!(late.next().await.name, "reload");
    let (status, problem) = stream::refused(&other.url, "", Some("nonsense")).await;
    assert_eq!((status, &problem["code"]), (400, &json!("malformed")), "{problem}");

    // Streams end with the process, and it ends in time.
    assert!(other.stop().await.success());
    again.until_its_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_reloads_while_a_fast_one_gets_everything() {
    let bounds =
        [("CHANGE_NOTIFIER_CLIENT_CHANGES", "5000"), ("CHANGE_NOTIFIER_CLIENT_KBYTES", "1000000")];
    let installation = Installation::start(&["change-notifier"], &bounds).await;
    let base = notifier(&installation);
    // It asks, and reads nothing.
    let address = base.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /v1/changes HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut fast = Stream::open(&base, "?models=orders/overview", None).await;
    assert_eq!(fast.next().await.name, "ready");

    const CHANGES: usize = 12_000;
    let notifications = Notifications::connect(&installation).await;
    let details = json!({ "text": "x".repeat(2_000) }).to_string();
    let write = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        for n in 0..CHANGES {
            if n % 100 == 0 {
                ticks.tick().await;
            }
            notifications.append(&row("orders", &n.to_string(), Some(&details)), "c").await;
        }
    };
    // Those of different partitions come in any order: it is their number that tells the end.
    let read = async {
        let mut events = Vec::new();
        while events.len() < CHANGES {
            events.push(fast.next().await);
        }
        events
    };
    let ((), events) = tokio::join!(write, read);
    assert_eq!(events.len(), CHANGES);
    let mut expected: Vec<_> = (0..CHANGES).map(|n| n.to_string()).collect();
    expected.sort();
    assert_eq!(rows(&events), expected);

    let mut slow = Stream::of(slow);
    let events = slow.until(|event| event.name == "reload").await;
    assert!(events.len() < CHANGES, "it was not slow: {}", events.len());
    notifications.append(&row("orders", "later", None), "c").await;
    let events = slow.until(|event| event.data["rowId"] == "later").await;
    assert_eq!(events.len(), 1, "one reload stands for all: {events:?}");
}

/// Events that are no change concern nobody's data.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_notification_reloads_everybody_and_stops_nothing() {
    let installation = Installation::start(&["change-notifier"], &[]).await;
    let mut stream = Stream::open(&notifier(&installation), "", None).await;
    assert_eq!(stream.next().await.name, "ready");
    let notifications = Notifications::connect(&installation).await;
    notifications.append_nonsense().await;
    assert_eq!(stream.next().await.name, "reload");
    notifications.append(&row("orders", "o1", Some("{\"a\":1}")), "SVLT-1").await;
    let event = stream.next().await;
    let details: &Value = &event.data["details"];
    assert_eq!((event.name.as_str(), details), ("change", &json!({"a": 1})));
    let metrics = installation.admin_url("change-notifier", "/metrics");
    let metrics = installation.http.get(metrics).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("notifications_unreadable_total 1"), "{metrics}");
    assert!(metrics.contains("oneway_change_notifier_clients{kind=\"sse\"} 1"), "{metrics}");
}
