//! `oneway verify log`: a good log is clean, also under load; a damaged one is told fault by
//! fault; what retention has deleted is not held against it.

mod copy;
mod faults;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use event_log::{Appender, OutRecord, Settings, partitioner::partition_of, record::headers};
use futures_util::{StreamExt, stream};
use schemas::{Envelope, Topic};
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use self::{
    copy::{Copy, delete_oldest, on},
    faults::{Encoders, Expected, Faults, command},
};

const SERVICES: [&str; 3] = ["command-api", "command-processor", "customer-classifier"];

/// Orders that are damaged, each in its way.
const DAMAGED: [&str; 16] = [
    "repeat",
    "fork",
    "stray",
    "garbage",
    "wrong-id",
    "lost",
    "double",
    "contradiction",
    "unnamed",
    "unknown",
    "torn",
    "ahead",
    "behind",
    "stateless",
    "gap",
    "good",
];

/// Sends the `n`-th command to an aggregate; the answer's status.
async fn send(
    installation: &Installation,
    (aggregate, id, n): (&str, &str, u32),
    command_name: &str,
    payload: &Value,
) -> u16 {
    let body = json!({ "aggregateName": aggregate, "aggregateId": id, "command": command_name,
                       "payload": payload });
    let request = installation.http.post(installation.url("command-api", "/api/command"));
    let request = request.header("idempotency-key", command(id, n).to_string());
    let request = request.header("content-type", "application/json");
    request.body(body.to_string()).send().await.unwrap().status().as_u16()
}

fn order(customer: &str) -> Value {
    json!({ "customerId": customer, "text": "a book", "value": "40.00" })
}

/// An order that is created, confirmed, and confirmed again in vain.
async fn place_order(installation: &Installation, customer: &str, id: &str) {
    let to = |n| ("order", id, n);
    let confirm = json!({});
    assert_eq!(send(installation, to(1), "CREATE", &order(customer)).await, 200);
    assert_eq!(send(installation, to(2), "CONFIRM", &confirm).await, 200);
    assert_eq!(send(installation, to(3), "CONFIRM", &confirm).await, 409);
}

/// A customer with events of several kinds, of which one command makes two.
async fn create_customer(installation: &Installation, id: &str) {
    let to = |n| ("customer", id, n);
    let anna = json!({ "name": "Anna", "email": "anna@example.org" });
    assert_eq!(send(installation, to(1), "CREATE", &anna).await, 200);
    let grant = json!({ "source": "shop" });
    assert_eq!(send(installation, to(2), "GRANT_EMAIL_PERMISSION", &grant).await, 200);
    assert_eq!(send(installation, to(3), "UPDATE", &json!({ "name": "Berta" })).await, 200);
}

/// Some hundred commands of all sorts, among them repeats, refused ones and foreign ones.
async fn fill(installation: &Installation) {
    let customers = stream::iter(0..20).for_each_concurrent(16, async |n| {
        create_customer(installation, &format!("c-{n}")).await;
    });
    customers.await;
    // They make one customer a B.
    let orders: Vec<_> = (0..40).map(|n| format!("o-{n}")).collect();
    let orders = orders.iter().map(|id| ("c-19", id.as_str()));
    let orders = orders.chain(DAMAGED.map(|id| ("nobody", id)));
    let placed = stream::iter(orders).for_each_concurrent(16, async |(customer, id)| {
        place_order(installation, customer, id).await;
    });
    placed.await;
    let to = |id, n| ("order", id, n);
    // A third event; a repeat; another command under a used id.
    let rate = json!({ "time": "2026-01-02T00:00:00Z", "usdRate": "1.1", "usdValue": "44.00" });
    assert_eq!(send(installation, to("gap", 4), "ADD_USD_RATE_AND_VALUE", &rate).await, 200);
    assert_eq!(send(installation, to("contradiction", 1), "CREATE", &order("nobody")).await, 200);
    assert_eq!(send(installation, to("good", 1), "CREATE", &order("c-9")).await, 422);
    foreign(&installation.settings()).await;
}

/// What foreign producers may write: into the wrong partition, with a key that is no aggregate id,
/// or no command at all. None of it breaks a promise.
async fn foreign(settings: &Settings) {
    let appender = Appender::new(settings, Duration::from_secs(30)).unwrap();
    let envelope = |id| Envelope {
        id,
        source: "foreign",
        message_type: "confirm_order",
        ..Envelope::default()
    };
    let elsewhere = (partition_of(b"elsewhere", 4) + 1) % 4;
    for (key, partition, headers) in [
        ("elsewhere", Some(elsewhere), headers(&envelope("foreign 1"))),
        ("no id", Some(0), headers(&envelope("foreign 2"))),
        ("headless", None, rdkafka::message::OwnedHeaders::new()),
    ] {
        let (key, topic, payload) = (key.to_owned(), Topic::ORDER_COMMANDS, Some(b"?".to_vec()));
        appender
            .append(OutRecord { topic, partition, key: Some(key.into_bytes()), payload, headers })
            .await
            .unwrap();
    }
}

/// Verifies; exit code and report.
async fn verify(installation: &Installation, settings: &Settings) -> (Option<i32>, Value) {
    let mut command = on(installation, settings, &["verify", "log", "--json"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|error| panic!("{error}: {errors}")))
}

/// Waits until nothing is under way and the classifier has published what it has to.
async fn settled(installation: &Installation, settings: &Settings) -> Value {
    let look = async || verify(installation, settings).await;
    let quiet = |(_, report): &(Option<i32>, Value)| {
        let topics = &report["topics"];
        topics["order.commands"]["underWay"] == 0
            // Each customer's first class, and one change.
            && topics["customer-classification.events"]["records"] == 21
    };
    let (code, report) = eventually("a quiet log", look, quiet).await;
    assert_eq!((code, &report["clean"]), (Some(0), &json!(true)), "{report:#}");
    report
}

