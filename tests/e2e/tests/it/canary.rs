//! The canary times the way of a command, says which stage of it fails, and goes on.

use nix::sys::signal::Signal;
use serde_json::Value;
use testkit::{Installation, Process, eventually};

use crate::access::{SECRET, token};

const SERVICES: [&str; 4] = ["command-api", "command-processor", "orders", "change-notifier"];

const STAGES: [&str; 3] = ["accepted", "readable", "notified"];

/// A canary that runs every second, beside an installation.
fn start(installation: &Installation, env: &[(&str, &str)]) -> Process {
    let named = SERVICES.into_iter().filter(|name| *name != "command-processor");
    let services = named.map(|name| format!("{name}={}", installation.url(name, "")));
    let services = services.collect::<Vec<_>>().join(",");
    let own = [
        ("CANARY_INTERVAL_SECONDS", "1"),
        ("CANARY_TIMEOUT_SECONDS", "3"),
        ("CANARY_SERVICES", &services),
    ];
    Process::start(installation, "canary", "1", &[&own[..], env].concat())
}

/// The value of a series.
fn value(metrics: &str, series: &str) -> f64 {
    let found = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

/// How many runs had this result.
async fn runs(canary: &Process, result: &str) -> f64 {
    value(&canary.metrics().await, &format!("oneway_canary_runs_total{{result=\"{result}\"}}"))
}

/// Waits for two more runs with this result: the first may have begun before.
async fn two_more(canary: &Process, result: &str) {
    let before = runs(canary, result).await;
    let look = async || (runs(canary, result).await, canary.output());
    eventually(&format!("runs to be {result}"), look, |(now, _)| *now >= before + 2.0).await;
}

/// What it says of its runs, while it is ready.
async fn said(canary: &Process) -> String {
    let (status, health) = canary.health().await;
    assert_eq!(status, 200, "whatever fails, it is ready: {health}");
    let health: Value = serde_json::from_str(&health).unwrap();
    health["runs"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_is_timed_and_the_one_that_fails_is_named() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let mut canary = start(&installation, &[]);
    canary.ready().await;
    two_more(&canary, "ok").await;
    let metrics = canary.metrics().await;
    for stage in STAGES {
        let of = |series: &str| value(&metrics, &format!("oneway_canary_seconds_{series}"));
        assert!(of(&format!("count{{stage=\"{stage}\"}}")) >= 2.0, "{metrics}");
        assert!(of(&format!("sum{{stage=\"{stage}\"}}")) > 0.0, "{metrics}");
        assert!(of(&format!("bucket{{stage=\"{stage}\",le=\"5\"}}")) >= 1.0, "{metrics}");
    }
    let last = value(&metrics, "oneway_canary_last_success_timestamp_seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((now.as_secs_f64() - last).abs() < 90.0, "{last}");
    let (_, row) = installation.get("orders", "/v1/orders/canary").await;
    assert!(row["text"].as_str().unwrap().starts_with("the canary at 2"), "{row}");

    // Without its row a change is not told of either: what is named is the row.
    for (service, stage) in
        [("orders", "readable"), ("change-notifier", "notified"), ("command-processor", "accepted")]
    {
        installation.signal(service, Signal::SIGSTOP).await;
        two_more(&canary, stage).await;
        let health = said(&canary).await;
        assert!(health.contains(&format!("the last run has failed: {stage}: ")), "{health}");
        let log = canary.output();
        let line = |line: &&str| line.contains("WARN") && line.contains(&format!(" {stage}: "));
        assert!(log.lines().any(|text| line(&text)), "{log}");
        installation.signal(service, Signal::SIGCONT).await;
        two_more(&canary, "ok").await;
        assert_eq!(said(&canary).await, "ready");
    }
    assert_eq!(canary.stop().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_do_what_its_token_says_of_the_moment() {
    let installation = Installation::start(&SERVICES, &[("ONEWAY_JWT_SECRET", SECRET)]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = async |role| {
        let token = token(&installation, SECRET, "canary", role).await;
        std::fs::write(file.path(), format!("{token}\n")).unwrap();
        token
    };
    let weak = write("viewer").await;
    let mut canary = start(&installation, &[("CANARY_TOKEN_FILE", file.path().to_str().unwrap())]);
    canary.ready().await;
    two_more(&canary, "accepted").await;
    let wanted = "accepted: command-api answers 403 Forbidden: this needs the right order.CREATE";
    assert!(canary.output().contains(wanted), "{}", canary.output());

    // Without a restart, and with no right but those of its role.
    let own = write("canary").await;
    two_more(&canary, "ok").await;
    assert_eq!(said(&canary).await, "ready");
    let log = canary.output();
    assert!(log.contains("runs come through again"), "{log}");
    assert!(!log.contains(&weak) && !log.contains(&own), "a token is in the log");
    let url = installation.url("command-api", "/v1/orders/canary/confirmation");
    let answer = installation.http.post(url).bearer_auth(own).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}
