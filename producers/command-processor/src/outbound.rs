//! The records that a decision makes.

use event_log::{Error, OutRecord, record::headers};
use schemas::{
    AggregateId, CommandId, Encoder, Envelope, EventId, Messages, Timestamp, Topic,
    command::CommandOutcome,
};

/// Who says what we say.
pub const SOURCE: &str = "command-processor";

/// What all records of one command share.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// The command's id as its sender wrote it.
    pub command: &'a str,
    /// The same, as ids are made from it.
    pub command_id: CommandId,
    /// Its offset in the commands topic.
    pub offset: i64,
    /// The command's correlation id, else its own id.
    pub correlation_id: &'a str,
    /// Who asked for it.
    pub actor: Option<&'a str>,
    /// Its trace.
    pub traceparent: Option<&'a str>,
    /// When it was decided.
    pub now: Timestamp,
}

impl<'a> Cause<'a> {
    /// The command with this envelope at this offset, decided now.
    pub fn of(envelope: &Envelope<'a>, offset: i64, now: Timestamp) -> Self {
        Self {
            command: envelope.id,
            command_id: CommandId::from_key(envelope.id),
            offset,
            correlation_id: envelope.correlation_id.unwrap_or(envelope.id),
            actor: envelope.actor,
            traceparent: envelope.traceparent,
            now,
        }
    }

    /// The same, so that what it causes comes after this place in its trace.
    pub fn within(self, traceparent: Option<&'a str>) -> Self {
        Self { traceparent: traceparent.or(self.traceparent), ..self }
    }

    fn envelope(&self, id: &'a str, message_type: &'a str, subject: &'a str) -> Envelope<'a> {
        Envelope {
            id,
            source: SOURCE,
            message_type,
            time: Some(self.now),
            subject: Some(subject),
            correlation_id: Some(self.correlation_id),
            causation_id: Some(self.command),
            actor: self.actor,
            traceparent: self.traceparent,
            ..Envelope::default()
        }
    }
}

/// Which of a command's events one is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its number among them, from 0.
    pub index: u32,
    /// Further ones follow.
    pub continues: bool,
    /// The version of its aggregate after it.
    pub version: i64,
}

/// An event of a command.
pub fn event<E: Messages>(
    encoder: &Encoder<E>,
    cause: &Cause<'_>,
    partition: i32,
    aggregate: &AggregateId,
    place: Place,
    event: &E,
) -> Result<OutRecord, Error> {
    let Place { index, continues, version } = place;
    let id = EventId::of_command(cause.command_id, index).to_string();
    let mut envelope = cause.envelope(&id, event.wire_type(), aggregate.as_str());
    envelope.sequence = u64::try_from(version).ok();
    envelope.command_offset = Some(cause.offset);
    envelope.command_continues = continues;
    Ok(OutRecord {
        topic: E::TOPIC,
        partition: Some(partition),
        key: Some(aggregate.as_str().into()),
        payload: Some(encoder.encode(event)?),
        headers: headers(&envelope),
    })
}

/// The outcome of a command, to the partition that its sender reads, which must exist.
pub fn outcome(
    encoder: &Encoder<CommandOutcome>,
    cause: &Cause<'_>,
    reply_to: Option<i32>,
    outcome: &CommandOutcome,
) -> Result<OutRecord, Error> {
    let envelope = cause.envelope(cause.command, outcome.wire_type(), &outcome.aggregate_id);
    Ok(OutRecord {
        topic: Topic::COMMAND_RESULTS,
        partition: reply_to,
        key: Some(cause.command.into()),
        payload: Some(encoder.encode(outcome)?),
        headers: headers(&envelope),
    })
}
