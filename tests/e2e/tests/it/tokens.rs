//! A token is exact: it names the command that made the latest change of the aggregate, and the
//! events of that command name it too.

use event_log::{Appender, OutRecord, Partition, Registry, partitioner, record::headers};
use schemas::{
    AggregateId, CommandId, Envelope, Money, Timestamp, Token, Topic,
    order::{ConfirmOrder, OrderCommand, OrderCreated, OrderEvent},
};
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

use crate::repeats::recreate;

const SERVICES: [&str; 2] = ["command-api", "command-processor"];
const PARTITIONS: i32 = 4;

/// Status, token and body of an answer. A token in the body is the one of the header.
async fn send(request: reqwest::RequestBuilder) -> (u16, Option<Token>, Value) {
    let answer = request.send().await.unwrap();
    let header = answer.headers().get("oneway-token").map(|t| t.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    if status < 300 {
        assert_eq!(body["token"].as_str(), header.as_deref(), "{body}");
    }
    (status, header.map(|text| text.parse().unwrap()), body)
}

async fn post(
    installation: &Installation,
    path: &str,
    key: &str,
    body: &Value,
) -> (u16, Option<Token>, Value) {
    let request = installation.http.post(installation.url("command-api", path));
    let request = request.header("idempotency-key", key).header("accept", "application/json");
    let request = request.header("content-type", "application/json");
    send(request.body(body.to_string())).await
}

async fn read(installation: &Installation, topic: Topic) -> Vec<log::Entry> {
    let settings = installation.settings();
    tokio::task::spawn_blocking(move || log::read(&settings, topic)).await.unwrap()
}

/// The token of the command under this key, by where it is and what its events say.
async fn expected(installation: &Installation, topics: [Topic; 2], key: &str) -> Token {
    let id = CommandId::from_key(key).to_string();
    let [commands, events] = topics;
    let is_it = |entry: &&log::Entry| entry.id == id;
    // Of several the first was decided: a repeat comes later in the same partition.
    let command = read(installation, commands).await.iter().find(is_it).unwrap().position;
    let made = read(installation, events).await;
    let made: Vec<_> =
        made.iter().filter(|event| event.causation_id.as_deref() == Some(&id)).collect();
    assert!(!made.is_empty(), "{key} made no event");
    for event in made {
        assert_eq!(event.command_offset, Some(command.offset), "{event:?}");
        assert_eq!(event.position.partition.number, command.partition.number, "{event:?}");
    }
    Token::from(command)
}

const ORDER: [Topic; 2] = [Topic::ORDER_COMMANDS, Topic::ORDER_EVENTS];
const CUSTOMER: [Topic; 2] = [Topic::CUSTOMER_COMMANDS, Topic::CUSTOMER_EVENTS];

#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_has_the_token_of_the_latest_change() {
    let installation = Installation::start(&SERVICES, &[]).await;
    // Others, so that offsets differ between partitions and from versions.
    for n in 0..20 {
        let other = json!({ "customerId": "c", "text": "a", "value": 1 });
        assert_eq!(post(&installation, "/v1/orders", &format!("o-{n}"), &other).await.0, 201);
    }
    let body = json!({ "id": "o1", "customerId": "c", "text": "a", "value": 1 });
    let confirmation = "/v1/orders/o1/confirmation";
    let (status, none, _) = post(&installation, confirmation, "early", &json!({})).await;
    assert_eq!((status, none), (404, None), "there is nothing to see");
    let (status, created, _) = post(&installation, "/v1/orders", "create", &body).await;
    let by_create = Some(expected(&installation, ORDER, "create").await);
    assert_eq!((status, &created), (201, &by_create));
    let (status, refused, _) = post(&installation, "/v1/orders", "again", &body).await;
    assert_eq!((status, &refused), (409, &by_create), "what exists can be seen");
    let confirm = json!({ "aggregateName": "order", "aggregateId": "o1", "command": "CONFIRM" });
    let (status, confirmed, _) = post(&installation, "/api/command", "confirm", &confirm).await;
    let by_confirm = Some(expected(&installation, ORDER, "confirm").await);
    assert_eq!((status, &confirmed), (200, &by_confirm));
    assert_ne!(by_create, by_confirm);

    // Repeats have the original's token: at once, from the state topic, and from the events.
    for restart in ["none", "kill", "lose the states"] {
        if restart == "lose the states" {
            recreate(&installation, Topic::ORDER_STATE).await;
        }
        if restart != "none" {
            installation.kill("command-processor").await;
        }
        let (status, token, _) = post(&installation, "/v1/orders", "create", &body).await;
        assert_eq!((status, &token), (201, &by_create), "{restart}");
        let (_, token, _) = post(&installation, confirmation, "once-more", &json!({})).await;
        assert_eq!(token, by_confirm, "{restart}");
    }
    for key in ["create", "confirm"] {
        let path = installation.url("command-api", &format!("/v1/commands/{key}"));
        let (status, token, _) = send(installation.http.get(path)).await;
        assert_eq!((status, token), (200, Some(expected(&installation, ORDER, key).await)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_changes_nothing_has_the_token_of_what_it_found() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let anna = json!({ "id": "c1", "name": "Anna", "email": "anna@example.com" });
    assert_eq!(post(&installation, "/v1/customers", "create", &anna).await.0, 201);
    let grant = async |key: &str| {
        let url = installation.url("command-api", "/v1/customers/c1/email-permission");
        let request = installation.http.put(url).header("idempotency-key", key);
        let request = request.header("content-type", "application/json");
        send(request.body(json!({ "source": "form" }).to_string())).await
    };
    let (status, first, body) = grant("grant").await;
    assert_eq!((status, body["events"].as_array().unwrap().len()), (200, 1));
    let (status, second, body) = grant("grant-again").await;
    assert_eq!((status, body["events"].as_array().unwrap().len()), (200, 0));
    assert_eq!(first, Some(expected(&installation, CUSTOMER, "grant").await));
    assert_eq!(second, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_of_a_command_says_so() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let anna = json!({ "id": "c1", "name": "Anna", "email": "anna@example.com" });
    assert_eq!(post(&installation, "/v1/customers", "create", &anna).await.0, 201);
    let put = async |path: &str, body: Value| {
        let request = installation.http.put(installation.url("command-api", path));
        let request = request.header("content-type", "application/json");
        send(request.body(body.to_string())).await
    };
    let granted = put("/v1/customers/c1/email-permission", json!({ "source": "form" })).await;
    assert_eq!(granted.0, 200, "{granted:?}");
    // The permission goes with the address.
    let (status, _, body) = put("/v1/customers/c1", json!({ "name": "Anna" })).await;
    assert_eq!((status, body["events"].as_array().unwrap().len()), (200, 2), "{body}");
    let events = read(&installation, Topic::CUSTOMER_EVENTS).await;
    let continues: Vec<_> = events.iter().map(|e| (e.sequence, e.command_continues)).collect();
    let expected = [(1, false), (2, false), (3, true), (4, false)];
    assert_eq!(continues, expected.map(|(sequence, more)| (Some(sequence), more)));
}

/// A partition that is not the key's.
fn elsewhere(topic: Topic, key: &str) -> Partition {
    let number = (partitioner::partition_of(key.as_bytes(), PARTITIONS) + 1) % PARTITIONS;
    Partition { topic, number }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_command_is_where_it_was_forwarded_to() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let body = json!({ "id": "o1", "customerId": "c", "text": "a", "value": 1 });
    assert_eq!(post(&installation, "/v1/orders", "create", &body).await.0, 201);
    let settings = installation.settings();
    let registry = Registry::of(&settings);
    let encoder = registry.encoder::<OrderCommand>(&settings.namespace).await.unwrap();
    let id = CommandId::from_key("foreign").to_string();
    let envelope =
        Envelope { id: &id, source: "test", message_type: "confirm_order", ..Envelope::default() };
    let wrong = elsewhere(Topic::ORDER_COMMANDS, "o1");
    let record = OutRecord {
        topic: wrong.topic,
        partition: Some(wrong.number),
        key: Some("o1".into()),
        payload: Some(encoder.encode(&ConfirmOrder {}.into()).unwrap()),
        headers: headers(&envelope),
    };
    let appender = Appender::new(&settings, std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(appender.append(record).await.unwrap().partition, wrong);

    let path = installation.url("command-api", "/v1/commands/foreign");
    let look = async || send(installation.http.get(&path)).await;
    let decided = |answer: &(u16, _, Value)| answer.2["status"] == "accepted";
    let (_, token, _) = eventually("the foreign command to be decided", look, decided).await;
    let commands = read(&installation, Topic::ORDER_COMMANDS).await;
    let places: Vec<_> = commands.iter().filter(|command| command.id == id).collect();
    let forwarded = places.iter().find(|place| place.position.partition != wrong).unwrap();
    assert_eq!((places.len(), token), (2, Some(Token::from(forwarded.position))));
    let events = read(&installation, Topic::ORDER_EVENTS).await;
    let event = events.iter().find(|e| e.causation_id.as_deref() == Some(&id)).unwrap();
    assert_eq!(event.command_offset, Some(forwarded.position.offset));
}

/// An event as it was written before events named their command's offset.
async fn append_old(installation: &Installation, key: &str, payload: Vec<u8>) {
    let id = uuid::Uuid::new_v4().to_string();
    let envelope = Envelope {
        id: &id,
        source: "command-processor",
        message_type: "order_created",
        subject: Some(key),
        sequence: Some(1),
        causation_id: Some("01932f6b-8c00-7000-8000-000000000000"),
        ..Envelope::default()
    };
    let record = OutRecord {
        topic: Topic::ORDER_EVENTS,
        partition: None,
        key: Some(key.into()),
        payload: Some(payload),
        headers: headers(&envelope),
    };
    let settings = installation.settings();
    let appender = Appender::new(&settings, std::time::Duration::from_secs(10)).unwrap();
    appender.append(record).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_without_an_offset_are_as_good_as_ever() {
    let services = ["command-api", "command-processor", "orders"];
    let installation = Installation::start(&services, &[]).await;
    let settings = installation.settings();
    let registry = Registry::of(&settings);
    let encoder = registry.encoder::<OrderEvent>(&settings.namespace).await.unwrap();
    let created = OrderCreated {
        customer_id: AggregateId::new("c").unwrap(),
        text: "of old".into(),
        value: Money::from_minor(100),
        ordered_at: Timestamp::now(),
    };
    let payload = encoder.encode(&created.into()).unwrap();
    append_old(&installation, "old", payload).await;
    // The state topic says nothing of it: it is read from the events.
    installation.kill("command-processor").await;

    let path = "/v1/orders/old";
    let look = async || installation.get("orders", path).await;
    eventually("the order to be shown", look, |(status, _)| *status == 200).await;
    let body = json!({ "id": "old", "customerId": "c", "text": "a", "value": 1 });
    let (status, token, answer) = post(&installation, "/v1/orders", "again", &body).await;
    assert_eq!((status, token), (409, None), "not known: {answer}");
    let confirm = "/v1/orders/old/confirmation";
    let (status, token, answer) = post(&installation, confirm, "confirm", &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(token, Some(expected(&installation, ORDER, "confirm").await));
}
