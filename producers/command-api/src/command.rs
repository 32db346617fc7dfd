//! A command of any aggregate, on its way into the log.

use domain::{Aggregate, Customers, Orders, Violation};
use schemas::{
    AggregateId, CommandId, Encoder, Messages, Timestamp, Topic, codec::EncodeError,
    command::fingerprint, customer::CustomerCommand, order::OrderCommand,
};

/// The aggregate types and the topics of their commands.
pub const AGGREGATES: [(&str, Topic); 2] =
    [(Customers::NAME, CustomerCommand::TOPIC), (Orders::NAME, OrderCommand::TOPIC)];

/// A command of one of the aggregates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Of a customer.
    Customer(CustomerCommand),
    /// Of an order.
    Order(OrderCommand),
}

/// The writers of the commands topics.
#[derive(Debug)]
pub struct Encoders {
    /// Of customers.
    pub customer: Encoder<CustomerCommand>,
    /// Of orders.
    pub order: Encoder<OrderCommand>,
}

/// A command as a client sent it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its id: the client's own when it sent an `Idempotency-Key`.
    pub id: CommandId,
    /// Whom it is for.
    pub aggregate_id: AggregateId,
    /// What is wished.
    pub command: Command,
    /// Version that the aggregate must have.
    pub expected_version: Option<u64>,
    /// Joins it with its events.
    pub correlation_id: String,
    /// Who sent it.
    pub actor: String,
}

/// What tells one command from another that was sent under the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Aggregate type.
    pub aggregate: &'static str,
    /// Aggregate.
    pub aggregate_id: AggregateId,
    /// Hash of all that makes it this command.
    pub fingerprint: i64,
}

impl Command {
    /// Aggregate type.
    pub const fn aggregate(&self) -> &'static str {
        match self {
            Self::Customer(_) => Customers::NAME,
            Self::Order(_) => Orders::NAME,
        }
    }

    /// Topic that carries it.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Customer(_) => CustomerCommand::TOPIC,
            Self::Order(_) => OrderCommand::TOPIC,
        }
    }

    /// Wire name.
    pub fn wire_type(&self) -> &'static str {
        match self {
            Self::Customer(command) => command.wire_type(),
            Self::Order(command) => command.wire_type(),
        }
    }

    /// The right that its sender needs: `<aggregate>.<COMMAND>`.
    pub const fn right(&self) -> &'static str {
        match self {
            Self::Customer(command) => match command {
                CustomerCommand::Create(_) => "customer.CREATE",
                CustomerCommand::Update(_) => "customer.UPDATE",
                CustomerCommand::GrantEmailPermission(_) => "customer.GRANT_EMAIL_PERMISSION",
                CustomerCommand::WithdrawEmailPermission(_) => "customer.WITHDRAW_EMAIL_PERMISSION",
            },
            Self::Order(command) => match command {
                OrderCommand::Create(_) => "order.CREATE",
                OrderCommand::AddUsdRateAndValue(_) => "order.ADD_USD_RATE_AND_VALUE",
                OrderCommand::RequireConfirmation(_) => "order.REQUIRE_CONFIRMATION",
                OrderCommand::Confirm(_) => "order.CONFIRM",
            },
        }
    }

    /// What is wrong with its form.
    pub fn validate(&self, now: Timestamp) -> Vec<Violation> {
        match self {
            Self::Customer(command) => Customers::validate(command, now),
            Self::Order(command) => Orders::validate(command, now),
        }
    }

    /// Its bytes on the topic.
    pub fn encode(&self, encoders: &Encoders) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Customer(command) => encoders.customer.encode(command),
            Self::Order(command) => encoders.order.encode(command),
        }
    }
}

impl Submission {
    /// What tells it from another command under the same id; `payload` are its bytes.
    pub fn identity(&self, payload: &[u8]) -> Identity {
        Identity {
            aggregate: self.command.aggregate(),
            aggregate_id: self.aggregate_id.clone(),
            fingerprint: fingerprint(self.command.wire_type(), self.expected_version, payload),
        }
    }
}

impl From<CustomerCommand> for Command {
    fn from(command: CustomerCommand) -> Self {
        Self::Customer(command)
    }
}

impl From<OrderCommand> for Command {
    fn from(command: OrderCommand) -> Self {
        Self::Order(command)
    }
}
