mod generic;
mod rights;
mod wire;
mod world;

use std::time::Instant;

use schemas::{
    EventId,
    command::{CommandOutcome, CommandPosition, Rejection, RejectionCode},
};
use serde_json::{Value, json};
use world::{MemoryHistory, WAIT, Will, World, header};

use super::*;
use crate::{
    lookup::Unsearched,
    outcomes::{Known, Outcome},
};

const TOKEN: &str = "1~order.commands.3.17";
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
        "token": TOKEN,
    });
    assert_eq!((answer.header("oneway-token"), answer.json()), (TOKEN, expected));

    let appended = world.appended();
    let record = appended.first().unwrap();
    assert_eq!((record.topic.name(), record.key.as_deref()), ("order.commands", Some(&b"o-1"[..])));
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
async fn a_command_joins_its_senders_trace_where_traces_are_recorded() {
    let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let sent = format!("00-{trace}-{span}-01");
    let travels = async |world: &World, headers: &[(&str, &str)]| {
        let answer = world.ask("POST /v1/orders", headers, ORDER).await;
        assert_eq!(answer.status, 201);
        header(world.appended().last().unwrap(), "traceparent")
    };
    let off = World::new();
    assert_eq!(travels(&off, &[("traceparent", &sent)]).await, None, "no byte is added");

    let on = World::traced();
    let joined = travels(&on, &[("traceparent", &sent)]).await.unwrap();
    assert!(joined.starts_with(&format!("00-{trace}-")) && joined.ends_with("-01"), "{joined}");
    assert_ne!(joined, sent, "what the command causes comes after our own span");
    let unwanted = sent.replace("-01", "-00");
    assert_eq!(travels(&on, &[("traceparent", &unwanted)]).await.as_ref(), Some(&unwanted));
    // Without one, or with one that is none, a trace begins: by its correlation id, if it can.
    let id = Uuid::now_v7();
    let begun = format!("00-{}-", id.simple());
    let correlation = ("x-correlation-id", id.to_string());
    let correlation = (correlation.0, correlation.1.as_str());
    for further in [vec![], vec![("traceparent", "00")], vec![("traceparent", &*sent); 2]] {
        let headers = [vec![correlation], further].concat();
        let root = travels(&on, &headers).await.unwrap();
        assert!(root.starts_with(&begun) && root.ends_with("-01"), "{root}");
    }
    let named = travels(&on, &[("x-correlation-id", "SVLT-1")]).await;
    assert!(named.is_some_and(|named| !named.contains(trace)));
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
        assert_eq!(answer.header("oneway-token"), TOKEN, "what it was refused on can be read");
        let has_version = code == RejectionCode::VersionMismatch;
        assert_eq!(answer.json().get("version").is_some(), has_version);
        assert_eq!(answer.header("etag") == "\"3\"", has_version);
    }
}

#[tokio::test]
async fn who_does_not_wait_gets_a_place_to_ask() {
    let world = World::new().will(Will::Sleep);
    let started = Instant::now();
    for prefer in ["respond-async", "wait=0"] {
        let answer = world.ask("POST /v1/orders", &[("prefer", prefer)], ORDER).await;
        assert_eq!((answer.status, &answer.json()["status"]), (202, &"pending".into()));
        let place = answer.header("location").to_owned();
        assert_eq!((answer.header("oneway-token"), answer.json().get("token")), ("", None));
        assert_eq!(place, format!("/v1/commands/{}", answer.json()["commandId"].as_str().unwrap()));
        let asked = world.ask(&format!("GET {place}"), &[], "").await;
        assert_eq!((asked.status, &asked.json()["status"]), (200, &"pending".into()));
    }
    // Two places were given back, or a third command would find none.
    let answer = world.ask("POST /v1/orders", &[("prefer", "wait=0")], ORDER).await;
    assert_eq!(answer.status, 202);
    assert!(started.elapsed() < WAIT, "waited {:?}", started.elapsed());
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
            fingerprint: 1,
            version: 2,
            event_ids: vec!["e".to_owned()],
            rejection,
            latest_change: Some(CommandPosition { partition: 3, offset: 17 }),
        },
        correlation_id: Some("c".to_owned()),
    };
    let id = |number| CommandId(Uuid::from_u128(number));
    let no = Rejection::new(RejectionCode::RuleViolated, "no");
    let history = [
        (id(1), Ok(Some(Known::Decided(outcome(None))))),
        (id(2), Ok(Some(Known::Decided(outcome(Some(no)))))),
        (id(3), Err(Unsearched::Unfinished)),
    ];
    let world = World::with(MemoryHistory(history.into_iter().collect()));
    let ask = async |id: CommandId| world.ask(&format!("GET /v1/commands/{id}"), &[], "").await;
    let expected = json!({
        "commandId": id(1).to_string(), "status": "accepted", "aggregate": "order",
        "aggregateId": "o-1", "version": 2, "events": ["e"], "correlationId": "c",
        "token": TOKEN,
    });
    let accepted = ask(id(1)).await;
    assert_eq!((accepted.header("oneway-token"), accepted.json()), (TOKEN, expected));
    let rejected = ask(id(2)).await.json();
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(rejected["rejection"], json!({"code": "rule_violated", "message": "no"}));
    assert_eq!(ask(id(3)).await.problem(), (503, "not_searched".into(), vec![]));
    assert_eq!(ask(id(4)).await.problem(), (404, "not_found".into(), vec![]));
    let answer = world.ask("GET /v1/commands/order%20017", &[], "").await;
    assert_eq!(answer.problem(), (404, "not_found".into(), vec![]));
    // A command of this instance is known without a search.
    world.ask("POST /v1/orders", &[("idempotency-key", "k")], ORDER).await;
    assert_eq!(ask(CommandId::from_key("k")).await.json()["status"], "accepted");
    // By its key, too.
    assert_eq!(world.ask("GET /v1/commands/k", &[], "").await.json()["status"], "accepted");
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
        let success = if operation["responses"]["201"].is_object() { "201" } else { "200" };
        let described = &operation["responses"][success]["headers"]["oneway-token"];
        assert!(described.is_object(), "{method} {path}");
        for status in ["202", "400", "404", "409", "412", "413", "415", "422", "503"] {
            let described = operation["responses"].get(status).is_some();
            assert!(described || !is_command, "{method} {path} {status}");
        }
    }
    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let ids: Vec<_> = operations.map(|one| one["operationId"].as_str().unwrap()).collect();
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    let text = description.to_string();
    for (_, name) in text.match_indices("#/components/schemas/").map(|(at, start)| {
        text[at + start.len()..].split_once('"').map(|(name, _)| (at, name)).unwrap()
    }) {
        assert!(description["components"]["schemas"][name].is_object(), "{name}");
    }
    let page = world.ask("GET /docs/", &[], "").await;
    assert_eq!((page.status, page.text.contains("swagger-ui")), (200, true));
}
