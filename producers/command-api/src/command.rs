//! A command of any aggregate, on its way into the log.

use domain::{Aggregate, Campaigns, Customers, Mailings, Orders, Violation};
use schemas::{
    AggregateId, CommandId, Messages, Timestamp, Topic, any_command::AnyCommand,
    campaign::CampaignCommand, command::fingerprint, customer::CustomerCommand,
    mailing::MailingCommand, order::OrderCommand,
};
use service::trace::{Context, context::TraceId};
use tracing::field::{DisplayValue, display};

/// The aggregate types and the topics of their commands.
pub const AGGREGATES: [(&str, Topic); 4] = [
    (Customers::NAME, CustomerCommand::TOPIC),
    (Orders::NAME, OrderCommand::TOPIC),
    (Campaigns::NAME, CampaignCommand::TOPIC),
    (Mailings::NAME, MailingCommand::TOPIC),
];

/// A command as a client sent it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its id: the client's own when it sent an `Idempotency-Key`.
    pub id: CommandId,
    /// Whom it is for.
    pub aggregate_id: AggregateId,
    /// What is wished.
    pub command: AnyCommand,
    /// Version that the aggregate must have.
    pub expected_version: Option<u64>,
    /// Joins it with its events.
    pub correlation_id: String,
    /// Who sent it.
    pub actor: String,
    /// Where what it causes belongs, in which trace.
    pub trace: Option<Context>,
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

impl Submission {
    /// What is wrong with its form.
    pub fn validate(&self, now: Timestamp) -> Vec<Violation> {
        match &self.command {
            AnyCommand::Customer(command) => Customers::validate(command, now),
            AnyCommand::Order(command) => Orders::validate(command, now),
            AnyCommand::Campaign(command) => Campaigns::validate(command, now),
            AnyCommand::Mailing(command) => Mailings::validate(command, now),
        }
    }

    /// The trace that it belongs to, for the log.
    pub fn trace_id(&self) -> Option<DisplayValue<TraceId>> {
        self.trace.map(|context| display(context.trace_id()))
    }

    /// What tells it from another command under the same id; `payload` are its bytes.
    pub fn identity(&self, payload: &[u8]) -> Identity {
        Identity {
            aggregate: self.command.aggregate(),
            aggregate_id: self.aggregate_id.clone(),
            fingerprint: fingerprint(self.command.wire_type(), self.expected_version, payload),
        }
    }
}
