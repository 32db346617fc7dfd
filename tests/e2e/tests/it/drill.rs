//! The disaster drill of docs/operations.md: Kafka and Postgres are lost and restored from a backup;
//! and read models are lost alone.

use std::{collections::BTreeMap, fs, path::Path};

use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Postbox, Process, eventually, log, postbox::Faults};

use self::{
    postgres::Postgres,
    shop::{CUSTOMERS, Order, checksums, orders_of, place},
};
use crate::campaigns::stage::{self, mailings, permit, prepare, standing, tell};

mod alone;
mod postgres;
mod registry;
mod shop;

/// Topics whose records come back.
const TOPICS: [Topic; 11] = [
    Topic::CUSTOMER_EVENTS,
    Topic::ORDER_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::MAILING_EVENTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
    Topic::CUSTOMER_COMMANDS,
    Topic::ORDER_COMMANDS,
    Topic::CAMPAIGN_COMMANDS,
    Topic::MAILING_COMMANDS,
    Topic::COMMAND_RESULTS,
    Topic::COMMAND_REFUSALS,
];

const SERVICES: [&str; 9] = [
    "command-api",
    "command-processor",
    "customers",
    "orders",
    "order-confirmation",
    "order-valuation",
    "customer-classifier",
    "email-campaign",
    "campaigns",
];

/// Read models that can be compared with the log.
const MODELS: [&str; 4] = ["customers", "orders", "customer-classifier", "campaigns"];

/// What services are told that a test starts by itself.
const OWN: [(&str, &str); 4] = [
    ("EMAIL_CAMPAIGN_FROM", "shop@example.org"),
    ("EMAIL_CAMPAIGN_PUBLIC_URL", "http://127.0.0.1:1"),
    ("EMAIL_CAMPAIGN_LINK_KEY", "a key that is long enough for this test"),
    ("ORDER_VALUATION_RECORDED_FEED", "true"),
];

/// Runs a command that has to succeed; what it printed.
async fn oneway(installation: &Installation, arguments: &[&str]) -> String {
    let (code, said, told) = installation.run(arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {said}{told}");
    said
}

/// Runs a command that has to be refused; what it told.
async fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let (code, said, told) = installation.run(arguments).await;
    assert_eq!(code, 64, "{arguments:?}: {said}{told}");
    told
}

