//! Kafka away: a command is refused in time, and is either in the log or not.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};

const WAIT: Duration = Duration::from_secs(3);

async fn send(installation: &Installation, key: &str) -> (u16, bool, Value) {
    let request = installation.http.post(installation.url("command-api", "/v1/customers"));
    let answer = request
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .header("prefer", format!("wait={}", WAIT.as_secs()))
        .body(json!({ "name": key }).to_string())
        .send()
        .await
        .unwrap();
    let retry = answer.headers().contains_key("retry-after");
    (answer.status().as_u16(), retry, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_to_a_broker_that_is_away_gets_503_in_time() {
    let installation = Installation::start_whole(&["command-api", "command-processor"], &[]).await;
    assert_eq!(send(&installation, "before").await.0, 201);

    installation.signal("kafka", Signal::SIGSTOP).await;
    let mut answers = Vec::new();
    for n in 0..3 {
        let started = Instant::now();
        let (status, retry, problem) = send(&installation, &format!("away-{n}")).await;
        assert_eq!((status, retry), (503, true), "{problem}");
        assert!(started.elapsed() < WAIT + Duration::from_secs(2), "{:?}", started.elapsed());
        answers.push(problem["code"].as_str().unwrap().to_owned());
    }
    installation.signal("kafka", Signal::SIGCONT).await;

    // It comes back by itself, and a repeat of what was refused is decided once.
    let look = async || send(&installation, "after").await.0;
    eventually("commands to be taken again", look, |status| *status == 201).await;
    for n in 0..3 {
        let again = async || send(&installation, &format!("away-{n}")).await.0;
        eventually("the repeat to be answered", again, |status| *status == 201).await;
    }
    let settings = installation.settings();
    let events = tokio::task::spawn_blocking(move || log::read(&settings, Topic::CUSTOMER_EVENTS));
    let events = events.await.unwrap();
    log::assert_whole(&events);
    assert_eq!(events.len(), 5, "before, three that were away, after: {answers:?}");
}