/// What a report says: kind, aggregate, place.
fn found(report: &Value) -> Expected {
    let mut found = Expected::new();
    for (kind, broken) in report["violations"].as_object().unwrap() {
        let examples = broken["examples"].as_array().unwrap();
        assert_eq!(broken["count"], json!(examples.len()), "{kind}");
        for example in examples {
            let topic = copy::TOPICS.iter().find(|t| example["topic"] == t.name()).unwrap();
            let aggregate = example["aggregateId"].as_str().unwrap().to_owned();
            let number = |field: &str| example[field].as_i64().unwrap();
            let place = (topic.name(), number("partition"), number("offset"));
            found.insert((kind.clone(), aggregate, place));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_verified() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let settings = installation.settings();
    under_load(&installation, &settings).await;
    fill(&installation).await;
    let report = settled(&installation, &settings).await;
    let topics = &report["topics"];
    // Each damaged order has two events, one of them three; the customers have four each.
    for (topic, least) in [
        ("order.events", 113),
        ("customer.events", 80),
        ("command.results", 230),
        ("order.state", 57),
    ] {
        assert!(topics[topic]["records"].as_u64() >= Some(least), "{topic}: {report:#}");
    }
    assert_eq!(topics["order.commands"]["notCheckable"], json!({ "unanswerable": 1 }));

    let reading = settings.clone();
    let copy = tokio::task::spawn_blocking(move || Copy::read(&reading)).await.unwrap();
    let (code, whole) = verify(&installation, &copy.write(&installation).await).await;
    assert_eq!((code, &whole["topics"]), (Some(0), &report["topics"]), "a copy is as good");
    damaged(&installation, copy.clone(), Encoders::new(&settings).await).await;
    worn(&installation, copy).await;
}

/// While commands come in, no false alarm is given.
async fn under_load(installation: &Installation, settings: &Settings) {
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let load = stream::iter(0..8).for_each_concurrent(8, async |worker| {
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            n += 1;
            let id = format!("load-{worker}-{n}");
            assert_eq!(
                send(installation, ("order", &id, 1), "CREATE", &order("nobody")).await,
                200
            );
            assert_eq!(send(installation, ("order", &id, 2), "CONFIRM", &json!({})).await, 200);
            sent.fetch_add(2, Ordering::Relaxed);
        }
    });
    let looks = async {
        let (mut looks, mut before) = (0, 0);
        while looks < 5 {
            let (code, report) = verify(installation, settings).await;
            assert_eq!((code, &report["clean"]), (Some(0), &json!(true)), "{report:#}");
            assert_eq!(report["violations"], json!({}));
            // Only a look that saw something new counts.
            let now = sent.load(Ordering::Relaxed);
            looks += u32::from(now > before);
            before = now;
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, looks);
}

/// Every fault is found, where it is, and nothing else.
async fn damaged(installation: &Installation, copy: Copy, encoders: Encoders) {
    let mut faults = Faults::new(copy, encoders);
    faults.removals();
    faults.events();
    faults.outcomes_and_commands();
    faults.states();
    faults.classifications();
    let settings = faults.copy.write(installation).await;
    let (code, report) = verify(installation, &settings).await;
    assert_eq!(code, Some(1));
    let found = found(&report);
    let missed: Vec<_> = faults.expected.difference(&found).collect();
    let false_alarms: Vec<_> = found.difference(&faults.expected).collect();
    assert!(
        missed.is_empty() && false_alarms.is_empty(),
        "missed {missed:#?}, false alarms {false_alarms:#?}"
    );
    // States of orders with broken events are not judged.
    let state = &report["topics"]["order.state"]["notCheckable"];
    assert_eq!(state, &json!({ "events_broken": 2 }));
    // For people, the same.
    let text = on(installation, &settings, &["verify", "log"]).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("1: different events with one version\n  order.events/"), "{text}");
    assert!(text.contains("the log is broken"), "{text}");
}

/// What is not there any more, or not yet again, is counted and not held against the log.
async fn worn(installation: &Installation, mut copy: Copy) {
    // The state topic is being written anew.
    copy.on(Topic::ORDER_STATE).retain(|record| record.key != "!complete" && record.key != "good");
    let before = copy.0[&Topic::COMMAND_RESULTS].len();
    let settings = copy.write(installation).await;
    delete_oldest(&settings, Topic::COMMAND_RESULTS, 25).await;
    delete_oldest(&settings, Topic::ORDER_COMMANDS, 10).await;
    delete_oldest(&settings, Topic::CUSTOMER_COMMANDS, 100).await;
    let (code, report) = verify(installation, &settings).await;
    assert_eq!((code, &report["violations"]), (Some(0), &json!({})), "{report:#}");
    let topics = &report["topics"];
    let unclear = |topic: &str, why: &str| topics[topic]["notCheckable"][why].as_u64();
    assert_eq!(unclear("order.state", "state_incomplete"), Some(1), "{report:#}");
    let left = topics["command.results"]["records"].as_u64().unwrap();
    assert!(left > 0 && left < before as u64, "{left} of {before} are left");
    for (topic, why) in [
        ("order.commands", "outcome_expired"),
        ("command.results", "command_expired"),
        ("order.events", "command_expired"),
        ("customer.events", "command_expired"),
    ] {
        assert!(unclear(topic, why) > Some(0), "{topic} {why}: {report:#}");
    }
}
