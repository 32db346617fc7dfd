//! The socket.io protocol of the original, by the client library that its front ends use.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::{Installation, eventually};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use super::{
    notifications::{Notifications, row},
    notifier,
};
use crate::node;

/// How long after its registration a query may be answered.
const WINDOW: Duration = Duration::from_secs(2);

const LIMIT: Duration = Duration::from_secs(60);

struct Socket {
    steps: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Socket {
    /// Connects, and registers for orders/overview by some resolvers.
    async fn open(url: &str, transports: &str, resolvers: &[&str]) -> Self {
        let query = |resolver: &&str| {
            json!({
                "endpointName": "orders", "readModelName": "overview", "resolverName": resolver,
            })
        };
        let queries: Value = resolvers.iter().map(query).collect();
        let mut child = Command::new("node")
            .arg(node::folder().await.join("changes.mjs"))
            .args([url, transports, &queries.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let steps = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { steps, _child: child }
    }

    async fn step(&mut self) -> Value {
        let line = timeout(LIMIT, self.steps.next_line()).await.expect("a step in time");
        serde_json::from_str(&line.unwrap().expect("the client goes on")).unwrap()
    }

    /// Steps until one has happened, which is returned.
    async fn until(&mut self, name: &str) -> Value {
        loop {
            let step = self.step().await;
            if step["step"] == name {
                return step;
            }
        }
    }

    /// The arguments of the next change.
    async fn change(&mut self) -> Value {
        let step = self.step().await;
        assert_eq!(step["step"], "change", "{step}");
        step["change"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_original_hear_of_changes() {
    let window = WINDOW.as_millis().to_string();
    let window = [("CHANGE_NOTIFIER_QUERY_WINDOW_MS", window.as_str())];
    let services = ["command-api", "command-processor", "orders", "change-notifier"];
    let installation = Installation::start(&services, &window).await;
    let url = notifier(&installation);

    // As front ends do it: polling, an upgrade, a registration, and then changes.
    let mut both = Socket::open(&url, "polling,websocket", &["all", "customerById"]).await;
    assert_eq!(both.step().await, json!({ "step": "connected", "transport": "polling" }));
    let (one, two) = (both.step().await, both.step().await);
    let registered = json!({ "step": "registered", "answer": [] });
    let upgraded = json!({ "step": "upgraded", "transport": "websocket" });
    assert!([&one, &two].contains(&&registered), "{one} {two}");
    assert!([&one, &two].contains(&&upgraded), "{one} {two}");
    let notifications = Notifications::connect(&installation).await;
    let mut polling = Socket::open(&url, "polling", &["all"]).await;
    polling.until("registered").await;

    // A row that may be in the answer of a query made after the acknowledgement is not added again.
    let details = json!({ "id": "o1", "value": "13.99", "status": "new" });
    let body = row("orders", "o1", Some(&details.to_string()));
    notifications.append(&body, "SVLT-1").await;
    let told =
        |kind: &str, resolver: &str, correlation_id: Option<&str>, details: Option<&Value>| {
            let mut told = json!({
                "endpointName": "orders", "readModelName": "overview", "resolverName": resolver,
                "changeKind": kind,
            });
            for (name, value) in
                [("correlationId", correlation_id.map(Value::from)), ("details", details.cloned())]
            {
                if let Some(value) = value {
                    told[name] = value;
                }
            }
            json!([told])
        };
    let change = told("updateRow", "all", Some("SVLT-1"), Some(&details));
    assert_eq!(polling.change().await, change);
    assert_eq!(polling.change().await, told("all", "all", None, None));

    // The other one's windows may be over or not; what its queries lack it is told to query.
    let by_id = told("all", "customerById", Some("SVLT-1"), None);
    both.until_change(|change| *change == by_id).await;
    for socket in [&mut both, &mut polling] {
        socket.adds_rows(&notifications, &told).await;
    }

    // From a command to the client, with its correlation id.
    let body = json!({ "customerId": "nobody", "text": "records", "value": "13.99" });
    let request = installation.http.post(installation.url("command-api", "/v1/orders"));
    let request = request.header("content-type", "application/json").body(body.to_string());
    let answer = request.header("x-correlation-id", "REACT-1").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    for socket in [&mut both, &mut polling] {
        let is_its = |change: &Value| change[0]["correlationId"] == "REACT-1";
        let change = socket.until_change(is_its).await;
        let named = (&change[0]["endpointName"], &change[0]["readModelName"]);
        assert_eq!(named, (&json!("orders"), &json!("overview")));
    }
    installation.signal("change-notifier", nix::sys::signal::Signal::SIGTERM).await;
    for socket in [&mut both, &mut polling] {
        socket.until("disconnected").await;
    }
}

impl Socket {
    async fn until_change(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let change = self.until("change").await["change"].clone();
            if is_it(&change) {
                return change;
            }
        }
    }

    /// Rows are added once no query can be under way: after a window without a new row.
    async fn adds_rows(
        &mut self,
        notifications: &Notifications,
        told: &impl Fn(&str, &str, Option<&str>, Option<&Value>) -> Value,
    ) {
        let is_added = async || {
            let id = uuid::Uuid::new_v4().to_string();
            let details = json!({ "id": id, "text": "ä" });
            notifications.append(&row("orders", &id, Some(&details.to_string())), "SVLT-2").await;
            let [added, updated] = ["addRow", "updateRow"]
                .map(|kind| told(kind, "all", Some("SVLT-2"), Some(&details)));
            let change = self.until_change(|change| [&added, &updated].contains(&change)).await;
            if change == updated {
                tokio::time::sleep(WINDOW * 2).await;
            }
            change == added
        };
        eventually("a row to be added", is_added, |is_added| *is_added).await;
    }
}
