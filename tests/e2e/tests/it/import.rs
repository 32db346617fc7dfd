//! A real order history goes in while services are killed, and comes out to the cent.

use std::{collections::BTreeSet, path::PathBuf, process::Stdio};

use schemas::Topic;
use serde_json::Value;
use testkit::{Installation, eventually, log};

use crate::story::SERVICES;

/// A rule by which the history has customers of all classes.
pub const RULE: [(&str, &str); 3] = [
    ("CUSTOMER_CLASSIFIER_A_THRESHOLD", "500"),
    ("CUSTOMER_CLASSIFIER_B_THRESHOLD", "100"),
    ("CUSTOMER_CLASSIFIER_WINDOW", "all"),
];
/// Slow enough to be hurt in the middle.
const SLOW: u32 = 8;
const CUSTOMERS: i64 = 2357;
const ORDERS: i64 = 6911;
const CLASSES: [i64; 3] = [76, 539, 1742];

/// The history.
pub fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../data/cdnow_sample.csv"].iter().collect()
}

/// Sum of the file's values in cents, and its refused rows, by the simplest reading there is.
fn expected() -> (i64, i64, Vec<u64>) {
    let text = std::fs::read_to_string(file()).unwrap();
    let (mut sum, mut rows, mut refused) = (0, 0, Vec::new());
    for (line, row) in (1..).zip(text.lines()).skip(1) {
        let value = row.rsplit(',').next().unwrap();
        let (whole, cents) = value.split_once('.').unwrap();
        let cents = whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap();
        if cents == 0 {
            refused.push(line);
        } else {
            sum += cents;
            rows += 1;
        }
    }
    (sum, rows, refused)
}

/// An import with so many commands under way at once.
pub fn import(installation: &Installation, at_once: u32) -> std::process::Command {
    let mut command = installation.oneway();
    command.arg("import").arg(file());
    command.args(["--customer", "customer_id", "--date", "date", "--value", "value", "--json"]);
    command.arg("--concurrency").arg(at_once.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command reported as JSON, when it succeeded.
pub fn report(output: &std::process::Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?} {errors}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

/// Numbers of the read models: customers, orders, confirmed orders, sum of cents, classes.
async fn figures(database: &tokio_postgres::Client) -> Vec<i64> {
    let sql = "
        select (select count(*) from customers.customer),
               (select count(*) from orders.customer_order),
               (select count(*) from orders.customer_order where status = 'confirmed'),
               (select coalesce(sum(value * 100), 0)::bigint from orders.customer_order),
               (select count(*) from customer_classifier.customer where class = 'A'),
               (select count(*) from customer_classifier.customer where class = 'B'),
               (select count(*) from customer_classifier.customer where class = 'C')";
    match database.query_one(sql, &[]).await {
        Ok(row) => (0..row.len()).map(|column| row.get(column)).collect(),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_imported_under_kills_is_exact() {
    let (sum, rows, refused) = expected();
    assert_eq!((rows, refused.len()), (ORDERS, 8), "the file is the one that was counted");
    let installation = Installation::start(&SERVICES, &RULE).await;
    let mut importing = import(&installation, SLOW).spawn().unwrap();
    let database = installation.database().await;
    for (service, orders) in
        [("command-processor", 500), ("orders", 2000), ("customer-classifier", 3500)]
    {
        // Each dies in the middle of the stream, at its own place.
        let look = async || figures(&database).await[1];
        eventually(&format!("{orders} orders"), look, |seen| *seen >= orders).await;
        assert!(importing.try_wait().unwrap().is_none(), "the import ended before the kill");
        installation.kill(service).await;
    }
    let output = tokio::task::spawn_blocking(move || importing.wait_with_output().unwrap());
    let report = report(&output.await.unwrap());
    let lines: Vec<_> =
        report["refused"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, refused, "{report}");

    let mut right = vec![CUSTOMERS, ORDERS, ORDERS, sum];
    right.extend(CLASSES);
    let look = async || figures(&database).await;
    eventually("the figures to be right", look, |figures| *figures == right).await;
    let topics =
        [Topic::CUSTOMER_EVENTS, Topic::ORDER_EVENTS, Topic::CUSTOMER_CLASSIFICATION_EVENTS];
    let first = whole(&installation, topics).await;

    // Again: every command is recognised, no event is made, nothing is emitted.
    let output = import(&installation, SLOW).output().unwrap();
    self::report(&output);
    let look = async || figures(&database).await;
    eventually("the figures to stay right", look, |figures| *figures == right).await;
    assert_eq!(whole(&installation, topics).await, first);
}

/// Checks the events of some topics and counts them.
async fn whole(installation: &Installation, topics: [Topic; 3]) -> Vec<usize> {
    let settings = installation.settings();
    let check = tokio::task::spawn_blocking(move || {
        let mut counts = Vec::new();
        for topic in topics {
            let entries = log::read(&settings, topic);
            log::assert_whole(&entries);
            counts.push(entries.len());
        }
        let commands: BTreeSet<_> = log::read(&settings, Topic::ORDER_COMMANDS)
            .into_iter()
            .map(|command| command.id)
            .collect();
        for event in log::read(&settings, Topic::ORDER_EVENTS) {
            assert!(commands.contains(event.causation_id.as_deref().unwrap()), "{event:?}");
        }
        counts
    });
    check.await.unwrap()
}
