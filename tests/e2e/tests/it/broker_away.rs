//! Kafka away: a command is refused in time, and is either in the log or not.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use schemas::{CommandId, Topic};
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
    // Nobody decides: whatever is taken is answered by 202.
    let installation = Installation::start_whole(&["command-api"], &[]).await;
    assert_eq!(send(&installation, "before").await.0, 202);

    installation.signal("kafka", Signal::SIGSTOP).await;
    let mut codes = Vec::new();
    for n in 0..3 {
        let started = Instant::now();
        let (status, retry, problem) = send(&installation, &format!("away-{n}")).await;
        assert_eq!((status, retry), (503, true), "{problem}");
        assert!(started.elapsed() < WAIT + Duration::from_secs(2), "{:?}", started.elapsed());
        codes.push(problem["code"].as_str().unwrap().to_owned());
    }
    installation.signal("kafka", Signal::SIGCONT).await;

    // It comes back by itself.
    let look = async || send(&installation, "after").await.0;
    eventually("commands to be taken again", look, |status| *status == 202).await;
    let settings = installation.settings();
    let commands =
        tokio::task::spawn_blocking(move || log::read(&settings, Topic::CUSTOMER_COMMANDS));
    let commands = commands.await.unwrap();
    // What was said to be refused is not there; what is there came at most once.
    for (n, code) in codes.iter().enumerate() {
        let id = CommandId::from_key(&format!("away-{n}")).to_string();
        let times = commands.iter().filter(|command| command.id == id).count();
        let most = usize::from(code == "outcome_unknown");
        assert!(times <= most, "{code}, and it is {times} times in the log");
    }
}
