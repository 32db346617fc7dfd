//! What is told of changes of the read model.

use reqwest::{Method, Response, header::ACCEPT};
use serde::Deserialize;

use crate::{
    client::{Asking, answer},
    error::Error,
    events::{Event, Events},
    order::{Correction, ID},
    settings::CHANGE_NOTIFIER,
};

/// The changes of all orders.
const PATH: &str = "/v1/changes?models=orders/overview";

/// A stream of changes, from its begin on.
#[derive(Debug)]
pub struct Changes {
    answer: Response,
    events: Events,
}

/// A change, as it is told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    change_kind: String,
    row_id: Option<String>,
    correlation_id: Option<String>,
    details: Option<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    text: Option<String>,
}

impl Changes {
    /// Begins to listen: nothing that comes after this is missed.
    ///
    /// # Errors
    /// When there is no stream.
    pub async fn open(asking: &Asking<'_>) -> Result<Self, Error> {
        let request = asking.request(Method::GET, CHANGE_NOTIFIER, PATH)?;
        let answer = answer(CHANGE_NOTIFIER, request.header(ACCEPT, "text/event-stream")).await?;
        let mut changes = Self { answer, events: Events::default() };
        while changes.next().await?.name != "ready" {}
        Ok(changes)
    }

    /// Returns when a correction is told of.
    ///
    /// # Errors
    /// When the stream ends before.
    pub async fn until_told(mut self, correction: &Correction) -> Result<(), Error> {
        while !tells(&self.next().await?, correction) {}
        Ok(())
    }

    async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.events.next() {
                return Ok(event);
            }
            let bytes = self.answer.chunk().await;
            let bytes = bytes.map_err(|error| Error::away(CHANGE_NOTIFIER, error))?;
            self.events.push(&bytes.ok_or(Error::Ended)?)?;
        }
    }
}

/// Whether a client learns by an event that it has to show the order anew.
fn tells(event: &Event, correction: &Correction) -> bool {
    match event.name.as_str() {
        // Too much has changed to be told row by row: every client then loads all.
        "reload" => true,
        "change" => {
            let Ok(change) = serde_json::from_str::<Change>(&event.data) else { return false };
            change.is_of(correction)
        }
        _ => false,
    }
}

impl Change {
    fn is_of(&self, correction: &Correction) -> bool {
        let Self { change_kind, row_id, correlation_id, details } = self;
        let text = details.as_ref().and_then(|row| row.text.as_deref());
        // Several changes of a row at once are told as one, under the name of any of them.
        let is_ours = correlation_id.as_deref() == Some(&correction.correlation_id)
            || text == Some(&correction.text);
        change_kind == "all" || (row_id.as_deref() == Some(ID) && is_ours)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(name: &str, data: &Value) -> bool {
        let correction = Correction { text: "new".into(), correlation_id: "c-1".into() };
        tells(&Event { name: name.into(), data: data.to_string() }, &correction)
    }

    fn change(kind: &str, row: &str, correlation_id: &str, text: &str) -> Value {
        json!({
            "endpoint": "orders", "readModel": "overview", "changeKind": kind, "rowId": row,
            "correlationId": correlation_id, "details": { "id": row, "text": text },
        })
    }

    #[test]
    fn only_the_own_change_counts() {
        assert!(told("change", &change("updateRow", ID, "c-1", "new")));
        assert!(told("change", &change("updateRow", ID, "c-0", "new")));
        assert!(told("change", &change("updateRow", ID, "c-1", "newer")));
        assert!(!told("change", &change("updateRow", ID, "c-0", "old")));
        assert!(!told("change", &change("updateRow", "o-1", "c-1", "new")));
        assert!(!told("change", &json!({ "changeKind": "updateRow", "rowId": ID })));
        assert!(!told("change", &json!("no change")));
        assert!(!told("ready", &json!({})));
    }

    #[test]
    fn who_has_to_load_all_is_told_too() {
        assert!(told("reload", &json!({})));
        assert!(told("change", &json!({ "changeKind": "all" })));
    }
}
