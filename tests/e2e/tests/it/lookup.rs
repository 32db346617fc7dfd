//! `GET /v1/commands/{id}` tells of any command, whichever instance is asked and whichever took
//! the command.

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually};
use uuid::Uuid;

struct Asked<'a> {
    http: &'a Client,
    url: &'a str,
}

impl Asked<'_> {
    async fn send(&self, path: &str, key: &str, body: &Value, prefer: &str) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").header("prefer", prefer);
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn status(&self, id: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{}/v1/commands/{id}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn order(id: &str) -> Value {
    json!({ "id": id, "customerId": "c", "text": "a", "value": 1 })
}

#[tokio::test(flavor = "multi_thread")]
async fn any_instance_tells_of_any_command() {
    let installation = Installation::start(&["command-api"], &[]).await;
    let mut processor = Process::start(&installation, "command-processor", "processor-1", &[]);
    processor.ready().await;
    let mut other = Process::start(&installation, "command-api", "api-of-the-test", &[]);
    other.ready().await;
    let http = &installation.http;
    let url = installation.url("command-api", "");
    let (one, other) = (Asked { http, url: &url }, Asked { http, url: &other.url.clone() });

    // One whose id is made by the API, one under a client's key, one that is refused.
    let (_, made) = one.send("/v1/orders", "", &order("o1"), "wait=20").await;
    let made = made["commandId"].as_str().unwrap().to_owned();
    assert_eq!(Uuid::parse_str(&made).unwrap().get_version_num(), 7);
    assert_eq!(one.send("/v1/orders", "own", &order("o2"), "wait=20").await.0, 201);
    assert_eq!(one.send("/v1/orders", "refused", &order("o2"), "wait=20").await.0, 409);
    // The repeat has a second outcome record, which says the same.
    assert_eq!(other.send("/v1/orders", "own", &order("o2"), "wait=20").await.0, 201);
    let check = async |who: &str, asked: &Asked<'_>| {
        for (id, status, aggregate) in [
            (made.as_str(), "accepted", "o1"),
            ("own", "accepted", "o2"),
            ("refused", "rejected", "o2"),
        ] {
            let (code, body) = asked.status(id).await;
            assert_eq!((code, &body["status"]), (200, &json!(status)), "{who} {id} {body}");
            assert_eq!(body["aggregateId"], aggregate, "{who} {id} {body}");
            assert!(body["token"].is_string(), "{who} {id} {body}");
        }
        for unknown in ["nobody's", &Uuid::now_v7().to_string()] {
            let (code, body) = asked.status(unknown).await;
            assert_eq!((code, &body["code"]), (404, &json!("not_found")), "{who} {body}");
        }
    };
    check("the one that took them", &one).await;
    check("the other one", &other).await;
    installation.kill("command-api").await;
    check("after a restart", &one).await;

    // Not decided yet: in the log, and nothing more.
    assert!(processor.stop().await.success());
    let (status, taken) = one.send("/v1/orders", "", &order("o3"), "respond-async").await;
    assert_eq!(status, 202, "{taken}");
    let waiting = taken["commandId"].as_str().unwrap();
    assert_eq!(one.send("/v1/orders", "waiting", &order("o4"), "respond-async").await.0, 202);
    for (asked, id) in [(&one, waiting), (&other, waiting), (&other, "waiting")] {
        let (code, body) = asked.status(id).await;
        assert_eq!((code, &body["status"]), (200, &json!("pending")), "{id} {body}");
        assert_eq!((&body["aggregate"], &body["token"]), (&json!("order"), &Value::Null));
    }
    check("while nothing is decided", &other).await;
    let mut processor = Process::start(&installation, "command-processor", "processor-1", &[]);
    processor.ready().await;
    for id in [waiting, "waiting"] {
        let look = async || other.status(id).await;
        let decided = |(_, body): &(u16, Value)| body["status"] == "accepted";
        // Nothing but what is true is said in between.
        let known = |answer: &(u16, Value)| {
            assert!(matches!(answer.0, 200 | 503), "{answer:?}");
            decided(answer)
        };
        eventually("the outcome to be told", look, known).await;
    }
}
