//! Sends one command until it has an answer, as a careful client does: under the same
//! `Idempotency-Key`, to whichever API answers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use reqwest::{Client as Http, Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Longest wait for one attempt: more than the API waits for an outcome.
const ATTEMPT: Duration = Duration::from_secs(20);

/// Wait between two attempts.
const BETWEEN: Duration = Duration::from_millis(250);

/// A command over HTTP.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its id, as key of idempotency.
    pub id: Uuid,
    /// `POST` or `PUT`.
    pub method: Method,
    /// Where to.
    pub path: String,
    /// Its payload.
    pub body: Value,
    /// The version that its aggregate must have.
    pub expected_version: Option<u64>,
}

/// What a command was answered: equal for every repeat of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// The aggregate's version, when accepted or refused for its version.
    pub version: Option<i64>,
    /// Ids of the events that were made.
    #[serde(default)]
    pub events: Vec<String>,
    /// Why it was refused.
    pub code: Option<String>,
}

impl Answer {
    /// Whether the command was accepted.
    pub const fn is_accepted(&self) -> bool {
        matches!(self.status, 200 | 201)
    }
}

/// Where commands are sent, by all clients.
#[derive(Debug)]
pub struct Api {
    http: Http,
    urls: Vec<String>,
    next: AtomicU64,
    attempts: AtomicU64,
}

impl Api {
    /// The instances at these base URLs.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(urls: Vec<String>) -> reqwest::Result<Self> {
        let http = Http::builder().timeout(ATTEMPT).no_proxy().build()?;
        Ok(Self { http, urls, next: AtomicU64::new(0), attempts: AtomicU64::new(0) })
    }

    /// How often anything was sent.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Sends a command until it is decided; `None` when it is not by the deadline.
    pub async fn insist(&self, command: &Command, deadline: Instant) -> Option<Answer> {
        while Instant::now() < deadline {
            if let Some(answer) = self.attempt(command).await {
                return Some(answer);
            }
            sleep(BETWEEN).await;
        }
        None
    }

    async fn attempt(&self, command: &Command) -> Option<Answer> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = usize::try_from(turn).unwrap_or(0).checked_rem(self.urls.len())?;
        let url = format!("{}{}", self.urls.get(turn)?, command.path);
        let mut request = self.http.request(command.method.clone(), url);
        request = request.header("idempotency-key", command.id.to_string()).json(&command.body);
        if let Some(version) = command.expected_version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let response = request.send().await.ok()?;
        let status = response.status();
        let is_final = status.is_success() && status != StatusCode::ACCEPTED
            || matches!(
                status,
                StatusCode::NOT_FOUND
                    | StatusCode::CONFLICT
                    | StatusCode::PRECONDITION_FAILED
                    | StatusCode::UNPROCESSABLE_ENTITY
            );
        if !is_final {
            return None;
        }
        let mut answer: Answer = response.json().await.ok()?;
        answer.status = status.as_u16();
        Some(answer)
    }
}
