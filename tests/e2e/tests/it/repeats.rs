//! The same command id gets the same answer, and changes nothing a second time.

use futures_util::future::join_all;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, log};

const SERVICES: [&str; 2] = ["command-api", "command-processor"];

async fn create(installation: &Installation, key: &str, body: &Value) -> (u16, Value) {
    let answer = installation
        .http
        .post(installation.url("command-api", "/v1/orders"))
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn events(installation: &Installation, topic: Topic) -> Vec<log::Entry> {
    let settings = installation.settings();
    tokio::task::spawn_blocking(move || log::read(&settings, topic)).await.unwrap()
}

/// What must be equal in all answers to one command.
fn essence(answer: &Value) -> Value {
    let fields = ["commandId", "aggregateId", "version", "events", "code"];
    fields.iter().map(|field| answer[field].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_equal_requests_at_once_make_one_event_and_ten_equal_answers() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let body = json!({ "customerId": "c1", "text": "a book", "value": 13.99 });
    let answers = join_all((0..10).map(|_| create(&installation, "\"only-once\"", &body))).await;
    for (status, answer) in &answers {
        assert_eq!(*status, 201, "{answer}");
        assert_eq!(essence(answer), essence(&answers[0].1));
    }
    assert_eq!(events(&installation, Topic::ORDER_EVENTS).await.len(), 1);

    // Also after the processor has lost its memory and restored it from the log.
    installation.kill("command-processor").await;
    let (status, again) = create(&installation, "only-once", &body).await;
    assert_eq!((status, essence(&again)), (201, essence(&answers[0].1)), "{again}");
    assert_eq!(events(&installation, Topic::ORDER_EVENTS).await.len(), 1);

    // Another command under the same key is a mistake that must be told.
    let other = json!({ "customerId": "c1", "text": "another book", "value": 13.99 });
    let (status, answer) = create(&installation, "only-once", &other).await;
    assert_eq!((status, &answer["code"]), (422, &json!("command_id_reused")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_version_is_refused_with_the_current_one() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let body = json!({ "id": "c1", "name": "Anna" });
    let (status, answer) = installation.post("command-api", "/v1/customers", &body).await;
    assert_eq!((status, &answer["version"]), (201, &json!(1)), "{answer}");
    let update = async |version: &str, name: &str| {
        let request = installation.http.put(installation.url("command-api", "/v1/customers/c1"));
        let request =
            request.header("if-match", version).header("content-type", "application/json");
        let answer = request.body(json!({ "name": name }).to_string()).send().await.unwrap();
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (answer.status().as_u16(), tag, answer.json::<Value>().await.unwrap())
    };
    assert_eq!(update("\"1\"", "Berta").await.0, 200);
    let (status, tag, answer) = update("\"1\"", "Clara").await;
    assert_eq!((status, tag.as_deref()), (412, Some("\"2\"")), "{answer}");
    assert_eq!((&answer["code"], &answer["version"]), (&json!("version_mismatch"), &json!(2)));
    assert_eq!(events(&installation, Topic::CUSTOMER_EVENTS).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_topic_is_rebuilt_from_the_events() {
    let installation = Installation::start(&SERVICES, &[]).await;
    // Enough of them to share partitions.
    let order = |n: u32| json!({ "id": format!("o{n}"), "customerId": "c1", "text": "a book", "value": "2" });
    let mut first = Vec::new();
    for n in 0..12 {
        let (status, answer) = create(&installation, &format!("first-{n}"), &order(n)).await;
        assert_eq!(status, 201, "{answer}");
        first.push(essence(&answer));
    }
    recreate(&installation, Topic::ORDER_STATE).await;
    // Twice: the second restart must not take the little that was written since for all.
    for round in ["second", "third"] {
        installation.kill("command-processor").await;
        // The state: the order exists.
        let (status, answer) = create(&installation, round, &order(0)).await;
        assert_eq!((status, &answer["code"]), (409, &json!("already_exists")), "{answer}");
        // The memory: its command had this answer. Also those of orders that were not touched.
        for (n, first) in (0..).zip(&first).skip(1) {
            if round == "third" {
                let (status, again) = create(&installation, &format!("first-{n}"), &order(n)).await;
                assert_eq!((status, essence(&again)), (201, first.clone()), "{again}");
            }
        }
    }
    let events = events(&installation, Topic::ORDER_EVENTS).await;
    log::assert_whole(&events);
    assert_eq!(events.len(), 12);
}

/// Empties a topic the hard way.
pub async fn recreate(installation: &Installation, topic: Topic) {
    let settings = installation.settings();
    let admin = event_log::client::admin(&settings).unwrap();
    let name = settings.qualify(topic.name());
    let options = event_log::client::AdminOptions::new();
    let deleted = admin.delete_topics(&[&name], &options).await.unwrap();
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    let apply = async || {
        let output = installation.oneway().args(["topics", "apply"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    testkit::eventually("topic to be created again", apply, |(code, _)| *code == Some(0)).await;
}
