//! The routes on a log in memory, which decides what it is told to decide.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, header},
};
use event_log::{OutRecord, Partition, Position, appender::AppendError};
use rdkafka::{error::KafkaError, message::Headers, types::RDKafkaErrorCode};
use schemas::{
    Encoder, EventId,
    command::{CommandOutcome, Rejection, RejectionCode},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{
    command::Encoders, dispatch::CommandLog, lookup::Unsearched, openapi, outcomes::Outcome,
    settings::Limits,
};

/// What the log does with the next commands.
#[derive(Clone, Debug, Default)]
enum Will {
    #[default]
    Accept,
    Reject(RejectionCode),
    Sleep,
    Refuse,
    LoseTrack,
    Hang,
}

struct MemoryLog {
    will: Mutex<Will>,
    appended: Mutex<Vec<OutRecord>>,
    outcomes: Arc<Outcomes>,
}

fn header(record: &OutRecord, name: &str) -> Option<String> {
    let mut all = record.headers.iter();
    let value = all.find(|header| header.key == name).and_then(|header| header.value);
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}

#[async_trait]
impl CommandLog for MemoryLog {
    async fn append(&self, record: OutRecord) -> Result<Position, AppendError> {
        let will = self.will.lock().unwrap().clone();
        let time_out = KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut);
        let rejection = match will {
            Will::Refuse => return Err(AppendError::Refused(time_out)),
            Will::LoseTrack => return Err(AppendError::Unknown(time_out)),
            Will::Hang => std::future::pending().await,
            Will::Reject(code) => Some(Rejection::new(code, "because").at("/name")),
            Will::Accept | Will::Sleep => None,
        };
        let command = CommandId(header(&record, "ce_id").unwrap().parse().unwrap());
        let position =
            Position { partition: Partition { topic: record.topic, number: 0 }, offset: 0 };
        let outcome = CommandOutcome {
            aggregate: record.topic.name().split('.').next().unwrap().to_owned(),
            aggregate_id: record.key.clone(),
            version: 3,
            event_ids: vec![EventId::of_command(command, 0).to_string()],
            rejection,
        };
        self.appended.lock().unwrap().push(record);
        if !matches!(will, Will::Sleep) {
            self.outcomes.decided(command, Outcome { outcome, correlation_id: Some("c".into()) });
        }
        Ok(position)
    }
}

#[derive(Default)]
struct MemoryHistory(HashMap<CommandId, Result<Option<Outcome>, Unsearched>>);

#[async_trait]
impl History for MemoryHistory {
    async fn find(&self, command: CommandId) -> Result<Option<Outcome>, Unsearched> {
        self.0.get(&command).cloned().unwrap_or(Ok(None))
    }
}

struct World {
    router: Router,
    log: Arc<MemoryLog>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and pointers of a problem.
    fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["correlationId"], self.header("x-correlation-id"));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let pointers = errors.iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        (self.status, body["code"].as_str().unwrap().to_owned(), pointers)
    }
}

impl World {
    fn new() -> Self {
        Self::with(MemoryHistory::default())
    }

    fn with(history: MemoryHistory) -> Self {
        let limits = Limits {
            wait: Duration::from_millis(1_200),
            delivery: Duration::from_millis(1_100),
            in_flight: 2,
            remembered: 10,
            lookup: Duration::from_secs(1),
        };
        let outcomes = Outcomes::new(&limits);
        let log = Arc::new(MemoryLog {
            will: Mutex::default(),
            appended: Mutex::default(),
            outcomes: Arc::clone(&outcomes),
        });
        let encoders = Encoders {
            customer: Encoder::new(&[1, 2, 3, 4]).unwrap(),
            order: Encoder::new(&[5, 6, 7, 8]).unwrap(),
        };
        let append: Arc<dyn CommandLog> = log.clone();
        let dispatcher = Dispatcher::new(append, encoders, Arc::clone(&outcomes), 2, limits);
        let api = Api { dispatcher: Arc::new(dispatcher), outcomes, history: Arc::new(history) };
        Self { router: openapi::router(api), log }
    }

