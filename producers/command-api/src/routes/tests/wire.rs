//! The generic route as existing front ends, scripts and recordings use it: one test for each line
//! of their protocol.

use serde_json::{Value, json};

use super::world::{Will, World, header};
use schemas::command::RejectionCode;

const CALL: &str = "POST /api/command";

fn body(aggregate: &str, command: &str, payload: &Value) -> Value {
    json!({
        "aggregateName": aggregate, "aggregateId": "5c9d9a3e-6d1f-4f0e-9a59-8f2f9f6f0c11",
        "command": command, "payload": payload, "correlationId": "SVLT-V1StGXR8_Z5jdHi6B-myT",
    })
}

/// The text of the answer to a command, and what was appended for it.
async fn sent(body: &Value) -> (u16, String, Vec<u8>) {
    let world = World::new();
    let answer = world.ask(CALL, &[], &body.to_string()).await;
    let appended = world.appended();
    let payload = appended.first().and_then(|record| record.payload.clone());
    (answer.status, answer.text, payload.unwrap_or_default())
}

#[tokio::test]
async fn customers_are_created_and_updated() {
    let payload = json!({ "name": "Anna", "location": "Bern" });
    for command in ["CREATE", "UPDATE"] {
        let (status, text, _) = sent(&body("customer", command, &payload)).await;
        assert_eq!((status, text.as_str()), (200, "OK"), "{command}");
    }
}

#[tokio::test]
async fn an_id_in_the_payload_of_an_update_is_passed_over() {
    let plain = sent(&body("customer", "UPDATE", &json!({ "name": "A", "location": "B" }))).await;
    let payload = json!({ "id": "c-1", "name": "A", "location": "B", "more": [1] });
    assert_eq!(sent(&body("customer", "UPDATE", &payload)).await, plain);
}

#[tokio::test]
async fn the_value_of_an_order_is_a_string_or_a_number() {
    let order = |value: Value| {
        body("order", "CREATE", &json!({ "customerId": "c", "text": "CD", "value": value }))
    };
    let as_text = sent(&order(json!("13.99"))).await;
    assert_eq!((as_text.0, as_text.1.as_str()), (200, "OK"));
    assert_eq!(sent(&order(json!(13.99))).await, as_text);
}

#[tokio::test]
async fn confirm_needs_no_payload() {
    let mut absent = body("order", "CONFIRM", &json!({}));
    absent.as_object_mut().unwrap().remove("payload");
    for body in
        [body("order", "CONFIRM", &json!({})), body("order", "CONFIRM", &Value::Null), absent]
    {
        let (status, text, _) = sent(&body).await;
        assert_eq!((status, text.as_str()), (200, "OK"), "{body}");
    }
}

#[tokio::test]
async fn orders_are_valued_and_held_back() {
    let (status, text, _) = sent(&body("order", "REQUIRE_CONFIRMATION", &json!({}))).await;
    assert_eq!((status, text.as_str()), (200, "OK"));
    let ours = json!({ "time": "2026-11-20T00:00:00Z", "usdRate": "1.0850", "usdValue": "15.18" });
    let ours = sent(&body("order", "ADD_USD_RATE_AND_VALUE", &ours)).await;
    assert_eq!((ours.0, ours.1.as_str()), (200, "OK"));
    let theirs = json!({ "time": "2026-11-20", "usdRate": "1.0850", "usdValue": 15.17915 });
    assert_eq!(sent(&body("order", "ADD_USD_RATE_AND_VALUE", &theirs)).await, ours);
}

#[tokio::test]
async fn the_answer_is_text_unless_json_is_accepted() {
    let world = World::new();
    let body = body("order", "CONFIRM", &json!({})).to_string();
    for accept in ["*/*", "text/plain", "text/html, */*;q=0.5"] {
        let answer = world.ask(CALL, &[("accept", accept)], &body).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "OK"), "{accept}");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    let accept = "application/json, text/plain, */*";
    let answer = world.ask(CALL, &[("accept", accept)], &body).await;
    assert_eq!((answer.status, &answer.json()["aggregate"]), (200, &"order".into()));
}

#[tokio::test]
async fn the_correlation_id_is_that_of_the_body_else_of_the_header_else_a_new_one() {
    let world = World::new();
    let with = body("order", "CONFIRM", &json!({}));
    let mut without = with.clone();
    without.as_object_mut().unwrap().remove("correlationId");
    let from_header = [("x-correlation-id", "REACT-1")];
    let id = async |body: &Value, headers: &[(&str, &str)]| {
        let answer = world.ask(CALL, headers, &body.to_string()).await;
        assert_eq!(answer.status, 200);
        let last = world.appended();
        let recorded = header(last.last().unwrap(), "ce_correlationid").unwrap();
        assert_eq!(answer.header("x-correlation-id"), recorded);
        recorded
    };
    assert_eq!(id(&with, &from_header).await, "SVLT-V1StGXR8_Z5jdHi6B-myT");
    assert_eq!(id(&without, &from_header).await, "REACT-1");
    let made = id(&without, &[]).await;
    assert_ne!(made, id(&without, &[]).await);
}

#[tokio::test]
async fn mistakes_are_400_with_their_text() {
    let world = World::new();
    let good = body("order", "CONFIRM", &json!({}));
    let mut bodies = Vec::new();
    for field in ["aggregateName", "aggregateId", "command"] {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(field);
        bodies.push((missing.to_string(), "Missing field"));
    }
    bodies.push((body("basket", "CREATE", &json!({})).to_string(), "Invalid aggregate name"));
    bodies.push((body("order", "UPDATE", &json!({})).to_string(), "Invalid command name"));
    bodies.push((body("customer", "CONFIRM", &json!({})).to_string(), "Invalid command name"));
    bodies.push(("{\"aggregateName\":".into(), "the body ends too early"));
    for (body, text) in bodies {
        for accept in ["text/plain", "*/*"] {
            let answer = world.ask(CALL, &[("accept", accept)], &body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.header("content-type").starts_with("text/plain"));
            assert!(answer.text.contains(text), "{body}: {}", answer.text);
        }
        // Who asks for JSON gets the same as a problem.
        let answer = world.ask(CALL, &[("accept", "application/json")], &body).await;
        assert_eq!(answer.problem().0, 400, "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(text), "{}", answer.text);
    }
    assert!(world.appended().is_empty());
}

#[tokio::test]
async fn a_broken_rule_is_409_and_not_500() {
    let world = World::new().will(Will::Reject(RejectionCode::RuleViolated));
    let answer = world.ask(CALL, &[], &body("order", "CONFIRM", &json!({})).to_string()).await;
    assert_eq!(answer.problem().0, 409);
}
