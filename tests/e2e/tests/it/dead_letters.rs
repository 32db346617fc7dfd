//! Records that cannot be handled: they and what is behind them is parked, everything else flows;
//! what is mended is applied in order; too many stop the process.

pub mod records;

use std::collections::BTreeMap;

use event_log::OutRecord;
use rdkafka::message::{Headers, Message};
use schemas::Topic;
use serde_json::Value;
use testkit::{Installation, eventually, log::watermarks};

use self::records::{Events, append, poisons};

const CONSUMER: &str = "orders";

/// Runs a `dead-letters` command; exit code and what it printed, or told.
async fn dead_letters(installation: &Installation, arguments: &[&str]) -> (i32, String) {
    let (code, said, errors) = installation.run(&[&["dead-letters"], arguments].concat()).await;
    (code, if said.is_empty() { errors } else { said })
}

/// Compares the read model with the log; the exit code.
async fn verify(installation: &Installation) -> i32 {
    installation.run(&["verify", "read-model", CONSUMER]).await.0
}

/// The dead letters: key → class, attempts, waiting.
async fn listed(installation: &Installation) -> BTreeMap<String, (String, i64, i64)> {
    let (_, said) = dead_letters(installation, &["list", CONSUMER, "--json"]).await;
    let letters: Value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let letters = letters.as_array().unwrap().iter().map(|letter| {
        let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| letter[name].as_i64().unwrap();
        (text("key"), (text("class"), number("attempts"), number("waiting")))
    });
    letters.collect()
}

