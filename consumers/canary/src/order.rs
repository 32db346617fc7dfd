//! The order that is corrected again and again.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, header::ACCEPT};
use schemas::{Timestamp, Token};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    client::{Asking, answer},
    error::Error,
    settings::{COMMAND_API, ORDERS},
};

/// Its id, and its customer's, who need not be known. Nothing else has them in a system in use.
pub const ID: &str = "canary";

/// The least that an order can be of.
const VALUE: &str = "0.01";

/// Joins a command with what it sets off.
const CORRELATION_ID: &str = "x-correlation-id";

/// Longest wait that services allow, in seconds.
const LONGEST_WAIT: u64 = 25;

/// What a run changes.
#[derive(Debug)]
pub struct Correction {
    /// What the order is to say; never the same.
    pub text: String,
    /// By which the run is found in logs, notifications and traces.
    pub correlation_id: String,
}

/// What command-api says of a command that was accepted.
#[derive(Debug, Deserialize)]
pub struct Accepted {
    /// Version of the order after it.
    version: i64,
    /// What a query is sent with that is to see it.
    token: Option<String>,
}

/// An order, as the read model shows it.
#[derive(Debug, Deserialize)]
struct Row {
    text: String,
    version: i64,
}

impl Correction {
    /// One of this moment.
    pub fn new(now: Timestamp) -> Self {
        Self { text: format!("the canary at {now}"), correlation_id: Uuid::now_v7().to_string() }
    }

    /// Sends it, and waits for its outcome.
    ///
    /// # Errors
    /// When it is refused, or not decided.
    pub async fn send(&self, asking: &Asking<'_>, wait: Duration) -> Result<Accepted, Error> {
        let body = json!({
            "aggregateName": "order", "aggregateId": ID, "command": "CORRECT_TEXT",
            "payload": { "text": self.text }, "correlationId": self.correlation_id,
        });
        let request = asking.request(Method::POST, COMMAND_API, "/api/command")?;
        let request = waiting(request, wait).header(ACCEPT, "application/json").json(&body);
        let answer = answer(COMMAND_API, request).await?;
        if answer.status() == StatusCode::ACCEPTED {
            return Err(Error::Undecided);
        }
        let accepted = answer.json().await;
        accepted.map_err(|_| Error::Incomplete { service: COMMAND_API, what: "an outcome" })
    }
}

/// Places the order, unless it is there.
///
/// # Errors
/// When it is neither there nor can be.
pub async fn place(asking: &Asking<'_>, wait: Duration) -> Result<(), Error> {
    let body = json!({ "id": ID, "customerId": ID, "text": "the canary", "value": VALUE });
    let request = asking.request(Method::POST, COMMAND_API, "/v1/orders")?;
    match answer(COMMAND_API, waiting(request, wait).json(&body)).await {
        Ok(answer) if answer.status() == StatusCode::ACCEPTED => Err(Error::Undecided),
        Ok(_) | Err(Error::Refused { status: StatusCode::CONFLICT, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns when the read model shows a correction to whoever asks with its token.
///
/// # Errors
/// When it does not.
pub async fn is_readable(
    asking: &Asking<'_>,
    correction: &Correction,
    accepted: Accepted,
    wait: Duration,
) -> Result<(), Error> {
    let Accepted { version, token } = accepted;
    let token = token.ok_or(Error::Incomplete { service: COMMAND_API, what: "a token" })?;
    let request = asking.request(Method::GET, ORDERS, &format!("/v1/orders/{ID}"))?;
    let request = waiting(request, wait)
        .header(Token::HEADER, token)
        .header(CORRELATION_ID, &correction.correlation_id);
    let row = answer(ORDERS, request).await?.json::<Row>().await;
    let row = row.map_err(|_| Error::Incomplete { service: ORDERS, what: "the order" })?;
    row.shows(&correction.text, version)
}

impl Row {
    /// A later version shows it as well: it may have been corrected by another canary meanwhile.
    fn shows(&self, text: &str, version: i64) -> Result<(), Error> {
        match self.version.cmp(&version) {
            std::cmp::Ordering::Greater => Ok(()),
            std::cmp::Ordering::Equal if self.text == text => Ok(()),
            _ => Err(Error::Outdated { shown: self.version, wanted: version }),
        }
    }
}

/// The service is to wait a little shorter than we would: what it says then tells more than that
/// nothing came.
fn waiting(request: RequestBuilder, wait: Duration) -> RequestBuilder {
    // Whoever is asked not to wait at all answers that it has not decided yet.
    let wait = wait.as_secs().saturating_sub(1).clamp(1, LONGEST_WAIT);
    request.header("prefer", format!("wait={wait}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_corrections_are_the_same() {
        let (now, later) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let (one, other) = (Correction::new(now.unwrap()), Correction::new(later.unwrap()));
        assert_eq!(one.text, "the canary at 1970-01-01T00:00:00.000001Z");
        assert!(one.text != other.text && one.correlation_id != other.correlation_id);
    }

    #[test]
    fn a_row_shows_it_from_its_version_on() {
        let shows = |row: (&str, i64)| Row { text: row.0.into(), version: row.1 }.shows("new", 7);
        assert!(shows(("new", 7)).is_ok() && shows(("newer", 8)).is_ok());
        for row in [("old", 6), ("old", 7), ("new", 6)] {
            assert!(matches!(shows(row), Err(Error::Outdated { wanted: 7, .. })), "{row:?}");
        }
    }
}
