//! A policy is a consumer like the others: it parks what it cannot read, can be paused and looked
//! at, and answers each event once.

use std::collections::BTreeMap;

use event_log::OutRecord;
use schemas::Topic;
use serde_json::Value;
use testkit::{Installation, eventually, log};

use crate::{
    dead_letters::records::{Events, append},
    story::{customer, order, order_is},
};

const POLICY: &str = "order-confirmation";

async fn oneway(installation: &Installation, arguments: &[&str]) -> String {
    let (code, said, errors) = installation.run(arguments).await;
    assert_eq!(code, 0, "{said}{errors}");
    said
}

/// Records behind, and whether it is paused.
async fn lag(installation: &Installation) -> (u64, bool) {
    let said = oneway(installation, &["consumer", POLICY, "lag", "--json"]).await;
    let lag: Value = serde_json::from_str(&said).unwrap();
    let partitions = lag["partitions"].as_array().unwrap();
    let records = partitions.iter().map(|partition| partition["records"].as_u64().unwrap());
    (records.sum(), lag["paused"] == true)
}

/// The commands of the policy, by order: ids of them and types.
async fn commands(installation: &Installation) -> BTreeMap<String, Vec<(String, String)>> {
    let settings = installation.settings();
    let reading = tokio::task::spawn_blocking(move || log::read(&settings, Topic::ORDER_COMMANDS));
    let mut commands: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in reading.await.unwrap() {
        if entry.message_type != "create_order" {
            commands.entry(entry.key).or_default().push((entry.id, entry.message_type));
        }
    }
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_cannot_read_is_parked_and_everything_else_answered() {
    let installation = Installation::start(&[POLICY], &[]).await;
    let events = Events::new(&installation).await;
    let bad = OutRecord { payload: None, ..events.created("bad", 1) };
    let [large, ..] = events.valued("large", 100_001);
    append(&installation, [bad, events.created("small", 1), large]).await;
    let look = async || commands(&installation).await;
    let commands = eventually("answers", look, |commands| commands.len() == 2).await;
    let types = |key: &str| commands[key].iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>();
    assert_eq!(
        (types("small"), types("large")),
        (vec!["confirm_order"], vec!["require_confirmation"])
    );
    let behind = async || lag(&installation).await;
    eventually("nothing behind", behind, |lag| *lag == (0, false)).await;
    let (code, said, _) = installation.run(&["dead-letters", "list", POLICY, "--json"]).await;
    assert_eq!(code, 1, "there is one: {said}");
    let letters: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((letters.as_array().unwrap().len(), &letters[0]["key"]), (1, &"bad".into()));
    assert_eq!(installation.restarts(POLICY), 0);

    for arguments in [["rebuild", POLICY, "start"], ["verify", "read-model", POLICY]] {
        let (code, _, said) = installation.run(&arguments).await;
        assert!(code == 64 && said.contains("is a policy"), "{code}: {said}");
    }
}

/// Paused, killed, moved back: an order is confirmed once, and a repeat is the same command.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_answers_each_order_once() {
    let services = ["command-api", "command-processor", "orders", POLICY];
    let installation = Installation::start(&services, &[]).await;
    let anna = customer(&installation, "Anna").await;
    let first = order(&installation, &anna, "1").await;
    order_is(&installation, &first, "confirmed").await;

    oneway(&installation, &["consumer", POLICY, "pause"]).await;
    let said = async || installation.log(POLICY);
    eventually("the pause", said, |log| log.contains("paused by an operator")).await;
    let second = order(&installation, &anna, "2").await;
    eventually("it to wait", async || lag(&installation).await, |lag| lag.0 >= 1 && lag.1).await;
    installation.kill(POLICY).await;
    oneway(&installation, &["consumer", POLICY, "resume"]).await;
    order_is(&installation, &second, "confirmed").await;

    oneway(&installation, &["consumer", POLICY, "move-back", "--records", "100"]).await;
    let look = async || commands(&installation).await;
    let is_repeated =
        |commands: &BTreeMap<_, Vec<_>>| commands.values().all(|given| given.len() == 2);
    let commands = eventually("the same answers again", look, is_repeated).await;
    assert!(commands.values().all(|given| given[0] == given[1]), "{commands:?}");
    let third = order(&installation, &anna, "3").await;
    order_is(&installation, &third, "confirmed").await;
    let settings = installation.settings();
    let events = tokio::task::spawn_blocking(move || log::read(&settings, Topic::ORDER_EVENTS));
    let events = events.await.unwrap();
    log::assert_whole(&events);
    assert_eq!(events.len(), 6, "created and confirmed, each once: {events:?}");
}
