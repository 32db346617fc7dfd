//! A command of any aggregate, as it is named and written in requests and recordings.

use serde_json::{Map, Value};

use crate::{
    campaign::CampaignCommand,
    codec::{EncodeError, Encoder},
    customer::CustomerCommand,
    mailing::MailingCommand,
    message::Messages,
    order::OrderCommand,
    topic::Topic,
};

mod valuation;

/// A command of any aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyCommand {
    /// Of a customer.
    Customer(CustomerCommand),
    /// Of an order.
    Order(OrderCommand),
    /// Of a campaign.
    Campaign(CampaignCommand),
    /// Of a mailing.
    Mailing(MailingCommand),
}

/// Why there is no such command. Never repeats its data.
#[derive(Debug, thiserror::Error)]
pub enum NoCommand {
    /// No such aggregate type.
    #[error("aggregateName is none of customer, order, campaign, mailing")]
    Aggregate,
    /// No such command.
    #[error("command is none of {0}")]
    Name(String),
    /// The payload is no object.
    #[error("payload is refused: must be an object")]
    NoObject,
    /// A field of the payload is missing or malformed.
    #[error("payload is refused: {}", without_data(.0))]
    Payload(serde_path_to_error::Error<serde_json::Error>),
}

const CUSTOMER: &str = "customer";
const ORDER: &str = "order";
const CAMPAIGN: &str = "campaign";
const MAILING: &str = "mailing";

/// The topics that carry commands.
pub const TOPICS: [Topic; 4] =
    [CustomerCommand::TOPIC, OrderCommand::TOPIC, CampaignCommand::TOPIC, MailingCommand::TOPIC];

/// Writes the commands topics.
#[derive(Debug)]
pub struct Encoders {
    /// Commands of customers.
    pub customer: Encoder<CustomerCommand>,
    /// Commands of orders.
    pub order: Encoder<OrderCommand>,
    /// Commands of campaigns.
    pub campaign: Encoder<CampaignCommand>,
    /// Commands of mailings.
    pub mailing: Encoder<MailingCommand>,
}

impl Encoders {
    /// A command's bytes on its topic.
    ///
    /// # Errors
    /// When the command does not fit its schema (a bug).
    pub fn encode(&self, command: &AnyCommand) -> Result<Vec<u8>, EncodeError> {
        match command {
            AnyCommand::Customer(command) => self.customer.encode(command),
            AnyCommand::Order(command) => self.order.encode(command),
            AnyCommand::Campaign(command) => self.campaign.encode(command),
            AnyCommand::Mailing(command) => self.mailing.encode(command),
        }
    }
}

impl From<CustomerCommand> for AnyCommand {
    fn from(command: CustomerCommand) -> Self {
        Self::Customer(command)
    }
}

impl From<OrderCommand> for AnyCommand {
    fn from(command: OrderCommand) -> Self {
        Self::Order(command)
    }
}

impl From<CampaignCommand> for AnyCommand {
    fn from(command: CampaignCommand) -> Self {
        Self::Campaign(command)
    }
}

impl From<MailingCommand> for AnyCommand {
    fn from(command: MailingCommand) -> Self {
        Self::Mailing(command)
    }
}

impl AnyCommand {
    /// The names of the types of aggregates.
    pub const AGGREGATES: [&str; 4] = [CUSTOMER, ORDER, CAMPAIGN, MAILING];

    /// Reads a command by the name that it has in requests, such as `CREATE` of a `customer`.
    ///
    /// # Errors
    /// [`NoCommand`] says what is wrong.
    pub fn read(aggregate: &str, name: &str, payload: Value) -> Result<Self, NoCommand> {
        match aggregate {
            CUSTOMER => read(aggregate, name, payload).map(Self::Customer),
            ORDER => {
                let payload = match name {
                    "ADD_USD_RATE_AND_VALUE" => valuation::normal(payload),
                    _ => payload,
                };
                read(aggregate, name, payload).map(Self::Order)
            }
            CAMPAIGN => read(aggregate, name, payload).map(Self::Campaign),
            MAILING => read(aggregate, name, payload).map(Self::Mailing),
            _ => Err(NoCommand::Aggregate),
        }
    }

