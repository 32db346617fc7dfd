//! Whoever wrote something and asks with the token of the answer sees it: at once, on any replica.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::RequestBuilder;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, Process, eventually, log};

/// Clients that write and read at the same time.
const CLIENTS: usize = 8;

/// Orders of each; each takes two commands.
const ORDERS: usize = 63;

/// Two instances of one service, between which queries alternate.
struct Replicas {
    installation: Installation,
    second: Process,
    service: &'static str,
}

impl Replicas {
    async fn start(service: &'static str, env: &[(&str, &str)]) -> Self {
        let services = ["command-api", "command-processor", service];
        let installation = Installation::start(&services, env).await;
        let url = installation.database_url.clone();
        let database = [("DATABASE_URL", url.as_str())];
        let env: Vec<_> = database.iter().chain(env).copied().collect();
        let mut second = Process::start(&installation, service, "the-second", &env);
        second.ready().await;
        let replicas = Self { installation, second, service };
        replicas.share().await;
        replicas
    }

    /// Waits until each has some of the partitions: each is asked for what the other one applies.
    async fn share(&self) {
        let url = self.installation.admin_url(self.service, "/metrics");
        let look = async || {
            let first = self.installation.http.get(&url).send().await.unwrap();
            let first = partitions(&first.text().await.unwrap());
            (first, partitions(&self.second.metrics().await))
        };
        let shared = |(a, b): &(f64, f64)| *a > 0.0 && *b > 0.0;
        eventually("both replicas to have partitions", look, shared).await;
    }

    /// Sends a command; returns the token of its answer.
    async fn command(&self, path: &str, body: &Value) -> String {
        let url = self.installation.url("command-api", path);
        let request = self.installation.http.post(url).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        let token = answer.headers().get("oneway-token").cloned();
        let (status, said) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {said}");
        token.expect("a token").to_str().unwrap().to_owned()
    }

    /// A query to one of them.
    fn query(&self, turn: usize, path: &str, token: &str) -> RequestBuilder {
        let url = match turn % 2 {
            0 => self.installation.url(self.service, path),
            _ => format!("{}{path}", self.second.url),
        };
        self.installation.http.get(url).header("oneway-token", token)
    }

    /// What one of them shows to whoever has this token.
    async fn shown(&self, turn: usize, path: &str, token: &str) -> Value {
        let answer = self.query(turn, path, token).send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "replica {}, {path} with {token}: {body}", turn % 2);
        serde_json::from_str(&body).unwrap()
    }
}

