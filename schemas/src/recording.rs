//! Commands as recordings: one JSON object per command, in the form in which existing tools write
//! and read them, with what it takes to send the very same command again. Nothing that
//! authenticates anybody is part of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    customer::CustomerCommand,
    envelope::Envelope,
    id::{AggregateId, CommandId},
    message::Messages,
    order::OrderCommand,
    timestamp::Timestamp,
    topic::Topic,
};

/// A command of any aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyCommand {
    /// Of a customer.
    Customer(CustomerCommand),
    /// Of an order.
    Order(OrderCommand),
}

/// Why a recording is no command. Never repeats its data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCommand {
    /// No such aggregate type.
    #[error("aggregateName is none of customer, order")]
    Aggregate,
    /// No such command.
    #[error("command is none of {0}")]
    Name(String),
    /// A field of the payload is missing or malformed.
    #[error("payload is refused: {0}")]
    Payload(String),
    /// The id of the aggregate.
    #[error("aggregateId is refused: {0}")]
    AggregateId(String),
    /// A time.
    #[error("time is malformed")]
    Time,
}

const CUSTOMER: &str = "customer";
const ORDER: &str = "order";

/// The topics that carry commands.
pub const TOPICS: [Topic; 2] = [CustomerCommand::TOPIC, OrderCommand::TOPIC];

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

impl AnyCommand {
    /// Reads a command by the name that it has in requests, such as `CREATE` of a `customer`.
    ///
    /// # Errors
    /// [`NoCommand`] says what is wrong.
    pub fn read(aggregate: &str, name: &str, payload: Value) -> Result<Self, NoCommand> {
        match aggregate {
            CUSTOMER => read(aggregate, name, payload).map(Self::Customer),
            ORDER => read(aggregate, name, payload).map(Self::Order),
            _ => Err(NoCommand::Aggregate),
        }
    }

    /// The aggregate type.
    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        match self {
            Self::Customer(_) => CUSTOMER,
            Self::Order(_) => ORDER,
        }
    }

    /// The topic that carries it.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Customer(_) => CustomerCommand::TOPIC,
            Self::Order(_) => OrderCommand::TOPIC,
        }
    }

    /// Wire name of its type.
    #[must_use]
    pub fn wire_type(&self) -> &'static str {
        match self {
            Self::Customer(command) => command.wire_type(),
            Self::Order(command) => command.wire_type(),
        }
    }

    /// Its name in requests, such as `CREATE`.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.wire_type(), self.aggregate())
    }

    /// Its fields; those that are absent are left out.
    #[must_use]
    pub fn fields(&self) -> Value {
        let fields = match self {
            Self::Customer(command) => command.write_fields(serde_json::value::Serializer),
            Self::Order(command) => command.write_fields(serde_json::value::Serializer),
        };
        // Every field of a command is text, a number or absent: none that JSON would refuse.
        match fields.unwrap_or_default() {
            Value::Object(fields) => {
                fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
            }
            other => other,
        }
    }
}

fn read<M: Messages>(aggregate: &str, name: &str, payload: Value) -> Result<M, NoCommand> {
    let names = || M::FILES.iter().map(|file| name_of(file.wire_type, aggregate));
    let no_name = || NoCommand::Name(names().collect::<Vec<_>>().join(", "));
    let index = names().position(|known| known == name).ok_or_else(no_name)?;
    let payload = match payload {
        Value::Null => Value::Object(Map::new()),
        payload @ Value::Object(_) => payload,
        _ => return Err(NoCommand::Payload("must be an object".into())),
    };
    let read = M::from_fields(index, payload);
    read.map_err(|error| NoCommand::Payload(error.to_string()))?.ok_or_else(no_name)
}

/// `create_order` is `CREATE` of an order, `require_confirmation` is `REQUIRE_CONFIRMATION`.
fn name_of(wire_type: &str, aggregate: &str) -> String {
    let own = wire_type.strip_suffix(aggregate).and_then(|verb| verb.strip_suffix('_'));
    own.unwrap_or(wire_type).to_uppercase()
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
    /// [`NoCommand`] says what is wrong.
    pub fn to_sendable(&self) -> Result<Sendable, NoCommand> {
        let id = AggregateId::new(&self.aggregate_id);
        let exact = self.time.as_deref().map(|time| time.parse().map_err(|_| NoCommand::Time));
        let rough = || {
            let micros = self.timestamp?.saturating_mul(1_000);
            Some(Timestamp::from_micros(micros).map_err(|_| NoCommand::Time))
        };
        Ok(Sendable {
            id: self.command_id.as_deref().map(CommandId::from_key),
            command: AnyCommand::read(&self.aggregate_name, &self.command, self.payload.clone())?,
            aggregate: id.map_err(|error| NoCommand::AggregateId(error.to_string()))?,
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
    fn names_in_requests_are_those_of_the_wire_without_the_aggregate() {
        let names = |aggregate: &str, files: &[crate::message::SchemaFile]| {
            files.iter().map(|file| name_of(file.wire_type, aggregate)).collect::<Vec<_>>()
        };
        assert_eq!(
            names(CUSTOMER, CustomerCommand::FILES),
            ["CREATE", "UPDATE", "GRANT_EMAIL_PERMISSION", "WITHDRAW_EMAIL_PERMISSION"]
        );
        assert_eq!(
            names(ORDER, OrderCommand::FILES),
            ["CREATE", "ADD_USD_RATE_AND_VALUE", "REQUIRE_CONFIRMATION", "CONFIRM"]
        );
    }

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
        assert_eq!(sendable.command, AnyCommand::Order(ConfirmOrder {}.into()));
        assert_eq!((sendable.id, sendable.time.is_some()), (None, true));
        assert!(!serde_json::to_string(&recorded).unwrap().contains("secret"));
    }

    #[test]
    fn what_is_no_command_is_named() {
        let said = |aggregate: &str, name: &str, payload| {
            AnyCommand::read(aggregate, name, payload).unwrap_err().to_string()
        };
        assert_eq!(
            said("invoice", "CREATE", Value::Null),
            "aggregateName is none of customer, order"
        );
        assert_eq!(
            said("customer", "CONFIRM", Value::Null),
            "command is none of CREATE, UPDATE, GRANT_EMAIL_PERMISSION, WITHDRAW_EMAIL_PERMISSION"
        );
        assert_eq!(
            said("customer", "CREATE", json!({})),
            "payload is refused: missing field `name`"
        );
        assert_eq!(said("order", "CONFIRM", json!([])), "payload is refused: must be an object");
    }
}
