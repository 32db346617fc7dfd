//! Dead letters for scripts and pages, and what is asked for them.

use consumer_runtime::dead_letters::desk::{self, DeadLetter, Request, Selection};
use event_log::{Partition, Position};
use schemas::Topic;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{consumer::Consumer, error::Error, standing::Observer};

/// What is asked for, and for which dead letters; all of them only when it says so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wish {
    /// `retry` or `skip`.
    action: Action,
    /// The one at this place, as `topic/partition/offset`.
    place: Option<String>,
    /// Those with this key.
    key: Option<String>,
    /// Those of this class of error.
    class: Option<String>,
    /// All of the consumer's.
    #[serde(default)]
    all: bool,
    /// Why they are given up; with `skip`.
    reason: Option<String>,
    /// Only tell which are meant.
    #[serde(default)]
    dry_run: bool,
}

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Apply it, and what waits behind it.
    Retry,
    /// Give it up for good.
    Skip,
}

/// One dead letter.
#[must_use]
pub fn as_json(letter: &DeadLetter) -> Value {
    let DeadLetter { at, key, class, error, schema_id, attempts, parked_at, waiting, request } =
        letter;
    json!({
        "topic": at.partition.topic.name(),
        "partition": at.partition.number,
        "offset": at.offset,
        "key": key.as_deref().and_then(|key| std::str::from_utf8(key).ok()),
        "class": class,
        "error": error,
        "schemaId": schema_id,
        "attempts": attempts,
        "parkedAt": parked_at.to_string(),
        "waiting": waiting,
        "request": request,
    })
}

/// The dead letters of a consumer, the oldest first.
///
/// # Errors
/// When Postgres fails.
pub async fn list(observer: &Observer, consumer: Consumer) -> Result<Vec<DeadLetter>, Error> {
    chosen(observer, consumer, &Selection::default()).await
}

async fn chosen(
    observer: &Observer,
    consumer: Consumer,
    selection: &Selection,
) -> Result<Vec<DeadLetter>, Error> {
    match desk::list(observer.database(consumer)?, selection).await {
        Err(error) if error.is_missing_table() => Ok(Vec::new()),
        listed => Ok(listed?),
    }
}

/// Leaves the request for the consumer to fulfil; the dead letters that are meant.
///
/// # Errors
/// When the wish makes no sense, or Postgres fails.
pub async fn ask(
    observer: &Observer,
    consumer: Consumer,
    wish: &Wish,
    by: &str,
) -> Result<Vec<DeadLetter>, Error> {
    let selection = wish.selection()?;
    let request = wish.request()?;
    let meant = chosen(observer, consumer, &selection).await?;
    if !wish.dry_run && !meant.is_empty() {
        desk::request(observer.database(consumer)?, &selection, &request, by).await?;
    }
    Ok(meant)
}

impl Wish {
    fn selection(&self) -> Result<Selection, Error> {
        let malformed = || Error::Refused("place is no topic/partition/offset".to_owned());
        let at = match &self.place {
            Some(text) => Some(place(text).ok_or_else(malformed)?),
            None => None,
        };
        let key = self.key.as_ref().map(|key| key.clone().into_bytes());
        let selection = Selection { at, key, class: self.class.clone() };
        if selection == Selection::default() && !self.all {
            let said = "say which: place, key, class, or all";
            return Err(Error::Refused(said.to_owned()));
        }
        Ok(selection)
    }

    fn request(&self) -> Result<Request, Error> {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        match (self.action, reason) {
            (Action::Retry, _) => Ok(Request::Retry),
            (Action::Skip, Some(reason)) => Ok(Request::Skip { reason: reason.to_owned() }),
            (Action::Skip, None) => {
                Err(Error::Refused("say why it is given up: reason".to_owned()))
            }
        }
    }
}

/// Reads `topic/partition/offset`.
#[must_use]
pub fn place(text: &str) -> Option<Position> {
    let mut parts = text.split('/');
    let topic = Topic::named(parts.next()?)?;
    let number = parts.next()?.parse().ok()?;
    let offset = parts.next()?.parse().ok()?;
    let is_whole = parts.next().is_none();
    is_whole.then_some(Position { partition: Partition { topic, number }, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(value: Value) -> Wish {
        Wish::deserialize(value).unwrap()
    }

    #[test]
    fn a_wish_says_which_and_why() {
        let all = wish(json!({ "action": "retry", "all": true }));
        assert_eq!(all.selection().unwrap(), Selection::default());
        let one = wish(json!({ "action": "skip", "place": "order.events/3/47", "reason": " " }));
        assert_eq!(one.selection().unwrap().at.unwrap().offset, 47);
        assert!(one.request().unwrap_err().to_string().contains("why"));
        let none = wish(json!({ "action": "retry" }));
        assert!(none.selection().unwrap_err().to_string().contains("which"));
        let bad = wish(json!({ "action": "retry", "place": "order.events/3" }));
        assert!(bad.selection().unwrap_err().to_string().contains("place"));
    }
}