/// How many partitions an instance has, by its metrics.
fn partitions(metrics: &str) -> f64 {
    let workers = metrics.lines().filter(|line| line.starts_with("oneway_consumer_partitions{"));
    workers.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_are_never_seen_too_late() {
    let replicas = &Replicas::start("orders", &[]).await;
    let client = async |client: usize| {
        for n in 0..ORDERS {
            let id = format!("o-{client}-{n}");
            let path = format!("/v1/orders/{id}");
            let body = json!({ "id": id, "customerId": "c", "text": "a book", "value": 1 });
            let token = replicas.command("/v1/orders", &body).await;
            let row = replicas.shown(n, &path, &token).await;
            assert_eq!((&row["status"], &row["version"]), (&json!("new"), &json!(1)), "{row}");
            let token = replicas.command(&format!("{path}/confirmation"), &json!({})).await;
            let row = replicas.shown(n + 1, &path, &token).await;
            assert_eq!(row["status"], "confirmed", "replica {}: {row}", (n + 1) % 2);
        }
    };
    let started = Instant::now();
    join_all((0..CLIENTS).map(client)).await;
    let commands = 2 * CLIENTS * ORDERS;
    assert!(commands >= 1_000, "{commands}");
    println!("{commands} commands, each followed by its query, in {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_summed_up_is_never_seen_too_late() {
    let thresholds = [("CUSTOMER_CLASSIFIER_B_THRESHOLD", "500")];
    let replicas = &Replicas::start("customer-classifier", &thresholds).await;
    let client = async |client: usize| {
        let id = format!("c-{client}");
        let path = format!("/v1/classifications/{id}");
        let token = replicas.command("/v1/customers", &json!({ "id": id, "name": "Anna" })).await;
        let row = replicas.shown(client, &path, &token).await;
        assert_eq!((&row["class"], &row["confirmedOrders"]), (&json!("C"), &json!(0)), "{row}");
        for n in 1..=12 {
            // Anywhere: the orders of one customer come from all partitions.
            let order = format!("o-{client}-{n}");
            let body = json!({ "id": order, "customerId": id, "text": "a book", "value": 50 });
            replicas.command("/v1/orders", &body).await;
            let confirm = format!("/v1/orders/{order}/confirmation");
            let token = replicas.command(&confirm, &json!({})).await;
            let row = replicas.shown(n, &path, &token).await;
            let wanted = json!({
                "class": if n * 50 >= 500 { "B" } else { "C" },
                "confirmedOrders": n,
                "confirmedRevenue": format!("{}.00", n * 50),
            });
            for (member, value) in wanted.as_object().unwrap() {
                assert_eq!(&row[member], value, "replica {}, {member} of {row}", n % 2);
            }
        }
    };
    join_all((0..CLIENTS).map(client)).await;
}

/// All orders are one customer's, and come from all partitions to both replicas, one of which dies.
#[tokio::test(flavor = "multi_thread")]
async fn a_hot_customer_is_summed_up_exactly_and_classified_in_order() {
    let thresholds =
        [("CUSTOMER_CLASSIFIER_B_THRESHOLD", "500"), ("CUSTOMER_CLASSIFIER_A_THRESHOLD", "5000")];
    let replicas = &Replicas::start("customer-classifier", &thresholds).await;
    replicas.command("/v1/customers", &json!({ "id": "hot", "name": "Anna" })).await;
    let client = async |client: usize| {
        for n in 0..ORDERS {
            let order = format!("o-{client}-{n}");
            let body = json!({ "id": order, "customerId": "hot", "text": "a book", "value": 50 });
            replicas.command("/v1/orders", &body).await;
            let confirm = format!("/v1/orders/{order}/confirmation");
            replicas.command(&confirm, &json!({})).await;
            if (client, n) == (0, ORDERS / 2) {
                let second = i32::try_from(replicas.second.pid()).unwrap();
                kill(Pid::from_raw(second), Signal::SIGKILL).unwrap();
            }
        }
    };
    join_all((0..CLIENTS).map(client)).await;
    let path = "/v1/classifications/hot";
    let look = async || replicas.installation.get("customer-classifier", path).await.1;
    let all = CLIENTS * ORDERS;
    let row = eventually("all orders to be counted", look, |row| {
        row["confirmedOrders"].as_u64().unwrap_or_default() >= all as u64
    })
    .await;
    assert_eq!(row["confirmedOrders"], all, "{row}");
    assert_eq!(row["confirmedRevenue"], format!("{}.00", all * 50), "{row}");
    assert_eq!(row["class"], "A", "{row}");
    let events = async || {
        let settings = replicas.installation.settings();
        let read = tokio::task::spawn_blocking(move || {
            log::read(&settings, Topic::CUSTOMER_CLASSIFICATION_EVENTS)
        });
        read.await.unwrap().iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    let sequences = eventually("its classes to be told", events, |all| all.len() >= 3).await;
    assert_eq!(sequences, [Some(1), Some(2), Some(3)], "C, then B, then A, each once");
    let (code, said, told) = replicas.installation.run(&["verify", "log"]).await;
    assert_eq!(code, 0, "{said}{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_in_time_is_told() {
    let replicas = &Replicas::start("orders", &[]).await;
    let body = json!({ "id": "o1", "customerId": "c", "text": "a book", "value": 1 });
    let token = replicas.command("/v1/orders", &body).await;
    replicas.shown(0, "/v1/orders/o1", &token).await;
    // One command later, in the same partition: nobody has sent it.
    let (partition, offset) = token.rsplit_once('.').unwrap();
    let offset: i64 = offset.parse().unwrap();
    let next = format!("{partition}.{}", offset + 1);
    for turn in 0..2 {
        let started = Instant::now();
        let query = replicas.query(turn, "/v1/orders/o1", &next).header("prefer", "wait=1");
        let answer = query.send().await.unwrap();
        let waited = started.elapsed();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(waited >= Duration::from_secs(1), "{waited:?}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "not_applied_yet", "{problem}");
        let lag = &problem["lag"][0];
        assert_eq!((&lag["wanted"], &lag["applied"]), (&json!(offset + 1), &json!(offset)));

        let answer = replicas.query(turn, "/v1/orders", "no token").send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "malformed_header", "{problem}");
    }
}
