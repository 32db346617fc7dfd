//! A record as operators see it, whatever it is.

use event_log::{Error, MessageReader, Partition, Position, reader::Unreadable, record};
use rdkafka::message::{BorrowedMessage, Message as _};
use schemas::{
    Decoder, Envelope, Messages, Timestamp, Topic,
    campaign::{CampaignCommand, CampaignEvent},
    classification::ClassificationEvent,
    command::CommandOutcome,
    customer::{CustomerCommand, CustomerEvent},
    mailing::{MailingCommand, MailingEvent},
    notification::{ChangeKind, ReadModelChanged},
    order::{OrderCommand, OrderEvent},
};
use serde_json::{Value, json};

/// A record that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Where it is; absent for what is in no topic.
    pub at: Option<Position>,
    /// When it was made.
    pub time: Timestamp,
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub source: String,
    /// Wire name of its type.
    pub message_type: String,
    /// Its key.
    pub key: String,
    /// Version of the aggregate after it.
    pub sequence: Option<u64>,
    /// Who asked for it.
    pub actor: Option<String>,
    /// Id of what caused it.
    pub causation_id: Option<String>,
    /// What joins it with others.
    pub correlation_id: Option<String>,
    /// Id of its schema in the registry.
    pub schema_id: Option<u32>,
    /// Its fields; none when they cannot be read.
    pub fields: Option<Value>,
    /// What else its kind says.
    pub kind: Kind,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A wish.
    Command,
    /// A fact.
    Event,
    /// Of the command whose id is the key: the version after it, or why it was refused.
    Outcome(Result<i64, String>),
    /// Of a row: which, and the event that changed it.
    Change {
        /// The row, in words.
        what: String,
        /// Topic, partition and offset of the event.
        by: Option<(String, i32, i64)>,
    },
    /// What was done outside because of an event.
    Effect(Effect),
    /// A record that cannot be read.
    Unreadable(String),
}

/// What a ledger says of an effect; it began at the time of its [`Seen`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it is about.
    pub subject: String,
    /// `begun`, `completed` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i32,
    /// When the last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// What came of the last attempt that ended.
    pub outcome: Option<String>,
}

impl Seen {
    /// A record with its envelope, its payload read.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn read(
        reader: &mut MessageReader,
        partition: Partition,
        record: &BorrowedMessage<'_>,
        envelope: &Envelope<'_>,
    ) -> Result<Self, Error> {
        let (key, payload) = record::bytes(record);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (kind, fields) = match read(reader, partition.topic, envelope.message_type, payload)? {
            Ok((kind, fields)) => (kind, Some(fields)),
            Err(Unreadable(reason)) => (Kind::Unreadable(reason), None),
        };
        Ok(Self {
            at: Some(Position { partition, offset: record.offset() }),
            time: time_of(record, envelope),
            id: envelope.id.to_owned(),
            source: envelope.source.to_owned(),
            message_type: envelope.message_type.to_owned(),
            key: String::from_utf8_lossy(key).into_owned(),
            sequence: envelope.sequence,
            actor: owned(envelope.actor),
            causation_id: owned(envelope.causation_id),
            correlation_id: owned(envelope.correlation_id),
            schema_id: Decoder::schema_id(payload).ok(),
            fields,
            kind,
        })
    }

    /// For scripts and pages.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let (kind, told) = match &self.kind {
            Kind::Command => ("command", Value::Null),
            Kind::Event => ("event", Value::Null),
            Kind::Outcome(Ok(version)) => ("outcome", json!({ "version": version })),
            Kind::Outcome(Err(reason)) => ("outcome", json!({ "rejection": reason })),
            Kind::Change { what, .. } => ("change", json!({ "what": what })),
            Kind::Effect(effect) => ("effect", effect.as_json()),
            Kind::Unreadable(reason) => ("unreadable", json!({ "reason": reason })),
        };
        let partition = self.at.map(|at| at.partition);
        json!({
            "kind": kind,
            "type": self.message_type,
            "key": self.key,
            "id": self.id,
            "source": self.source,
            "actor": self.actor,
            "sequence": self.sequence,
            "time": self.time.to_string(),
            "topic": partition.map(|partition| partition.topic.name()),
            "partition": partition.map(|partition| partition.number),
            "offset": self.at.map(|at| at.offset),
            "correlationId": self.correlation_id,
            "causationId": self.causation_id,
            "schemaId": self.schema_id,
            "fields": self.fields,
            "told": told,
        })
    }
}

