//! The generic route.

use serde_json::{Value, json};

use super::world::World;

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
    assert_eq!(answer.header("oneway-token"), "1~order.commands.3.17");
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
        let json = ("accept", "application/json");
        let answer = world.ask("POST /api/command", &[json], &body).await;
        let code = if status == 400 { "malformed" } else { "invalid" };
        assert_eq!(answer.problem(), (status, code.into(), vec![pointer.into()]), "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(text), "{}", answer.text);
    }
    let body = with("aggregateName", json!("basket"));
    let answer = world.ask("POST /api/command", &[("accept", "text/plain")], &body).await;
    assert_eq!((answer.status, answer.text.as_str()), (400, "Invalid aggregate name"));
    assert!(world.appended().is_empty());
}
