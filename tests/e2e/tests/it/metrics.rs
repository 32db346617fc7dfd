//! What dashboards and alert rules ask for is what running services tell: each series, each label.

use std::path::PathBuf;

use serde_json::json;
use testkit::{Installation, Postbox};

use crate::{changes::stream::Stream, node, story};

/// All of them, those that are optional too.
fn services() -> Vec<String> {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../deploy/services.yaml"].iter().collect();
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("- name: ")).map(str::to_owned).collect()
}

/// A query that waits for a command that nobody has sent, in vain.
async fn wait_in_vain(installation: &Installation, service: &str, path: &str) {
    let url = installation.url(service, path);
    let request = installation.http.get(url).header("prefer", "wait=0");
    let answer = request.header("oneway-token", "1~order.commands.0.999999").send().await.unwrap();
    assert_eq!(answer.status(), 503, "{:?}", answer.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_series_that_is_shown_or_watched_is_told() {
    let postbox = Postbox::open().await;
    let services = services();
    let services: Vec<_> = services.iter().map(String::as_str).collect();
    // Nobody listens there: spans are dropped, and counted.
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    // Soon again, should its first run be before others are ready.
    let canary = ("CANARY_INTERVAL_SECONDS", "1");
    let env = [("EMAIL_CAMPAIGN_SMTP_URL", postbox.url.as_str()), collector, canary];
    let installation = Installation::start(&services, &env).await;
    let url = installation.url("change-notifier", "");
    let mut stream = Stream::open(&url, "", None).await;
    assert_eq!(stream.next().await.name, "ready");
    story::tell(&installation).await;
    stream.until(|event| event.name == "change").await;
    wait_in_vain(&installation, "orders", "/v1/orders").await;
    let (status, answer) =
        installation.post("command-api", "/v1/customers", &json!({ "name": "Ben" })).await;
    assert_eq!(status, 201, "{answer}");
    node::test_deployed(&installation, &["live/metrics.test.mjs"]).await;
}
