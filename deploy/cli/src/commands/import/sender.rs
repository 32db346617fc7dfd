//! One command over HTTP, sent again under the same `Idempotency-Key` until it has an answer.

use std::time::Duration;

use anyhow::anyhow;
use event_log::backoff::Backoff;
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER};
use schemas::CommandId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{history::Customer, ids, row::NewOrder};
use crate::{
    commands::services::{TOKEN, client},
    failure::{Failure, Result},
};

/// Longest wait for one answer: more than the API waits for an outcome.
const TIME_OUT: Duration = Duration::from_secs(30);

/// What the command API said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was accepted, now or in an earlier import.
    Accepted,
    /// Another command had created it before.
    AlreadyThere,
    /// It was refused, and why.
    Refused(String),
}

/// Sends commands.
#[derive(Clone, Debug)]
pub struct Sender {
    http: Client,
    base: String,
    patience: Duration,
}

/// What an error answer has in its body.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
}

/// How one attempt ended.
enum Attempt {
    Answered(Answer),
    /// It may help to wait; so long at least.
    Again {
        reason: String,
        wait: Duration,
    },
}

impl Sender {
    /// Sends to the API at `base`; `patience` is how long one command is sent again.
    pub fn new(base: &str, patience: Duration) -> Result<Self> {
        let http = client(TIME_OUT)?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { http, base, patience })
    }

    /// Creates a customer.
    pub async fn create_customer(&self, customer: &Customer) -> Result<Answer> {
        let body = json!({ "id": customer.id, "name": customer.name });
        let id = ids::create_customer(&customer.id, &customer.name);
        self.send("/v1/customers", id, &body).await
    }

    /// Creates an order.
    pub async fn create_order(&self, order: &NewOrder) -> Result<Answer> {
        let command = &order.command;
        let body = json!({
            "id": order.id,
            "customerId": command.customer_id,
            "text": command.text,
            "value": command.value,
            "orderedAt": command.ordered_at,
        });
        let id = ids::create_order(order.id, &command.text);
        self.send("/v1/orders", id, &body).await
    }

    async fn send(&self, path: &str, command: CommandId, body: &Value) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let give_up = Instant::now() + self.patience;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let request = self.http.post(&url).header("idempotency-key", command.to_string());
            let attempt = match request.json(body).send().await {
                Ok(response) => judge(response, &url).await?,
                Err(error) => Attempt::Again { reason: cause(&error), wait: Duration::ZERO },
            };
            let (reason, wait) = match attempt {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Again { reason, wait } => (reason, wait.max(backoff.next_wait())),
            };
            if Instant::now() + wait > give_up {
                let seconds = self.patience.as_secs();
                return Err(Failure::Unavailable(anyhow!(
                    "the command API at {} was away for {seconds} s ({reason}); run the import \
                     again to finish it",
                    self.base
                )));
            }
            sleep(wait).await;
        }
    }
}

async fn judge(response: Response, url: &str) -> Result<Attempt> {
    let status = response.status();
    if matches!(status, StatusCode::OK | StatusCode::CREATED) {
        // The connection can only be used again once the body was read.
        return Ok(match response.bytes().await {
            Ok(_) => Attempt::Answered(Answer::Accepted),
            Err(error) => Attempt::Again { reason: cause(&error), wait: Duration::ZERO },
        });
    }
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = seconds.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0).min(30);
    let problem = response.bytes().await.ok();
    let problem: Problem =
        problem.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    match status {
        StatusCode::CONFLICT if problem.code == "already_exists" => {
            Ok(Attempt::Answered(Answer::AlreadyThere))
        }
        StatusCode::BAD_REQUEST
        | StatusCode::CONFLICT
        | StatusCode::PRECONDITION_FAILED
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let reason =
                if problem.detail.is_empty() { status.to_string() } else { problem.detail };
            Ok(Attempt::Answered(Answer::Refused(reason)))
        }
        // In the log and not decided yet; or it may be in the log; or it is not.
        StatusCode::ACCEPTED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Ok(Attempt::Again { reason: status.to_string(), wait: Duration::from_secs(seconds) })
        }
        _ if status.is_server_error() => {
            let reason = if problem.code.is_empty() { status.to_string() } else { problem.code };
            Ok(Attempt::Again { reason, wait: Duration::from_secs(seconds) })
        }
        StatusCode::UNAUTHORIZED => {
            Err(Failure::setup(format!("{url} asks for a token: put one into {TOKEN}")))
        }
        StatusCode::FORBIDDEN => Err(Failure::setup(format!("{url}: {}", problem.detail))),
        _ => Err(Failure::setup(format!("{url} answers {status}: that is no command API"))),
    }
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use schemas::AggregateId;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Gives each request the next answer and keeps the requests; then hangs up.
    async fn api(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    let mut part = [0; 4_096];
                    let count = stream.read(&mut part).await.unwrap();
                    request.extend_from_slice(&part[..count]);
                }
                seen.lock().unwrap().push(String::from_utf8(request).unwrap());
                let (head, body) = answer.split_once('|').unwrap();
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (url, requests)
    }

    async fn send(answers: &'static [&'static str]) -> (Result<Answer>, Vec<String>) {
        let (url, requests) = api(answers).await;
        let sender = Sender::new(&url, Duration::from_secs(1)).unwrap();
        let customer =
            Customer { line: 2, id: AggregateId::new("a").unwrap(), name: "Anna".to_owned() };
        let answer = sender.create_customer(&customer).await;
        let requests = requests.lock().unwrap().clone();
        (answer, requests)
    }

    #[tokio::test]
    async fn a_command_is_sent_until_it_has_an_answer() {
        let (answer, requests) =
            send(&["503 Away|{}", "202 Accepted|{}", "429 Slow|", "201 Created|{}"]).await;
        assert_eq!(answer.unwrap(), Answer::Accepted);
        let key = |request: &String| {
            let line = request.lines().find(|line| line.starts_with("idempotency-key: "));
            line.unwrap().to_owned()
        };
        let keys: std::collections::HashSet<_> = requests.iter().map(key).collect();
        assert_eq!((requests.len(), keys.len()), (4, 1));
        assert!(requests[0].starts_with("POST /v1/customers HTTP/1.1"));
        assert!(requests[0].ends_with(r#"{"id":"a","name":"Anna"}"#));
    }

    #[tokio::test]
    async fn rejections_are_final() {
        let (answer, _) = send(&[r#"409 Conflict|{"code":"already_exists"}"#]).await;
        assert_eq!(answer.unwrap(), Answer::AlreadyThere);
        let (answer, _) = send(&[r#"422 Invalid|{"code":"invalid","detail":"no"}"#]).await;
        assert_eq!(answer.unwrap(), Answer::Refused("no".to_owned()));
        let (answer, _) = send(&["404 Not Found|"]).await;
        assert!(answer.unwrap_err().to_string().contains("no command API"));
    }

    #[tokio::test]
    async fn patience_ends() {
        let (answer, _) = send(&[r#"503 Away|{"code":"kafka_unavailable"}"#]).await;
        let message = answer.unwrap_err().to_string();
        assert!(message.contains("was away for 1 s"), "{message}");
    }
}
