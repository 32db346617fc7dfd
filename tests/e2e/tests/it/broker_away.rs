//! Kafka away: a command is refused in time, is either in the log or not, and everything goes on
//! by itself when Kafka is back. The pause is longer than the broker's session with its
//! controller: it comes back fenced, and names no broker to whoever asks in that moment.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use schemas::{CommandId, Topic};
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

const WAIT: Duration = Duration::from_secs(3);

/// Status, whether `Retry-After` was there, and the body; an error while the service restarts.
async fn send(
    installation: &Installation,
    key: &str,
) -> Result<(u16, bool, Value), reqwest::Error> {
    let request = installation.http.post(installation.url("command-api", "/v1/customers"));
    let answer = request
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .header("prefer", format!("wait={}", WAIT.as_secs()))
        .body(json!({ "name": key }).to_string())
        .send()
        .await?;
    let retry = answer.headers().contains_key("retry-after");
    Ok((answer.status().as_u16(), retry, answer.json().await?))
}

/// Waits until a command is answered as decided.
async fn decided(installation: &Installation, key: &str) {
    let look = async || send(installation, key).await.map(|(status, ..)| status);
    let is_decided = |status: &Result<u16, _>| matches!(status, Ok(200 | 201));
    let status = eventually(&format!("{key} to be decided"), look, is_decided).await;
    assert!(status.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_away_is_found_again_and_nothing_is_lost() {
    let services = ["command-api", "command-processor", "customers"];
    let installation = Installation::start_whole(&services, &[]).await;
    decided(&installation, "before").await;

    installation.signal("kafka", Signal::SIGSTOP).await;
    let mut codes = Vec::new();
    for n in 0..4 {
        let started = Instant::now();
        let (status, retry, problem) = send(&installation, &format!("away-{n}")).await.unwrap();
        assert_eq!((status, retry), (503, true), "{problem}");
        assert!(started.elapsed() < WAIT + Duration::from_secs(2), "{:?}", started.elapsed());
        codes.push(problem["code"].as_str().unwrap().to_owned());
    }
    installation.signal("kafka", Signal::SIGCONT).await;

    decided(&installation, "after").await;
    // What was said to be refused is not there; what is there came at most once.
    let settings = installation.settings();
    let commands =
        tokio::task::spawn_blocking(move || log::read(&settings, Topic::CUSTOMER_COMMANDS));
    let commands = commands.await.unwrap();
    for (n, code) in codes.iter().enumerate() {
        let id = CommandId::from_key(&format!("away-{n}")).to_string();
        let times = commands.iter().filter(|command| command.id == id).count();
        let most = usize::from(code == "outcome_unknown");
        assert!(times <= most, "{code}, and it is {times} times in the log");
    }
    // A repeat of what was refused is decided, once.
    for n in 0..4 {
        decided(&installation, &format!("away-{n}")).await;
    }
    let settings = installation.settings();
    let events = tokio::task::spawn_blocking(move || log::read(&settings, Topic::CUSTOMER_EVENTS));
    let events = events.await.unwrap();
    log::assert_whole(&events);
    assert_eq!(events.len(), 6, "before, four that were away, after: {codes:?}");
    // The read model has found the broker again, too.
    let look = async || {
        let url = installation.url("customers", "/v1/customers");
        let answer = installation.http.get(url).send().await?;
        Ok::<_, reqwest::Error>(answer.json::<Value>().await?["items"].as_array().map(Vec::len))
    };
    let is_whole = |rows: &Result<_, _>| matches!(rows, Ok(Some(6)));
    let rows = eventually("the read model to catch up", look, is_whole).await;
    assert!(rows.is_ok());
    for service in services {
        installation.ready(service).await;
    }
}