    fn will(self, will: Will) -> Self {
        *self.log.will.lock().unwrap() = will;
        self
    }

    fn appended(&self) -> MutexGuard<'_, Vec<OutRecord>> {
        self.log.appended.lock().unwrap()
    }

    async fn ask(&self, call: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = to_bytes(response.into_body(), 1_000_000).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        Answer { status, headers, text }
    }
}

const ORDER: &str = r#"{"id":"o-1","customerId":"c-1","text":"CD","value":"13.99","more":1}"#;

#[tokio::test]
async fn a_created_order_is_answered_with_its_place() {
    let world = World::new();
    let headers = [("idempotency-key", "k"), ("x-correlation-id", "SVLT-1"), ("if-match", "\"0\"")];
    let answer = world.ask("POST /v1/orders", &headers, ORDER).await;
    let id = CommandId::from_key("k");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), "/v1/orders/o-1");
    assert_eq!((answer.header("etag"), answer.header("x-correlation-id")), ("\"3\"", "SVLT-1"));
    let expected = json!({
        "commandId": id.to_string(), "aggregate": "order", "aggregateId": "o-1", "version": 3,
        "events": [EventId::of_command(id, 0).to_string()], "correlationId": "SVLT-1",
    });
    assert_eq!(answer.json(), expected);

    let appended = world.appended();
    let record = appended.first().unwrap();
    assert_eq!((record.topic.name(), record.key.as_str()), ("order.commands", "o-1"));
    for (name, value) in [
        ("ce_id", id.to_string().as_str()),
        ("ce_source", "command-api"),
        ("ce_type", "create_order"),
        ("ce_subject", "o-1"),
        ("ce_correlationid", "SVLT-1"),
        ("oneway-expected-version", "0"),
        ("oneway-reply-to", "2"),
    ] {
        assert_eq!(header(record, name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn repeats_of_a_command_get_equal_answers() {
    let world = World::new();
    let body = r#"{"name":"Anna"}"#;
    let first = world.ask("POST /v1/customers", &[("idempotency-key", "k")], body).await;
    let again = world.ask("POST /v1/customers", &[("idempotency-key", "\"k\"")], body).await;
    assert_eq!((first.status, &first.text), (201, &again.text));
    let made = AggregateId::derived_from(CommandId::from_key("k"));
    assert_eq!(first.json()["aggregateId"], made.as_str());
    assert_eq!(first.header("location"), again.header("location"));
    // The same key for a customer and for an order is a misuse.
    let other = world.ask("POST /v1/orders", &[("idempotency-key", "k")], ORDER).await;
    assert_eq!(other.problem(), (422, "command_id_reused".into(), vec![]));
}

#[tokio::test]
async fn every_route_makes_its_command() {
    let world = World::new();
    let source = r#"{"source":"form"}"#;
    for (call, body) in [
        ("PUT /v1/customers/c-1", r#"{"name":"Anna","email":"a@example.com"}"#),
        ("PUT /v1/customers/c-1/email-permission", source),
        ("DELETE /v1/customers/c-1/email-permission", source),
        ("POST /v1/orders/o-1/confirmation", ""),
    ] {
        assert_eq!(world.ask(call, &[], body).await.status, 200, "{call}");
    }
    let appended = world.appended();
    let types: Vec<_> = appended.iter().map(|r| header(r, "ce_type").unwrap()).collect();
    let expected =
        ["update_customer", "grant_email_permission", "withdraw_email_permission", "confirm_order"];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn what_is_refused_is_not_appended() {
    let world = World::new();
    let order = |field: &str, value: Value| {
        let mut body: Value = serde_json::from_str(ORDER).unwrap();
        body[field] = value;
        body.to_string()
    };
    let long = "x".repeat(2_001);
    for (body, code, pointers) in [
        (order("value", json!("0")), "invalid", vec!["/value"]),
        (order("value", json!(-1)), "invalid", vec!["/value"]),
        (order("value", json!("1.005")), "invalid", vec!["/value"]),
        (order("value", json!(1e13)), "invalid", vec!["/value"]),
        (order("text", json!("a\0b")), "invalid", vec!["/text"]),
        (order("text", json!(long)), "invalid", vec!["/text"]),
        (order("text", json!(7)), "invalid", vec!["/text"]),
        (order("id", json!("a b")), "invalid", vec!["/id"]),
        (order("orderedAt", json!("2999-01-01T00:00:00Z")), "invalid", vec!["/orderedAt"]),
        (r#"{"id":"o"}"#.to_owned(), "invalid", vec!["/customerId"]),
    ] {
        let answer = world.ask("POST /v1/orders", &[], &body).await;
        let pointers = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!(answer.problem(), (422, code.to_owned(), pointers), "{body}");
    }
    let both = r#"{"name":"","email":"no"}"#;
    let (_, _, pointers) = world.ask("POST /v1/customers", &[], both).await.problem();
    assert_eq!(pointers, ["/name", "/email"]);

    let large = format!("{ORDER}{}", " ".repeat(40_000));
    for (call, headers, body, status, code) in [
        ("POST /v1/orders", ("a", "b"), "{", 400, "malformed"),
        ("POST /v1/orders", ("idempotency-key", "a b"), ORDER, 400, "malformed_header"),
        ("POST /v1/orders", ("if-match", "W/\"1\""), ORDER, 400, "malformed_header"),
        ("POST /v1/orders", ("x-correlation-id", "a b"), ORDER, 400, "malformed_header"),
        ("POST /v1/orders", ("a", "b"), &large, 413, "too_large"),
        ("POST /v1/orders", ("a", "b"), "", 415, "unsupported_media_type"),
        ("PUT /v1/customers/a%20b", ("a", "b"), r#"{"name":"A"}"#, 404, "not_found"),
        ("GET /v1/orders", ("a", "b"), "", 405, "method_not_allowed"),
        ("GET /v1/nothing", ("a", "b"), "", 404, "no_such_route"),
    ] {
        let answer = world.ask(call, &[headers], body).await;
        assert_eq!(answer.problem(), (status, code.to_owned(), vec![]), "{call} {headers:?}");
    }
    assert!(world.appended().is_empty());
}

#[tokio::test]
async fn rejections_are_problems() {
    for (code, status) in [
        (RejectionCode::AlreadyExists, 409),
        (RejectionCode::NotFound, 404),
        (RejectionCode::VersionMismatch, 412),
    ] {
        let world = World::new().will(Will::Reject(code));
        let answer = world.ask("POST /v1/orders", &[], ORDER).await;
        assert_eq!(answer.problem(), (status, code.as_str().into(), vec!["/name".into()]));
        let has_version = code == RejectionCode::VersionMismatch;
        assert_eq!(answer.json().get("version").is_some(), has_version);
        assert_eq!(answer.header("etag") == "\"3\"", has_version);
    }
}

#[tokio::test]
async fn who_does_not_wait_gets_a_place_to_ask() {
    let world = World::new().will(Will::Sleep);
    for prefer in ["respond-async", "wait=0"] {
        let answer = world.ask("POST /v1/orders", &[("prefer", prefer)], ORDER).await;
        assert_eq!((answer.status, &answer.json()["status"]), (202, &"pending".into()));
        let place = answer.header("location").to_owned();
        assert_eq!(place, format!("/v1/commands/{}", answer.json()["commandId"].as_str().unwrap()));
        let asked = world.ask(&format!("GET {place}"), &[], "").await;
        assert_eq!((asked.status, &asked.json()["status"]), (200, &"pending".into()));
    }
    // Two places were given back, or a third command would find none.
    let answer = world.ask("POST /v1/orders", &[("prefer", "wait=0")], ORDER).await;
    assert_eq!(answer.status, 202);
}

#[tokio::test]
async fn a_log_that_is_away_is_never_silently_both() {
    for (will, code) in [
        (Will::Refuse, "kafka_unavailable"),
        (Will::LoseTrack, "outcome_unknown"),
        (Will::Hang, "outcome_unknown"),
    ] {
        let world = World::new().will(will);
        let answer = world.ask("POST /v1/orders", &[("idempotency-key", "k")], ORDER).await;
        assert_eq!(answer.problem(), (503, code.into(), vec![]));
        assert_eq!(answer.header("retry-after"), "2");
        let place = format!("/v1/commands/{}", CommandId::from_key("k"));
        assert_eq!(answer.header("location") == place, code == "outcome_unknown");
    }
}

#[tokio::test]
async fn commands_under_way_are_bounded() {
    let world = World::new().will(Will::Sleep);
    let (a, b, c) = tokio::join!(
        world.ask("POST /v1/orders", &[], ORDER),
        world.ask("POST /v1/orders", &[], ORDER),
        world.ask("POST /v1/orders", &[], ORDER),
    );
    assert_eq!((a.status, b.status), (202, 202));
    assert_eq!(c.problem(), (503, "overloaded".into(), vec![]));
    assert_eq!((c.header("retry-after"), world.appended().len()), ("1", 2));
}

#[tokio::test]
async fn outcomes_can_be_asked_for() {
    let outcome = |rejection| Outcome {
        outcome: CommandOutcome {
            aggregate: "order".to_owned(),
            aggregate_id: "o-1".to_owned(),
            version: 2,
            event_ids: vec!["e".to_owned()],
            rejection,
        },
        correlation_id: Some("c".to_owned()),
    };
    let id = |number| CommandId(Uuid::from_u128(number));
    let no = Rejection::new(RejectionCode::RuleViolated, "no");
    let history = [
        (id(1), Ok(Some(outcome(None)))),
        (id(2), Ok(Some(outcome(Some(no))))),
        (id(3), Err(Unsearched::Unfinished)),
    ];
    let world = World::with(MemoryHistory(history.into_iter().collect()));
    let ask = async |id: CommandId| world.ask(&format!("GET /v1/commands/{id}"), &[], "").await;
    let expected = json!({
        "commandId": id(1).to_string(), "status": "accepted", "aggregate": "order",
        "aggregateId": "o-1", "version": 2, "events": ["e"], "correlationId": "c",
    });
    assert_eq!(ask(id(1)).await.json(), expected);
    let rejected = ask(id(2)).await.json();
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(rejected["rejection"], json!({"code": "rule_violated", "message": "no"}));
    assert_eq!(ask(id(3)).await.problem(), (503, "not_searched".into(), vec![]));
    assert_eq!(ask(id(4)).await.problem(), (404, "not_found".into(), vec![]));
    let answer = world.ask("GET /v1/commands/order-17", &[], "").await;
    assert_eq!(answer.problem(), (404, "not_found".into(), vec![]));
    // A command of this instance is known without a search.
    world.ask("POST /v1/orders", &[("idempotency-key", "k")], ORDER).await;
    assert_eq!(ask(CommandId::from_key("k")).await.json()["status"], "accepted");
}

const GENERIC: &str = r#"{"aggregateName":"order","aggregateId":"o-1","command":"CREATE",
    "payload":{"customerId":"c-1","text":"CD","value":13.99},"correlationId":"SVLT-9",
    "auth":{"sub":"x"},"timestamp":1}"#;

#[tokio::test]
async fn the_generic_route_says_ok() {
    let world = World::new();
    let call = "POST /api/command";
    let answer = world.ask(call, &[("accept", "*/*")], GENERIC).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "OK"));
    assert_eq!(answer.header("x-correlation-id"), "SVLT-9");
    let answer = world.ask(call, &[("accept", "application/json")], GENERIC).await;
    assert_eq!((answer.status, &answer.json()["aggregateId"]), (200, &"o-1".into()));
    for (aggregate, command, payload) in [
        ("customer", "CREATE", json!({"name": "Anna", "location": ""})),
        ("customer", "UPDATE", json!({"id": "c-1", "name": "Anna", "location": "Basel"})),
        ("customer", "GRANT_EMAIL_PERMISSION", json!({"source": "form"})),
        ("customer", "WITHDRAW_EMAIL_PERMISSION", json!({"source": "form"})),
        ("order", "CONFIRM", Value::Null),
        ("order", "REQUIRE_CONFIRMATION", json!({})),
        (
            "order",
            "ADD_USD_RATE_AND_VALUE",
            json!({"time": "2026-01-02T00:00:00Z", "usdRate": "1.0850", "usdValue": 15.18}),
        ),
    ] {
        let body = json!({
            "aggregateName": aggregate, "aggregateId": "a", "command": command, "payload": payload,
        });
        let answer = world.ask(call, &[], &body.to_string()).await;
        assert_eq!(answer.text, "OK", "{body}");
        assert!(!answer.header("x-correlation-id").is_empty());
    }
}

#[tokio::test]
async fn the_generic_route_names_what_is_wrong() {
    let world = World::new();
    let with = |field: &str, value: Value| {
        let mut body: Value = serde_json::from_str(GENERIC).unwrap();
        body[field] = value;
        body.to_string()
    };
    for (body, status, text, pointer) in [
        (with("aggregateName", Value::Null), 400, "Missing field", "/aggregateName"),
        (with("aggregateId", Value::Null), 400, "Missing field", "/aggregateId"),
        (with("command", Value::Null), 400, "Missing field", "/command"),
        (with("aggregateName", json!("basket")), 400, "Invalid aggregate name", "/aggregateName"),
        (with("command", json!("DROP")), 400, "Invalid command name", "/command"),
        (with("command", json!(7)), 422, "must be a string", "/command"),
        (with("aggregateId", json!("a b")), 422, "is refused", "/aggregateId"),
        (with("correlationId", json!("a b")), 422, "visible ASCII", "/correlationId"),
        (with("payload", json!("x")), 422, "must be an object", "/payload"),
        (with("payload", json!({})), 422, "is missing", "/payload/customerId"),
        (
            with("payload", json!({"customerId": "c", "text": "a\0", "value": "1"})),
            422,
            "control characters",
            "/payload/text",
        ),
    ] {
        let answer = world.ask("POST /api/command", &[], &body).await;
        let code = if status == 400 { "malformed" } else { "invalid" };
        assert_eq!(answer.problem(), (status, code.into(), vec![pointer.into()]), "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(text), "{}", answer.text);
    }
    let body = with("aggregateName", json!("basket"));
    let answer = world.ask("POST /api/command", &[("accept", "text/plain")], &body).await;
    assert_eq!((answer.status, answer.text.as_str()), (400, "Invalid aggregate name"));
    assert!(world.appended().is_empty());
}

#[tokio::test]
async fn the_description_is_whole() {
    let world = World::new();
    let description = world.ask("GET /openapi.json", &[], "").await.json();
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    for (path, method) in [
        ("/v1/customers", "post"),
        ("/v1/customers/{id}", "put"),
        ("/v1/customers/{id}/email-permission", "put"),
        ("/v1/customers/{id}/email-permission", "delete"),
        ("/v1/orders", "post"),
        ("/v1/orders/{id}/confirmation", "post"),
        ("/v1/commands/{id}", "get"),
        ("/api/command", "post"),
    ] {
        let operation = &paths[path][method];
        assert!(operation["summary"].is_string(), "{method} {path}");
        let is_command = method != "get";
        for status in ["202", "400", "404", "409", "412", "413", "415", "422", "503"] {
            let described = operation["responses"].get(status).is_some();
            assert!(described || !is_command, "{method} {path} {status}");
        }
    }
    let page = world.ask("GET /docs/", &[], "").await;
    assert_eq!((page.status, page.text.contains("swagger-ui")), (200, true));
}
