//! Tells when a part works: each is asked what its users will ask, until it answers.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use reqwest::{Certificate, Client};
use tokio::time::sleep;

use crate::{commands::cluster, failure::Result};

/// How often a part is asked.
const ASK: Duration = Duration::from_millis(100);

/// Longest time for one answer.
const ANSWER: Duration = Duration::from_secs(2);

/// A client for loopback: no proxy of the environment is in between.
pub fn http() -> Result<Client> {
    let client = Client::builder().no_proxy().timeout(ANSWER).build();
    Ok(client.context("cannot make an HTTP client")?)
}

/// As [`http`], for a registry whose authority the variables name.
pub fn http_of(variables: &BTreeMap<String, String>) -> Result<Client> {
    let mut client = Client::builder().no_proxy().timeout(ANSWER);
    if let Some(file) = variables.get("SCHEMA_REGISTRY_CA_FILE") {
        let pem = fs::read(file).with_context(|| format!("cannot read {file}"))?;
        let authorities = Certificate::from_pem_bundle(&pem).context("cannot use the authority")?;
        client = client.tls_certs_only(authorities);
    }
    Ok(client.build().context("cannot make an HTTP client")?)
}

/// Whether a URL answers with success.
pub async fn answers(http: &Client, url: &str) -> bool {
    http.get(url).send().await.is_ok_and(|response| response.status().is_success())
}

/// The text with which a URL answers, if it does.
pub async fn text(http: &Client, url: &str) -> Option<String> {
    let response = http.get(url).send().await.ok()?.error_for_status().ok()?;
    response.text().await.ok()
}

/// What a URL answers, for people.
pub async fn said(http: &Client, url: &str) -> String {
    let answer = async {
        let response = http.get(url).send().await?;
        let status = response.status();
        Ok::<_, reqwest::Error>(format!("{status} {}", response.text().await?.trim()))
    };
    match answer.await {
        Ok(answer) => format!("{url} answers {answer}"),
        Err(_) => format!("{url} does not answer"),
    }
}

/// Waits until a URL answers with success. Whoever calls sets the deadline.
pub async fn until_answers(http: &Client, url: &str) {
    while !answers(http, url).await {
        sleep(ASK).await;
    }
}

/// Waits until something yields a value. Whoever calls sets the deadline.
pub async fn until_some<T>(attempt: impl AsyncFn() -> Option<T>) -> T {
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        sleep(ASK).await;
    }
}

/// Waits until a broker takes requests. Whoever calls sets the deadline.
pub async fn until_kafka_answers(brokers: &str, variables: &BTreeMap<String, String>) {
    while !kafka_answers(brokers, variables).await {
        sleep(ASK).await;
    }
}

/// Whether a broker takes requests, from whom the variables say, and is part of its cluster.
pub async fn kafka_answers(brokers: &str, variables: &BTreeMap<String, String>) -> bool {
    let Ok(settings) = cluster::of_stack(brokers, "", "", variables) else { return false };
    let mut config = event_log::client::config(&settings);
    config.set("log_level", "0");
    // The client blocks while it waits for its answer.
    let asked = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = config.create().ok()?;
        let metadata = client.fetch_metadata(None, ANSWER).ok()?;
        (!metadata.brokers().is_empty()).then_some(())
    });
    matches!(asked.await, Ok(Some(())))
}

/// Whether something listens on a local port.
pub async fn listens(port: u16) -> bool {
    let connecting = tokio::net::TcpStream::connect(("127.0.0.1", port));
    matches!(tokio::time::timeout(ANSWER, connecting).await, Ok(Ok(_)))
}
