//! `oneway doctor`: all is well, and then ten things are not, each of which it finds.

use std::collections::BTreeMap;

use event_log::{OutRecord, Registry, client::admin};
use rdkafka::admin::{AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::dead_letters::records::{Events, append, enveloped};

const SERVICES: [&str; 9] = [
    "customers",
    "orders",
    "customer-classifier",
    "customer-report",
    "order-confirmation",
    "order-valuation",
    "campaigns",
    "email-campaign",
    "change-notifier",
];

/// Its exit code, and what it says of each thing.
async fn doctor(
    installation: &Installation,
    options: &[&str],
) -> (i32, BTreeMap<String, Vec<(String, String)>>) {
    let (code, out, error) = installation.run(&[&["doctor", "--json"], options].concat()).await;
    let checks: Vec<Value> =
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code}: {out}{error}"));
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for check in checks {
        let text = |name: &str| check[name].as_str().unwrap().to_owned();
        told.entry(text("check")).or_default().push((text("verdict"), text("seen")));
    }
    (code, told)
}

/// Waits until it finds something.
async fn finds(installation: &Installation, what: &str, seen: &str, options: &[&str]) {
    let look = async || doctor(installation, options).await;
    let is_it = |(verdict, text): &(String, String)| verdict == "bad" && text.contains(seen);
    eventually(&format!("{what}: {seen}"), look, |(code, told)| {
        *code == 1 && told.iter().any(|(name, all)| name.contains(what) && all.iter().any(is_it))
    })
    .await;
}

async fn alter(installation: &Installation, topic: Topic, (setting, value): (&str, &str)) {
    let settings = installation.settings();
    let name = settings.qualify(topic.name());
    let config = AlterConfig::new(ResourceSpecifier::Topic(&name)).set(setting, value);
    let altered = admin(&settings).unwrap().alter_configs(&[config], &AdminOptions::new()).await;
    assert!(altered.unwrap().iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_each_of_ten_faults() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let settings = installation.settings();
    let well = async || doctor(&installation, &[]).await;
    eventually("all to be well", well, |(code, _)| *code == 0).await;
    let admin = admin(&settings).unwrap();
    let options = AdminOptions::new();

    // 1. A topic that is not there: one that nobody here reads.
    let refusals = settings.qualify(Topic::COMMAND_REFUSALS.name());
    admin.delete_topics(&[&refusals], &options).await.unwrap();
    finds(&installation, "command.refusals", "missing", &["--no-history"]).await;
    let again = NewTopic::new(&refusals, 1, TopicReplication::Fixed(1));
    // 2. One with another number of partitions.
    let made = async || admin.create_topics([&again], &options).await.unwrap().remove(0);
    let made = eventually("the topic to be gone", made, Result::is_ok).await;
    assert_eq!(made, Ok(refusals.clone()));
    finds(&installation, "command.refusals", "partitions is 1", &["--no-history"]).await;
    // 3. An event store that forgets.
    alter(&installation, Topic::MAILING_EVENTS, ("retention.ms", "86400000")).await;
    finds(&installation, "mailing.events", "retention.ms is 86400000", &["--no-history"]).await;

    // 4. A subject whose level lets breaking changes in.
    let registry = Registry::of(&settings);
    let subject =
        |topic: &str, record: &str| format!("{}-oneway.{record}", settings.qualify(topic));
    let order = subject("order.events", "order.OrderConfirmed");
    registry.set_compatibility(&order, "NONE").await.unwrap();
    finds(&installation, "OrderConfirmed", "it is NONE", &["--no-history"]).await;
    // 5. A version that somebody has registered past the workflow.
    let foreign = json!({ "type": "record", "name": "OrderConfirmed", "namespace": "oneway.order",
                          "fields": [] });
    registry.register(&order, &foreign.to_string()).await.unwrap();
    finds(&installation, "OrderConfirmed", "none of this build", &["--no-history"]).await;
    // 6. A subject that is not there.
    let gone = subject("customer.events", "customer.CustomerUpdated");
    let url = format!("{}/subjects/{gone}", settings.registry_url);
    assert!(installation.http.delete(url).send().await.unwrap().status().is_success());
    finds(&installation, "CustomerUpdated", "register revision 1", &["--no-history"]).await;

    // 7. A record that nobody can read: and so 8. a dead letter.
    let events = Events::new(&installation).await;
    let payload = vec![0, 0x7f, 0, 0, 1, 1];
    let record = OutRecord {
        headers: enveloped("broken", Some(1), "order_created"),
        payload: Some(payload),
        ..events.created("broken", 1)
    };
    append(&installation, [record]).await;
    finds(&installation, "history", "no schema with id 2130706433", &[]).await;
    finds(&installation, "dead letters of orders", "1, and 1", &["--no-history"]).await;

    // 9. A consumer that is paused, and falls behind.
    let (code, out, error) = installation.run(&["consumer", "customers", "pause"]).await;
    assert_eq!(code, 0, "{out}{error}");
    finds(&installation, "customers", "is paused", &["--no-history"]).await;
    // 10. A schema that lacks a migration.
    let database = installation.database().await;
    let sql = "delete from customer_report.migration where version = \
               (select max(version) from customer_report.migration)";
    database.execute(sql, &[]).await.unwrap();
    finds(&installation, "migrations of customer-report", " of ", &["--no-history"]).await;
    // And a service that does not answer.
    installation.signal("change-notifier", nix::sys::signal::Signal::SIGSTOP).await;
    finds(&installation, "service change-notifier", "does not answer", &["--no-history"]).await;
    installation.signal("change-notifier", nix::sys::signal::Signal::SIGCONT).await;
}

/// What is away is bad; what depends on it is not called bad, but could not be looked at.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_look_at_it_does_not_judge() {
    let installation = Installation::start(&["change-notifier"], &[]).await;
    let away = ["--registry", "http://127.0.0.1:1", "--database", "postgresql://127.0.0.1:1/none"];
    let (code, told) = doctor(&installation, &away).await;
    let verdict = |name: &str| told[name][0].0.as_str();
    assert_eq!(code, 1);
    for (name, is) in [
        ("broker", "ok"),
        ("topics", "ok"),
        ("schema registry", "bad"),
        ("subjects", "unchecked"),
        ("database", "bad"),
        ("migrations", "unchecked"),
        ("dead letters", "unchecked"),
        ("clock of the registry", "unchecked"),
    ] {
        assert_eq!(verdict(name), is, "{name}: {:?}", told[name]);
    }
    let (code, told) = doctor(&installation, &["--brokers", "127.0.0.1:1"]).await;
    assert_eq!((code, told["broker"][0].0.as_str()), (1, "bad"));
    assert_eq!(told["topics"][0].0, "unchecked", "{told:?}");
}
