//! The command processor does not start on a log that forgets or whose keys have moved.

use std::collections::BTreeMap;

use event_log::{
    client::{AdminOptions, admin},
    topics::{Actual, describe},
};
use rdkafka::admin::{AlterConfig, NewPartitions, ResourceSpecifier};
use schemas::Topic;
use serde_json::json;
use testkit::{Installation, Process, eventually};

const PROCESSOR: &str = "command-processor";
const ACCEPT: &str = "COMMAND_PROCESSOR_ACCEPT_RISK";

/// Gives a topic these settings, and the brokers' defaults for all others.
async fn configure(installation: &Installation, topic: Topic, settings: &[(&str, &str)]) {
    let of = installation.settings();
    let name = of.qualify(topic.name());
    let config = AlterConfig::new(ResourceSpecifier::Topic(&name));
    let config = settings.iter().fold(config, |config, (name, value)| config.set(name, value));
    let altered = admin(&of).unwrap().alter_configs(&[config], &AdminOptions::new()).await.unwrap();
    assert!(altered.iter().all(Result::is_ok), "{altered:?}");
    // The broker that answers next may not have heard of it yet.
    let look = async || actual(installation, topic).await.config;
    let has = |config: &BTreeMap<String, String>| {
        settings.iter().all(|(name, value)| config.get(*name).is_some_and(|told| told == value))
    };
    eventually("the settings to hold", look, has).await;
}

/// What the brokers tell of a topic.
async fn actual(installation: &Installation, topic: Topic) -> Actual {
    let mut described = describe(&installation.settings(), &[topic]).await.unwrap();
    described.topics.remove(&topic).unwrap()
}

async fn add_partitions(installation: &Installation, topic: Topic, count: usize) {
    let of = installation.settings();
    let name = of.qualify(topic.name());
    let new = NewPartitions::new(&name, count);
    let added = admin(&of).unwrap().create_partitions(&[new], &AdminOptions::new()).await.unwrap();
    assert!(added.iter().all(Result::is_ok), "{added:?}");
    let look = async || actual(installation, topic).await.partitions;
    eventually("the partitions to be there", look, |told| usize::try_from(*told) == Ok(count))
        .await;
}

/// It ends with 64 and says so; with the risk accepted it starts, and says so as long as it runs.
async fn refused_unless_accepted(installation: &Installation, risk: &str, sentences: &[&str]) {
    let env = [(ACCEPT, "")];
    let mut refused = Process::start(installation, PROCESSOR, &format!("no-{risk}"), &env);
    let status = refused.end().await;
    let said = refused.output();
    assert_eq!(status.code(), Some(64), "{said}");
    for sentence in sentences {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    // Another risk's name does not help.
    let other = if risk == "retention" { "compaction" } else { "retention" };
    let env = [(ACCEPT, other)];
    let mut refused = Process::start(installation, PROCESSOR, &format!("other-{risk}"), &env);
    assert_eq!(refused.end().await.code(), Some(64), "{}", refused.output());

    let env = [(ACCEPT, risk)];
    let mut accepted = Process::start(installation, PROCESSOR, &format!("yes-{risk}"), &env);
    accepted.ready().await;
    let said = accepted.output();
    for sentence in sentences {
        assert!(said.contains(&format!("accepted risk: {sentence}")), "{sentence}: {said}");
    }
    let metrics = accepted.metrics().await;
    let metric = format!("oneway_processor_accepted_risk{{risk=\"{risk}\"");
    assert!(metrics.contains(&metric), "{metrics}");
    assert!(accepted.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forgets_is_refused() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let events = Topic::ORDER_EVENTS;
    configure(&installation, events, &[("retention.ms", "604800000"), ("retention.bytes", "9000")])
        .await;
    let sentences = [
        "topic order.events has retention.ms=604800000, must be -1",
        "topic order.events has retention.bytes=9000, must be -1",
    ];
    refused_unless_accepted(&installation, "retention", &sentences).await;

    let forever = [("retention.ms", "-1"), ("retention.bytes", "-1")];
    let compacted = [("cleanup.policy", "compact"), forever[0], forever[1]];
    configure(&installation, events, &compacted).await;
    let sentence = "topic order.events has cleanup.policy=compact, must be delete";
    refused_unless_accepted(&installation, "compaction", &[sentence]).await;

    configure(&installation, events, &forever).await;
    let mut safe = Process::start(&installation, PROCESSOR, "safe", &[]);
    safe.ready().await;
    let metrics = safe.metrics().await;
    let mut risks = metrics.lines().filter(|l| l.starts_with("oneway_processor_accepted_risk{"));
    assert!(risks.all(|line| line.ends_with(" 0")), "{metrics}");
    assert!(!safe.output().contains("kept for longer"), "{}", safe.output());
    assert!(safe.stop().await.success());

    // Commands that outlive the offsets of a group that is away are no danger to the log.
    configure(&installation, Topic::ORDER_COMMANDS, &[("retention.ms", "-1")]).await;
    let mut warned = Process::start(&installation, PROCESSOR, "warned", &[]);
    warned.ready().await;
    let said = warned.output();
    assert!(said.contains("commands are kept for longer than the group's offsets"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_have_moved_are_refused() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let mut processor = Process::start(&installation, PROCESSOR, "first", &[]);
    processor.ready().await;
    for n in 0..40 {
        let body = json!({ "id": format!("o{n}"), "customerId": "c", "text": "a", "value": 1 });
        let (status, answer) = installation.post("command-api", "/v1/orders", &body).await;
        assert_eq!(status, 201, "{answer}");
    }
    assert!(processor.stop().await.success());

    add_partitions(&installation, Topic::ORDER_STATE, 8).await;
    let sentence = "topic order.state has partitions=8, must be 4 as order.events has";
    refused_unless_accepted(&installation, "partitions", &[sentence]).await;

    // All alike, and no key is where it was.
    for topic in [Topic::ORDER_COMMANDS, Topic::ORDER_EVENTS] {
        add_partitions(&installation, topic, 8).await;
    }
    let sentence = "topic order.events has partitions=8, must be as many as when its events were \
                    written";
    refused_unless_accepted(&installation, "partitions", &[sentence]).await;
}
