//! A notification as it is kept and sent: made ready once, shared by all clients.

use std::sync::OnceLock;

use bytes::Bytes;
use event_log::Position;
use schemas::notification::{ChangeKind, ReadModelChanged};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    cursor::{self, LogId},
    filter::Model,
};

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The change.
    pub body: ReadModelChanged,
    /// Of the command that caused it.
    pub correlation_id: Option<Box<str>>,
}

/// A notification in its place.
#[derive(Debug)]
pub struct Change {
    /// Where it is.
    pub at: Position,
    /// The read model.
    pub model: Model,
    /// What it says.
    pub notification: Notification,
    /// Where a reader stands that has seen this and all before it.
    pub next: Box<[i64]>,
    /// As an event of a stream, whole.
    pub event: Bytes,
    /// How much of the event comes before its id.
    before_id: usize,
    details: OnceLock<Value>,
}

/// The event's data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    endpoint: &'a str,
    read_model: &'a str,
    change_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Cause<'a>>,
}

/// Where the event is that caused the change.
#[derive(Serialize)]
struct Cause<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
}

impl Notification {
    /// Takes what a record says. Details that are no JSON are left out.
    pub fn new(mut body: ReadModelChanged, correlation_id: Option<&str>) -> Self {
        // A line break between two values would break the event in two.
        let breaks = |text: &str| text.contains(['\n', '\r']);
        body.details = body.details.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok());
        if let Some(text) = body.details.take_if(|text| breaks(text)) {
            body.details = serde_json::from_str(&text).ok().map(|value: Value| value.to_string());
        }
        Self { body, correlation_id: correlation_id.map(Into::into) }
    }

    fn data(&self) -> Data<'_> {
        let body = &self.body;
        let position = body.topic.as_deref().zip(body.partition).zip(body.offset);
        Data {
            endpoint: &body.endpoint,
            read_model: &body.read_model,
            change_kind: kind(body.kind),
            row_id: body.row_id.as_deref(),
            details: body.details.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            correlation_id: self.correlation_id.as_deref(),
            position: position.map(|((topic, partition), offset)| Cause {
                topic,
                partition,
                offset,
            }),
        }
    }
}

/// The name of a kind on the wire.
pub const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::All => "all",
        ChangeKind::AddRow => "addRow",
        ChangeKind::UpdateRow => "updateRow",
        ChangeKind::DeleteRow => "deleteRow",
    }
}

impl Change {
    /// Puts a notification in its place.
    pub fn new(log: LogId, at: Position, next: &[i64], notification: Notification) -> Self {
        let data = serde_json::to_string(&notification.data()).unwrap_or_default();
        let mut event = format!("event: change\ndata: {data}\n");
        let before_id = event.len();
        event.push_str("id: ");
        event.push_str(&cursor::text(log, next));
        event.push_str("\n\n");
        Self {
            at,
            model: Model::new(&notification.body.endpoint, &notification.body.read_model),
            notification,
            next: next.into(),
            event: event.into(),
            before_id,
            details: OnceLock::new(),
        }
    }

    /// As an event for a reader that stands elsewhere afterwards.
    pub fn event_with_id(&self, id: &str) -> Bytes {
        let before = self.event.get(..self.before_id).unwrap_or_default();
        [before, b"id: ", id.as_bytes(), b"\n\n"].concat().into()
    }

    /// The row, when the notification shows it.
    pub fn details(&self) -> Option<&Value> {
        let text = self.notification.body.details.as_deref()?;
        Some(self.details.get_or_init(|| serde_json::from_str(text).unwrap_or_default()))
    }

    /// What it takes in memory, in bytes, about.
    pub fn size(&self) -> usize {
        let details = self.notification.body.details.as_ref().map_or(0, String::len);
        // The details once more, should a socket ask for them.
        self.event.len() + 4 * details + 8 * self.next.len() + 512
    }
}

#[cfg(test)]
pub mod tests {
    use event_log::Position;
    use schemas::{Partition, Topic};
    use serde_json::json;

    use super::*;

    pub fn at(number: i32, offset: i64) -> Position {
        Position { partition: Partition { topic: Topic::CHANGE_NOTIFICATIONS, number }, offset }
    }

    /// A change of `orders/overview`.
    pub fn body(kind: ChangeKind, row: &str, details: Option<&str>) -> ReadModelChanged {
        let is_row = kind != ChangeKind::All;
        ReadModelChanged {
            endpoint: "orders".into(),
            read_model: "overview".into(),
            kind,
            row_id: is_row.then(|| row.into()),
            topic: is_row.then(|| "order.events".into()),
            partition: is_row.then_some(2),
            offset: is_row.then_some(7),
            details: details.map(str::to_owned),
        }
    }

    pub fn change(kind: ChangeKind, row: &str, details: Option<&str>) -> Change {
        let notification = Notification::new(body(kind, row, details), Some("SVLT-1"));
        Change::new(LogId::new("c", "t"), at(0, 4), &[5, 9], notification)
    }

    fn data(change: &Change) -> Value {
        let text = std::str::from_utf8(&change.event).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let [event, data, id, ""] = lines.as_slice() else { panic!("{text}") };
        assert_eq!(*event, "event: change");
        assert!(id.starts_with("id: ") && text.ends_with("\n\n"), "{text}");
        serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()
    }

    #[test]
    fn an_event_says_everything() {
        let change = change(ChangeKind::AddRow, "o1", Some("{\"id\":\n\"o1\"}"));
        let wanted = json!({
            "endpoint": "orders", "readModel": "overview", "changeKind": "addRow", "rowId": "o1",
            "details": {"id": "o1"}, "correlationId": "SVLT-1",
            "position": {"topic": "order.events", "partition": 2, "offset": 7},
        });
        assert_eq!(data(&change), wanted);
        let other = change.event_with_id("x");
        assert!(other.ends_with(b"\nid: x\n\n"), "{other:?}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let all = change(ChangeKind::All, "", None);
        let wanted = json!({
            "endpoint": "orders", "readModel": "overview", "changeKind": "all",
            "correlationId": "SVLT-1",
        });
        assert_eq!(data(&all), wanted);
        let broken = change(ChangeKind::UpdateRow, "o1", Some("{"));
        assert_eq!((data(&broken).get("details"), broken.details()), (None, None));
    }
}
