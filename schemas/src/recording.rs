//! Commands as recordings: one JSON object per command, in the form in which existing tools write
//! and read them, with what it takes to send the very same command again. Nothing that
//! authenticates anybody is part of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    any_command::{AnyCommand, NoCommand},
    envelope::Envelope,
    id::{AggregateId, CommandId, InvalidAggregateId},
    timestamp::Timestamp,
};

/// A command as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCommand {
    /// Its id, as its sender wrote it; absent in recordings of tools that give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    /// Aggregate type.
    pub aggregate_name: String,
    /// Id of the aggregate.
    pub aggregate_id: String,
    /// What is wished, such as `CREATE`.
    pub command: String,
    /// Its fields.
    #[serde(default)]
    pub payload: Value,
    /// Joins it with everything that it set off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event that it answers, if a policy gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The binary that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Version that the aggregate had to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
    /// When it was made, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// The same to the microsecond; goes before `timestamp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A recorded command that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sendable {
    /// Its id, if it has one.
    pub id: Option<CommandId>,
    /// The aggregate.
    pub aggregate: AggregateId,
    /// What is wished.
    pub command: AnyCommand,
    /// When it was made.
    pub time: Option<Timestamp>,
}

/// Why a recording cannot be sent. Never repeats its data.
#[derive(Debug, thiserror::Error)]
pub enum NotSendable {
    /// It is no command.
    #[error(transparent)]
    Command(#[from] NoCommand),
    /// The id of the aggregate.
    #[error("aggregateId is refused: {0}")]
    AggregateId(#[from] InvalidAggregateId),
    /// A time.
    #[error("time is malformed")]
    Time,
}

impl RecordedCommand {
    /// Records a command, which is in the log with this envelope since `written`.
    #[must_use]
    pub fn new(
        aggregate_id: &str,
        command: &AnyCommand,
        envelope: &Envelope<'_>,
        written: Timestamp,
    ) -> Self {
        let time = envelope.time.unwrap_or(written);
        Self {
            command_id: Some(envelope.id.to_owned()),
            aggregate_name: command.aggregate().to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            command: command.name(),
            payload: command.fields(),
            correlation_id: envelope.correlation_id.map(str::to_owned),
            causation_id: envelope.causation_id.map(str::to_owned),
            actor: envelope.actor.map(str::to_owned),
            source: Some(envelope.source.to_owned()),
            expected_version: envelope.expected_version,
            timestamp: Some(time.micros().div_euclid(1_000)),
            time: Some(time.to_string()),
        }
    }

    /// The command itself.
    ///
    /// # Errors
    /// [`NotSendable`] says what is wrong.
    pub fn to_sendable(&self) -> Result<Sendable, NotSendable> {
        let id = AggregateId::new(&self.aggregate_id);
        let exact = self.time.as_deref().map(|time| time.parse().map_err(|_| NotSendable::Time));
        let rough = || {
            let micros = self.timestamp?.saturating_mul(1_000);
            Some(Timestamp::from_micros(micros).map_err(|_| NotSendable::Time))
        };
        Ok(Sendable {
            id: self.command_id.as_deref().map(CommandId::from_key),
            command: AnyCommand::read(&self.aggregate_name, &self.command, self.payload.clone())?,
            aggregate: id?,
            time: exact.or_else(rough).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        decimal::Money,
        order::{ConfirmOrder, CreateOrder},
    };

    #[test]
    fn a_command_is_recorded_and_read_again() {
        let command = AnyCommand::Order(
            CreateOrder {
                customer_id: AggregateId::new("c1").unwrap(),
                text: "a book".into(),
                value: Money::from_minor(1_399),
                ordered_at: None,
            }
            .into(),
        );
        let envelope = Envelope {
            id: "my-key",
            source: "command-api",
            time: Some("2026-11-20T10:00:00.000001Z".parse().unwrap()),
            correlation_id: Some("SVLT-1"),
            actor: Some("anna"),
            expected_version: Some(0),
            ..Envelope::default()
        };
        let recorded = RecordedCommand::new("o1", &command, &envelope, Timestamp::now());
        let text = serde_json::to_string(&recorded).unwrap();
        assert!(text.contains(
            r#""command":"CREATE","payload":{"customerId":"c1","text":"a book","value":"13.99"}"#
        ));
        assert!(text.contains(r#""timestamp":1795168800000"#), "{text}");
        let again: RecordedCommand = serde_json::from_str(&text).unwrap();
        assert_eq!(again, recorded);
        let sendable = again.to_sendable().unwrap();
        assert_eq!((sendable.command, sendable.time), (command, envelope.time));
        assert_eq!(sendable.id, Some(CommandId::from_key("my-key")));
    }

    #[test]
    fn recordings_of_other_tools_are_read() {
        let line = json!({
            "aggregateName": "order", "aggregateId": "o1", "command": "CONFIRM",
            "auth": {"token": "secret"}, "timestamp": 1_795_168_800_000_i64, "correlationId": "R-1",
        });
        let recorded: RecordedCommand = serde_json::from_value(line).unwrap();
        let sendable = recorded.to_sendable().unwrap();
        assert_eq!(sendable.command, AnyCommand::Order(ConfirmOrder::default().into()));
        assert_eq!((sendable.id, sendable.time.is_some()), (None, true));
        assert!(!serde_json::to_string(&recorded).unwrap().contains("secret"));
        // Other services calculate without rounding, and know days.
        let valuation =
            |payload: Value| AnyCommand::read("order", "ADD_USD_RATE_AND_VALUE", payload).unwrap();
        assert_eq!(
            valuation(json!({ "time": "2026-11-20", "usdRate": "1.0850", "usdValue": 15.17915 })),
            valuation(json!({
                "time": "2026-11-20T00:00:00Z", "usdRate": "1.0850", "usdValue": "15.18",
            }))
        );
    }
}
