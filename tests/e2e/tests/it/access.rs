//! Who may ask what: tokens, roles, what is recorded of whom, and pages of other origins.

use reqwest::{Method, RequestBuilder};
use schemas::{Decoder, Message, Topic, command::CommandRefused};
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

const SERVICES: [&str; 3] = ["command-api", "command-processor", "orders"];
pub const SECRET: &str = "a secret of the tests, long enough";

/// An installation that asks for tokens.
async fn closed(services: &[&str]) -> Installation {
    Installation::start(services, &[("ONEWAY_JWT_SECRET", SECRET)]).await
}

/// A token in a role.
pub async fn token(installation: &Installation, secret: &str, subject: &str, role: &str) -> String {
    let mut command = installation.oneway();
    command.env("ONEWAY_JWT_SECRET", secret);
    command.args(["tokens", "issue", "--subject", subject, "--roles", role]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Status and body of an answer.
async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

struct Shop {
    installation: Installation,
}

impl Shop {
    async fn ask(&self, token: &str, call: &str, body: Option<Value>) -> (u16, Value) {
        let (service, path) = call.split_once(' ').unwrap();
        let url = self.installation.url(service, path);
        let http = &self.installation.http;
        let request = match body {
            Some(body) => http.post(url).json(&body),
            None => http.get(url),
        };
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        answer(request).await
    }

    async fn token(&self, subject: &str, role: &str) -> String {
        token(&self.installation, SECRET, subject, role).await
    }

    async fn records(&self, topic: Topic) -> Vec<log::Entry> {
        let settings = self.installation.settings();
        tokio::task::spawn_blocking(move || log::read(&settings, topic)).await.unwrap()
    }
}

const ORDERS: &str = "command-api /v1/orders";
const CONFIRM: &str = "command-api /v1/orders/large/confirmation";

fn order() -> Option<Value> {
    Some(json!({ "id": "large", "customerId": "c1", "text": "a shelf", "value": "1500" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_say_who_may_and_records_who_did() {
    let shop = Shop { installation: closed(&SERVICES).await };
    let (clerk, viewer) = (shop.token("carl", "clerk").await, shop.token("vera", "viewer").await);
    let approver = shop.token("Åse", "approver").await;
    assert_eq!(shop.ask("", ORDERS, order()).await.0, 401, "nobody");
    assert_eq!(shop.ask(&viewer, ORDERS, order()).await.0, 403);
    assert_eq!(shop.ask(&clerk, ORDERS, order()).await.0, 201);

    for (who, token) in [("viewer", &viewer), ("clerk", &clerk)] {
        let (status, problem) = shop.ask(token, CONFIRM, Some(json!({}))).await;
        assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{who}");
        assert_eq!(problem["right"], "order.CONFIRM");
    }
    assert_eq!(shop.ask(&approver, CONFIRM, Some(json!({}))).await.0, 200);
    let look = async || shop.ask(&viewer, "orders /v1/orders/large", None).await;
    eventually("the order to be seen", look, |(_, row)| row["status"] == "confirmed").await;
    assert_eq!(shop.ask("", "orders /v1/orders/large", None).await.0, 401, "nobody");

    let actors = |entries: Vec<log::Entry>| {
        let of = |entry: log::Entry| (entry.message_type, entry.actor.unwrap_or_default());
        entries.into_iter().map(of).collect::<Vec<_>>()
    };
    let pair = |name: &str, actor: &str| (name.to_owned(), actor.to_owned());
    let commands = actors(shop.records(Topic::ORDER_COMMANDS).await);
    assert_eq!(commands, [pair("create_order", "carl"), pair("confirm_order", "Åse")]);
    let events = actors(shop.records(Topic::ORDER_EVENTS).await);
    assert_eq!(events, [pair("order_created", "carl"), pair("order_confirmed", "Åse")]);

    let refused = shop.records(Topic::COMMAND_REFUSALS).await;
    let mut decoder = Decoder::default();
    let mut said: Vec<_> = refused
        .iter()
        .map(|entry| {
            let id = u32::from_be_bytes(entry.payload[1..5].try_into().unwrap());
            decoder.add(id, CommandRefused::FILE.text).unwrap();
            let read = decoder.decode::<CommandRefused>("command_refused", &entry.payload);
            let refused = read.unwrap().unwrap();
            assert_eq!(entry.key, refused.command_id);
            format!("{} {} {}", refused.actor, refused.right, refused.aggregate_id)
        })
        .collect();
    said.sort();
    assert_eq!(
        said,
        ["carl order.CONFIRM large", "vera order.CONFIRM large", "vera order.CREATE large"]
    );
    let log = shop.installation.log("command-api");
    let audited = |line: &&str| line.contains("audit") && line.contains("order.CONFIRM");
    assert_eq!(log.lines().filter(audited).count(), 2, "{log}");
    assert!(!log.contains(&viewer), "a token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused_by_every_service() {
    let shop = Shop { installation: closed(&SERVICES).await };
    let good = shop.token("anna", "admin").await;
    let forger = "another secret, as long as the one";
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = [
        token(&shop.installation, forger, "anna", "admin").await,
        // {"alg":"none"}
        format!("eyJhbGciOiJub25lIn0.{}.", head.split('.').nth(1).unwrap()),
        format!("{head}."),
        format!("{head}.{}", signature.to_lowercase()),
        format!("{good}{}", "x".repeat(9_000)),
        "garbage".to_owned(),
    ];
    for service in ["command-api", "orders"] {
        let call = format!("{service} /v1/commands/1");
        for token in &forged {
            let (status, problem) = shop.ask(token, &call, None).await;
            assert_eq!((status, &problem["code"]), (401, &json!("invalid_token")), "{token}");
        }
        assert_eq!(shop.ask(&good, &call, None).await.0, 404, "let in");
        let open = shop.ask("", &format!("{service} /openapi.json"), None).await;
        assert_eq!(open.0, 200, "anybody may read the description");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_ask_with_the_cookie_of_a_login() {
    let installation = closed(&["command-api", "command-processor", "tokens"]).await;
    let http = &installation.http;
    let page = "http://localhost:5173";
    let login = http.post(installation.url("tokens", "/login")).header("origin", page);
    let login = login.json(&json!({ "user": "clerk", "password": "clerk" })).send().await.unwrap();
    assert_eq!(login.status(), 200);
    assert_eq!(login.headers()["access-control-allow-origin"], page);
    let cookie = login.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let url = installation.url("command-api", "/v1/customers");
    let preflight = http.request(Method::OPTIONS, &url).header("origin", page);
    let preflight = preflight
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], page);
    let customer = json!({ "name": "Anna" });
    let ask = |origin: &str| {
        http.post(&url).header("origin", origin).header("cookie", &cookie).json(&customer)
    };
    assert_eq!(answer(ask(page)).await.0, 201);
    assert_eq!(answer(ask("https://evil.example")).await.0, 403);
}