/// Every record of some topics.
async fn read(installation: &Installation, topics: &[Topic]) -> Vec<log::Entry> {
    let (settings, topics) = (installation.settings(), topics.to_vec());
    let read = move || topics.iter().flat_map(|topic| log::read(&settings, *topic)).collect();
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// Where the backup ends, by topic and partition.
fn ends(folder: &Path) -> BTreeMap<(String, i64), i64> {
    let text = fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    let partitions = manifest["partitions"].as_array().unwrap().iter();
    let end = |copy: &Value| {
        let topic = copy["topic"].as_str().unwrap().to_owned();
        ((topic, copy["partition"].as_i64().unwrap()), copy["end"].as_i64().unwrap())
    };
    partitions.map(end).collect()
}

/// What of some records is in a backup.
fn backed_up(entries: Vec<log::Entry>, ends: &BTreeMap<(String, i64), i64>) -> Vec<log::Entry> {
    let is_in = |entry: &log::Entry| {
        let partition = entry.position.partition;
        let place = (partition.topic.name().to_owned(), i64::from(partition.number));
        entry.position.offset < ends[&place]
    };
    entries.into_iter().filter(is_in).collect()
}

/// A campaign whose mails were all sent.
async fn campaign(installation: &Installation, id: &str) {
    prepare(installation, id).await;
    tell(installation, id, "START").await;
    let sent = |row: &Value| row["funnel"]["sent"] == json!(CUSTOMERS);
    standing(installation, id, "all mails to be sent", sent).await;
}

/// A campaign whose mails are all asked for, and none is taken by the mail server yet.
async fn campaign_under_way(installation: &Installation, postbox: &Postbox, id: &str) {
    postbox.go_wrong(Faults { later: 100, ..Faults::default() }, 1);
    prepare(installation, id).await;
    tell(installation, id, "START").await;
    let asked = |row: &Value| row["funnel"]["waiting"] == json!(CUSTOMERS);
    standing(installation, id, "all mails to be asked for", asked).await;
}

async fn verify(installation: &Installation) {
    oneway(installation, &["verify", "log"]).await;
    for model in MODELS {
        oneway(installation, &["verify", "read-model", model]).await;
    }
}

/// Those that publish do not start on a log that was restored before it is said what they know.
async fn nobody_publishes(installation: &Installation, env: &[(&str, &str)]) {
    let env: Vec<_> = env.iter().copied().chain(OWN).collect();
    for service in ["customer-classifier", "email-campaign", "order-confirmation"] {
        let mut process = Process::start(installation, service, "too-early", &env);
        let ended = process.end().await;
        assert_eq!(ended.code(), Some(64), "{}", process.output());
        assert!(process.output().contains("start-over"), "{}", process.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_and_postgres_are_lost_and_restored() {
    let postbox = Postbox::open().await;
    let mut env = stage::settings(&postbox.url, "50");
    env.push(("EMAIL_CAMPAIGN_ATTEMPTS", "100".to_owned()));
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut installation = Installation::start_whole(&SERVICES, &env).await;
    let customers = shop::open(&installation).await;
    permit(&installation, &customers, CUSTOMERS).await;
    campaign(&installation, "first").await;
    let copies = tempfile::tempdir().unwrap();
    let backup = copies.path().join("log");
    let folder = backup.to_str().unwrap();
    oneway(&installation, &["backup", "create", folder]).await;
    // Postgres first, then what is new in Kafka: rows that are older catch up.
    let postgres = Postgres::copy(&installation, &copies.path().join("postgres")).await;
    campaign_under_way(&installation, &postbox, "second").await;
    let known = place(&installation, orders_of(&customers, "before", 20)).await;
    // Not at rest: what is decided meanwhile, or not, has to fit together.
    let during = orders_of(&customers, "during", 200);
    let (_, during) = tokio::join!(
        async { oneway(&installation, &["backup", "create", folder]).await },
        place(&installation, during)
    );
    let ends = ends(&backup);
    let said = oneway(&installation, &["backup", "check", folder]).await;
    assert!(said.starts_with("whole: "), "{said}");

    // What comes now is lost; also that the mails of the second campaign were sent.
    postbox.go_wrong(Faults::default(), 1);
    let sent = |row: &Value| row["funnel"]["sent"] == json!(CUSTOMERS);
    standing(&installation, "second", "the mails that will be forgotten", sent).await;
    let after = place(&installation, orders_of(&customers, "after", 20)).await;
    let mails = postbox.mails().len();
    let original = backed_up(read(&installation, &TOPICS).await, &ends);
    installation.stop().await;
    fs::remove_dir_all(installation.state().join("kafka")).unwrap();
    postgres.restore();

    installation.start_again(&[], &env).await;
    oneway(&installation, &["backup", "restore", folder, "--dry-run"]).await;
    assert_eq!(read(&installation, &TOPICS).await, [], "a dry run writes nothing");
    oneway(&installation, &["backup", "restore", folder]).await;
    is_where_it_was(&read(&installation, &TOPICS).await, &original);
    let told = refused(&installation, &["backup", "restore", folder]).await;
    assert!(told.contains("is not empty"), "{told}");
    nobody_publishes(&installation, &env).await;
    oneway(&installation, &["state", "rebuild"]).await;
    start_over(&installation).await;
    oneway(&installation, &["verify", "log"]).await;

    installation.stop().await;
    installation.start_again(&SERVICES, &env).await;
    is_as_it_was(&installation, &original, &known).await;
    nothing_is_sent_again(&installation, &postbox, mails).await;
    resend(&installation, [known, during, after].concat()).await;
    campaign(&installation, "afterwards").await;
    assert_eq!(postbox.mails().len(), mails + CUSTOMERS);
    verify(&installation).await;
    let events = read(&installation, &TOPICS[..5]).await;
    Topic::ALL.iter().for_each(|topic| {
        let of_topic = events.iter().filter(|event| event.position.partition.topic == *topic);
        log::assert_whole(&of_topic.cloned().collect::<Vec<_>>());
    });
}

/// Says of each that publishes what it knows.
async fn start_over(installation: &Installation) {
    let keeping = ["consumer", "customer-classifier", "start-over", "--keep-rows"];
    refused(installation, &keeping).await;
    for consumer in ["customer-classifier", "email-campaign", "order-valuation"] {
        oneway(installation, &["consumer", consumer, "start-over"]).await;
    }
    oneway(installation, &["consumer", "order-confirmation", "start-over", "--keep-rows"]).await;
}

/// Every record is at its offset. Outcomes may be left out, of commands that are decided again.
fn is_where_it_was(restored: &[log::Entry], original: &[log::Entry]) {
    let is_outcome = |entry: &&log::Entry| entry.position.partition.topic == Topic::COMMAND_RESULTS;
    let others = |all: &[log::Entry]| -> Vec<_> {
        all.iter().filter(|entry| !is_outcome(entry)).cloned().collect()
    };
    assert!(others(restored) == others(original), "every record is where it was");
    let strange = restored.iter().filter(is_outcome).find(|entry| !original.contains(entry));
    assert_eq!(strange, None);
}

/// All that was backed up is there, and tokens from before hold.
async fn is_as_it_was(installation: &Installation, original: &[log::Entry], known: &[Order]) {
    for order in known {
        let path = format!("/v1/orders/{}", order.id);
        let url = installation.url("orders", &path);
        let request = installation.http.get(url).header("oneway-token", &order.token);
        let answer = request.header("prefer", "wait=30").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", order.id);
    }
    let events: Vec<_> = read(installation, &TOPICS[..5]).await;
    let lost =
        original.iter().filter(|entry| entry.position.partition.topic.name().ends_with(".events"));
    let lost: Vec<_> = lost.filter(|entry| !events.contains(entry)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// The mails of the second campaign had been sent, which nobody knows any more.
async fn nothing_is_sent_again(installation: &Installation, postbox: &Postbox, mails: usize) {
    let over = |row: &Value| row["funnel"]["waiting"] == json!(0);
    standing(installation, "second", "the second campaign to be over", over).await;
    let statuses = mailings(installation, "second").await;
    assert_eq!(statuses.len(), CUSTOMERS);
    assert!(statuses.iter().all(|mailing| mailing["status"] == "uncertain"), "{statuses:?}");
    let first = mailings(installation, "first").await;
    assert!(first.iter().all(|mailing| mailing["status"] == "sent"), "{first:?}");
    assert_eq!(postbox.mails().len(), mails);
}

/// Clients send everything again: what was lost is done, what was not is recognised, and done once.
async fn resend(installation: &Installation, orders: Vec<Order>) {
    let again = place(installation, orders.clone()).await;
    let once_more = place(installation, again.clone()).await;
    assert_eq!(again, once_more, "the same answers");
    let created = read(installation, &[Topic::ORDER_EVENTS]).await;
    for order in &orders {
        let of_order = created.iter().filter(|e| e.key == order.id);
        let types: Vec<_> = of_order.map(|event| event.message_type.as_str()).collect();
        let count = |name| types.iter().filter(|known| **known == name).count();
        assert_eq!(count("order_created"), 1, "{}: {types:?}", order.id);
    }
    let look = async || checksums(installation, &["orders"]).await[0].0;
    let all = orders.len() + CUSTOMERS;
    eventually("all orders", look, |rows| usize::try_from(*rows) == Ok(all)).await;
    let settled = async || {
        let sql = "select count(*) from orders.customer_order where status = 'new'";
        installation.database().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    eventually("all orders to be answered", settled, |new| *new == 0).await;
}