impl Effect {
    fn as_json(&self) -> Value {
        let Self { subject, state, attempts, ended_at, outcome } = self;
        json!({
            "subject": subject,
            "state": state,
            "attempts": attempts,
            "endedAt": ended_at.map(|at| at.to_string()),
            "outcome": outcome,
        })
    }
}

/// When a record was made, by its envelope; otherwise when it was written.
pub fn time_of(record: &BorrowedMessage<'_>, envelope: &Envelope<'_>) -> Timestamp {
    let written = || {
        let written = record.timestamp().to_millis().unwrap_or_default().saturating_mul(1_000);
        Timestamp::from_micros(written).unwrap_or_else(|_| Timestamp::now())
    };
    envelope.time.unwrap_or_else(written)
}

type Read = Result<(Kind, Value), Unreadable>;

fn read(
    reader: &mut MessageReader,
    topic: Topic,
    message_type: &str,
    payload: &[u8],
) -> Result<Read, Error> {
    let mut reading = Reading { reader, message_type, payload };
    match topic {
        Topic::COMMAND_RESULTS => {
            let outcome = reading.reader.read_sole::<CommandOutcome>(payload)?;
            Ok(outcome.map(|outcome| (outcome_of(&outcome), fields(&outcome))))
        }
        Topic::CHANGE_NOTIFICATIONS => {
            let changed = reading.reader.read_sole::<ReadModelChanged>(payload)?;
            Ok(changed.map(|changed| (change(&changed), fields(&changed))))
        }
        Topic::CUSTOMER_COMMANDS => reading.one_of::<CustomerCommand>(Kind::Command),
        Topic::ORDER_COMMANDS => reading.one_of::<OrderCommand>(Kind::Command),
        Topic::CAMPAIGN_COMMANDS => reading.one_of::<CampaignCommand>(Kind::Command),
        Topic::MAILING_COMMANDS => reading.one_of::<MailingCommand>(Kind::Command),
        Topic::CUSTOMER_EVENTS => reading.one_of::<CustomerEvent>(Kind::Event),
        Topic::ORDER_EVENTS => reading.one_of::<OrderEvent>(Kind::Event),
        Topic::CAMPAIGN_EVENTS => reading.one_of::<CampaignEvent>(Kind::Event),
        Topic::MAILING_EVENTS => reading.one_of::<MailingEvent>(Kind::Event),
        Topic::CUSTOMER_CLASSIFICATION_EVENTS => reading.one_of::<ClassificationEvent>(Kind::Event),
        other => Ok(Err(Unreadable(format!("records of {other} are not shown")))),
    }
}

struct Reading<'a> {
    reader: &'a mut MessageReader,
    message_type: &'a str,
    payload: &'a [u8],
}

impl Reading<'_> {
    fn one_of<M: Messages>(&mut self, kind: Kind) -> Result<Read, Error> {
        let unknown = || Unreadable(format!("there is no type {:?} here", self.message_type));
        let read = self.reader.read::<M>(self.message_type, self.payload)?;
        Ok(read.and_then(|message| {
            let message = message.ok_or_else(unknown)?;
            Ok((kind, fields(&message)))
        }))
    }
}

/// The fields as JSON shows them.
pub fn fields(message: &impl Messages) -> Value {
    // Every field is text, a number, a list of such, or absent: none that JSON would refuse.
    message.write_fields(serde_json::value::Serializer).unwrap_or_default()
}

fn outcome_of(outcome: &CommandOutcome) -> Kind {
    Kind::Outcome(match &outcome.rejection {
        None => Ok(outcome.version),
        Some(rejection) => Err(rejection.message.clone()),
    })
}

fn change(changed: &ReadModelChanged) -> Kind {
    let verb = match changed.kind {
        ChangeKind::All => "anything may have changed",
        ChangeKind::AddRow => "new row",
        ChangeKind::UpdateRow => "row changed",
        ChangeKind::DeleteRow => "row gone",
    };
    let row = changed.row_id.as_ref().map(|row| format!(" {row}")).unwrap_or_default();
    let by = changed.topic.clone().zip(changed.partition).zip(changed.offset);
    Kind::Change {
        what: format!("{}/{}: {verb}{row}", changed.endpoint, changed.read_model),
        by: by.map(|((topic, partition), offset)| (topic, partition, offset)),
    }
}