    /// The aggregate type.
    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        match self {
            Self::Customer(_) => CUSTOMER,
            Self::Order(_) => ORDER,
            Self::Campaign(_) => CAMPAIGN,
            Self::Mailing(_) => MAILING,
        }
    }

    /// The topic that carries it.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Customer(_) => CustomerCommand::TOPIC,
            Self::Order(_) => OrderCommand::TOPIC,
            Self::Campaign(_) => CampaignCommand::TOPIC,
            Self::Mailing(_) => MailingCommand::TOPIC,
        }
    }

    /// Wire name of its type.
    #[must_use]
    pub fn wire_type(&self) -> &'static str {
        match self {
            Self::Customer(command) => command.wire_type(),
            Self::Order(command) => command.wire_type(),
            Self::Campaign(command) => command.wire_type(),
            Self::Mailing(command) => command.wire_type(),
        }
    }

    /// Its name in requests, such as `CREATE`.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.wire_type(), self.aggregate())
    }

    /// The right that its sender needs: `<aggregate>.<COMMAND>`.
    #[must_use]
    pub fn right(&self) -> String {
        format!("{}.{}", self.aggregate(), self.name())
    }

    /// Its fields; those that are absent are left out.
    #[must_use]
    pub fn fields(&self) -> Value {
        let fields = match self {
            Self::Customer(command) => command.write_fields(serde_json::value::Serializer),
            Self::Order(command) => command.write_fields(serde_json::value::Serializer),
            Self::Campaign(command) => command.write_fields(serde_json::value::Serializer),
            Self::Mailing(command) => command.write_fields(serde_json::value::Serializer),
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
        _ => return Err(NoCommand::NoObject),
    };
    let mut track = serde_path_to_error::Track::new();
    let fields = serde_path_to_error::Deserializer::new(payload, &mut track);
    let read = M::from_fields(index, fields);
    read.map_err(|error| NoCommand::Payload(serde_path_to_error::Error::new(track.path(), error)))?
        .ok_or_else(no_name)
}

/// The library tells what was found before it tells what was expected.
fn without_data(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    match error.inner().to_string().rsplit_once(", expected ") {
        Some((_, expected)) => format!("{}: expected {expected}", error.path()),
        None => error.to_string(),
    }
}

/// `create_order` is `CREATE` of an order, `require_confirmation` is `REQUIRE_CONFIRMATION`.
fn name_of(wire_type: &str, aggregate: &str) -> String {
    let own = wire_type.strip_suffix(aggregate).and_then(|verb| verb.strip_suffix('_'));
    own.unwrap_or(wire_type).to_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            ["CREATE", "ADD_USD_RATE_AND_VALUE", "REQUIRE_CONFIRMATION", "CONFIRM", "CORRECT_TEXT"]
        );
        assert_eq!(
            names(CAMPAIGN, CampaignCommand::FILES),
            ["CREATE", "START", "FIX_AUDIENCE", "PAUSE", "COMPLETE"]
        );
        let mailing = names(MAILING, MailingCommand::FILES);
        assert_eq!(mailing[..3], ["REQUEST", "REQUEST_AGAIN", "MARK_SENT"]);
        assert_eq!(mailing[3..], ["MARK_FAILED", "MARK_UNCERTAIN", "EXCLUDE", "RECORD_REACTION"]);
    }

    #[test]
    fn what_is_no_command_is_named() {
        let said = |aggregate: &str, name: &str, payload| {
            AnyCommand::read(aggregate, name, payload).unwrap_err().to_string()
        };
        assert_eq!(
            said("invoice", "CREATE", Value::Null),
            "aggregateName is none of customer, order, campaign, mailing"
        );
        assert_eq!(
            said("customer", "CONFIRM", Value::Null),
            "command is none of CREATE, UPDATE, GRANT_EMAIL_PERMISSION, WITHDRAW_EMAIL_PERMISSION"
        );
        assert_eq!(
            said("customer", "CREATE", json!({})),
            "payload is refused: missing field `name`"
        );
        assert_eq!(
            said("customer", "CREATE", json!({ "name": 7 })),
            "payload is refused: name: expected a string"
        );
        assert_eq!(said("order", "CONFIRM", json!([])), "payload is refused: must be an object");
    }
}