/// Orders as the read model has them: id → version and status.
async fn orders(installation: &Installation) -> BTreeMap<String, (i64, String)> {
    let sql = "select order_id, version, status from orders.customer_order";
    let rows = installation.database().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

/// How many records the consumer has dealt with.
async fn applied(installation: &Installation) -> i64 {
    let sql = "select coalesce(sum(next_offset), 0)::bigint from orders.consumer_offset \
               where topic = 'order.events'";
    installation.database().await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn until_applied(installation: &Installation) {
    let settings = installation.settings();
    let end = tokio::task::spawn_blocking(move || {
        watermarks(&settings, &[Topic::ORDER_EVENTS]).iter().sum::<i64>()
    });
    let end = end.await.unwrap();
    eventually("everything dealt with", async || applied(installation).await, |at| *at == end)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_poison_is_parked_and_other_keys_flow() {
    let installation = Installation::start(&[CONSUMER], &[]).await;
    records::allow_large(&installation).await;
    let events = Events::new(&installation).await;
    let poisons = poisons(&events);
    let mut records = Vec::new();
    for n in 0..200 {
        records.extend(events.order(&format!("good-{n}")));
    }
    for poison in &poisons {
        if poison.waiting > 0 {
            records.push(events.created(&poison.key, 1));
        }
        records.push(poison.record());
        if poison.waiting > 0 {
            records.push(events.confirmed(&poison.key, 3));
        }
    }
    records.extend(events.order("good-last"));
    append(&installation, records).await;
    until_applied(&installation).await;

    let expected: BTreeMap<_, _> =
        poisons.iter().map(|p| (p.listed_key(), (p.class.to_owned(), 1, p.waiting))).collect();
    assert_eq!(listed(&installation).await, expected);
    let orders = orders(&installation).await;
    let good = orders.iter().filter(|(id, _)| id.starts_with("good-"));
    assert_eq!(good.filter(|(_, state)| **state == (3, "confirmed".to_owned())).count(), 201);
    for poison in poisons.iter().filter(|poison| poison.waiting > 0) {
        assert_eq!(orders[&poison.key], (1, "new".to_owned()), "{}", poison.class);
    }
    copies_are_untouched(&installation, &poisons).await;

    // After a restart the keys are still parked.
    installation.kill(CONSUMER).await;
    append(&installation, vec![events.confirmed("truncated", 4)]).await;
    until_applied(&installation).await;
    assert_eq!(listed(&installation).await["truncated"], ("truncated".to_owned(), 1, 2));

    skipped(&installation, &poisons).await;
}

/// The copies on the topic have the bytes of the originals, and say where those are.
async fn copies_are_untouched(installation: &Installation, poisons: &[records::Poison]) {
    let settings = installation.settings();
    let copies = tokio::task::spawn_blocking(move || {
        let mut copies = Vec::new();
        let reader = event_log::restore::PartitionReader::new(&settings).unwrap();
        for number in 0..4 {
            let partition = event_log::Partition { topic: Topic::ORDERS_DEAD_LETTER, number };
            let read = reader.read_to_end(partition, |record| {
                copies.push(record.detach());
                Ok(())
            });
            read.unwrap();
        }
        copies
    });
    let copies = copies.await.unwrap();
    assert_eq!(copies.len(), poisons.len());
    for poison in poisons {
        let original = poison.record();
        let header = |copy: &rdkafka::message::OwnedMessage, name: &str| {
            let header = copy.headers().unwrap().iter().find(|header| header.key == name);
            header.and_then(|h| h.value).map(|v| String::from_utf8(v.to_vec()).unwrap())
        };
        let class = |copy: &&rdkafka::message::OwnedMessage| {
            header(copy, "oneway-dead-letter-class").as_deref() == Some(poison.class)
        };
        let copy = copies.iter().find(class).unwrap_or_else(|| panic!("no {}", poison.class));
        assert_eq!(copy.key(), original.key.as_deref(), "{}", poison.class);
        assert_eq!(copy.payload(), original.payload.as_deref(), "{}", poison.class);
        for own in original.headers.iter() {
            let value = own.value.map(|value| String::from_utf8(value.to_vec()).unwrap());
            assert_eq!(header(copy, own.key), value, "{} {}", poison.class, own.key);
        }
        assert_eq!(header(copy, "oneway-dead-letter-topic").as_deref(), Some("order.events"));
        assert!(header(copy, "oneway-dead-letter-offset").is_some());
    }
}

/// Records that are given up make way for those behind them, wherever a version can be counted.
async fn skipped(installation: &Installation, poisons: &[records::Poison]) {
    let (code, said) = dead_letters(installation, &["skip", CONSUMER, "--reason", "r"]).await;
    assert_eq!(code, 64, "{said}");
    let all = ["skip", CONSUMER, "--all", "--reason", "no use"];
    let (code, said) = dead_letters(installation, &all).await;
    let left: BTreeMap<_, _> = poisons
        .iter()
        .filter(|poison| !poison.counts)
        .map(|p| (p.listed_key(), ("gap".to_owned(), 1, 0)))
        .collect();
    assert_eq!((code, listed(installation).await), (1, left), "{said}");
    let orders = orders(installation).await;
    for poison in poisons.iter().filter(|poison| poison.counts && poison.waiting > 0) {
        let version = if poison.key == "truncated" { 4 } else { 3 };
        assert_eq!(orders[&poison.key], (version, "confirmed".to_owned()), "{}", poison.class);
    }
    let sql = "select count(*) from orders.skipped_record where reason = 'no use'";
    let row = installation.database().await.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), i64::try_from(poisons.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_the_mending_applies_everything_in_order() {
    let installation = Installation::start(&[CONSUMER], &[]).await;
    let events = Events::new(&installation).await;
    let database = installation.database().await;
    let spoil = "alter table orders.customer_order \
                 add constraint no_p check (order_id <> 'p' or status = 'new')";
    database.batch_execute(spoil).await.unwrap();
    let mut records = Vec::from(events.order("p"));
    for n in 0..33_333 {
        records.extend(events.order(&format!("o{n}")));
    }
    records.push(events.confirmed("p", 4));
    append(&installation, records).await;
    until_applied(&installation).await;
    let refused = |attempts, waiting| {
        BTreeMap::from([("p".to_owned(), ("refused-by-database".to_owned(), attempts, waiting))])
    };
    assert_eq!(listed(&installation).await, refused(1, 2));
    assert_eq!(orders(&installation).await.len(), 33_334);

    // Nothing is mended yet: it stays, and so does its order.
    let retry = ["retry", CONSUMER, "--key", "p"];
    let dry = dead_letters(&installation, &[&retry[..], &["--dry-run"]].concat()).await;
    assert!(dry.0 == 0 && dry.1.contains("refused-by-database"), "{dry:?}");
    assert_eq!(dead_letters(&installation, &retry).await.0, 1);
    assert_eq!(listed(&installation).await, refused(2, 2));

    let mend = "alter table orders.customer_order drop constraint no_p";
    database.batch_execute(mend).await.unwrap();
    let (code, said) = dead_letters(&installation, &retry).await;
    assert_eq!((code, listed(&installation).await), (0, BTreeMap::new()), "{said}");
    assert_eq!(orders(&installation).await["p"], (4, "confirmed".to_owned()));
    assert_eq!(verify(&installation).await, 0);
    // And it flows again.
    append(&installation, vec![events.confirmed("p", 5)]).await;
    until_applied(&installation).await;
    assert_eq!(orders(&installation).await["p"].0, 5);
    assert_eq!(installation.restarts(CONSUMER), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_stop_the_process_and_nothing_is_passed_over() {
    let limit = [("ORDERS_DEAD_LETTER_LIMIT", "3")];
    let installation = Installation::start(&[CONSUMER], &limit).await;
    let events = Events::new(&installation).await;
    let bad = |n: i32| OutRecord { payload: None, ..events.created(&format!("p{n}"), 1) };
    append(&installation, (0..3).map(bad)).await;
    until_applied(&installation).await;
    assert_eq!((listed(&installation).await.len(), applied(&installation).await), (3, 3));

    append(&installation, vec![bad(3)]).await;
    let restarts = async || installation.restarts(CONSUMER);
    eventually("the consumer to end", restarts, |restarts| *restarts > 0).await;
    let log = installation.log(CONSUMER);
    assert!(log.contains("too many records cannot be handled: 4 at once, more than 3"), "{log}");
    assert_eq!((listed(&installation).await.len(), applied(&installation).await), (3, 3));
}
