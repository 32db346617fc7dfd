//! Bad commands: each gets the right answer, with a pointer to what is wrong, and leaves nothing
//! in any topic.

use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, log};

struct Bad {
    path: &'static str,
    body: String,
    status: u16,
    /// JSON pointer of the field, empty where no field is at fault.
    pointer: &'static str,
}

fn bad(path: &'static str, body: &dyn ToString, status: u16, pointer: &'static str) -> Bad {
    Bad { path, body: body.to_string(), status, pointer }
}

fn order(value: &Value) -> Value {
    json!({ "customerId": "c1", "text": "a book", "value": value })
}

fn cases() -> Vec<Bad> {
    let orders = "/v1/orders";
    let customers = "/v1/customers";
    let generic = "/api/command";
    vec![
        bad(orders, &"{\"value\":", 400, ""),
        bad(orders, &"", 400, ""),
        bad(orders, &"x".repeat(100_000), 413, ""),
        bad(orders, &json!({ "customerId": "c1", "text": "a\0b", "value": 1 }), 422, "/text"),
        bad(
            orders,
            &json!({ "customerId": "c1", "text": "x".repeat(2001), "value": 1 }),
            422,
            "/text",
        ),
        bad(
            orders,
            &json!({ "customerId": "no spaces", "text": "a", "value": 1 }),
            422,
            "/customerId",
        ),
        bad(orders, &json!({ "customerId": "c1", "text": "a" }), 422, "/value"),
        bad(orders, &order(&json!(-1)), 422, "/value"),
        bad(orders, &order(&json!(0)), 422, "/value"),
        bad(orders, &order(&json!("1.005")), 422, "/value"),
        bad(orders, &order(&json!("10000000000000")), 422, "/value"),
        bad(orders, &order(&json!("much")), 422, "/value"),
        bad(customers, &json!({ "name": "" }), 422, "/name"),
        bad(customers, &json!({ "name": "x".repeat(201) }), 422, "/name"),
        bad(customers, &json!({ "name": "Anna\u{0}" }), 422, "/name"),
        bad(customers, &json!({ "name": "Anna", "email": "nowhere" }), 422, "/email"),
        bad(customers, &json!({ "name": 7 }), 422, "/name"),
        bad(
            generic,
            &json!({ "aggregateName": "ship", "aggregateId": "s1", "command": "CREATE", "payload": {} }),
            400,
            "",
        ),
        bad(
            generic,
            &json!({ "aggregateName": "order", "aggregateId": "o1", "command": "SINK", "payload": {} }),
            400,
            "",
        ),
        bad(generic, &json!({ "aggregateName": "order", "command": "CONFIRM" }), 400, ""),
    ]
}

const TOPICS: [Topic; 4] = [
    Topic::CUSTOMER_COMMANDS,
    Topic::ORDER_COMMANDS,
    Topic::CUSTOMER_EVENTS,
    Topic::COMMAND_RESULTS,
];

async fn watermarks(installation: &Installation) -> Vec<i64> {
    let settings = installation.settings();
    tokio::task::spawn_blocking(move || log::watermarks(&settings, &TOPICS)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_commands_are_refused_and_leave_no_trace() {
    let installation = Installation::start(&["command-api", "command-processor"], &[]).await;
    let before = watermarks(&installation).await;
    for Bad { path, body, status, pointer } in cases() {
        let request = installation.http.post(installation.url("command-api", path));
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("x-correlation-id", "test-1");
        let answer = request.body(body.clone()).send().await.unwrap();
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status().as_u16(), status, "{path} {shown}");
        assert_eq!(answer.headers()["x-correlation-id"], "test-1", "{path} {shown}");
        // Most of it was not read: whoever uses the connection again would get no answer.
        let ends = answer.headers().get("connection").is_some_and(|value| value == "close");
        assert_eq!(ends, status == 413, "{path} {shown}");
        let problem: Value = answer.json().await.unwrap_or_default();
        assert!(problem["detail"].is_string(), "{path} {shown}: {problem}");
        if !pointer.is_empty() {
            assert_eq!(
                problem["errors"][0]["pointer"],
                json!(pointer),
                "{path} {shown}: {problem}"
            );
        }
    }
    assert_eq!(watermarks(&installation).await, before, "nothing in any topic");
    // The service lives on.
    let (status, answer) =
        installation.post("command-api", "/v1/orders", &order(&json!("1"))).await;
    assert_eq!(status, 201, "{answer}");
}
