//! The seam between engine and business: a projection turns events into rows. It is synchronous
//! and pure; what it needs it names beforehand, and time is an argument.

use apache_avro::{
    AvroResult, reader::datum::GenericDatumReader, writer::datum::GenericDatumWriter,
};
use schemas::{AggregateId, EventId, Messages, Timestamp, Topic, message::SchemaFile};
use serde::{Deserializer, Serializer};
use service::trace::Context;

use crate::{
    recorded::{Recorded, Source},
    table::NotLoaded,
    tables::{AnyTables, TableSet},
};

/// A read model in the making.
pub trait Projection: Send + Sync + 'static {
    /// Counts the rules: raised when the same events make other rows than before. A process does
    /// not touch rows of another version; the read model is rebuilt.
    const VERSION: i32 = 1;

    /// The events that it handles: one type for those of all its topics.
    type Event: Send + Sync + 'static;

    /// The tables that it keeps.
    type Tables: TableSet;

    /// What it publishes itself; [`NoEmission`] when it only keeps tables.
    type Emission: Messages;

    /// The topics that it reads.
    fn sources(&self) -> Vec<Source<Self::Event>>;

    /// Names the rows that an event will need. Called for every event of a batch, and again after
    /// each load until nothing new is named: so it may follow what is loaded to further rows. The
    /// row that keeps the version of the event's own aggregate need not be named. Shared rows
    /// must not depend on other shared rows.
    fn keys(&self, event: &Recorded<Self::Event>, tables: &mut Self::Tables);

    /// Folds an event into the rows. Events come in the order of each partition; repeats and gaps
    /// have been dealt with, and the version is kept by the runtime.
    ///
    /// # Errors
    /// When the event contradicts the rows: nothing of its batch is stored, and the process ends.
    fn apply(
        &self,
        event: &Recorded<Self::Event>,
        now: Timestamp,
        tables: &mut Self::Tables,
        out: &mut Emissions<Self::Emission>,
    ) -> Result<(), ProjectionError>;
}

/// Why a projection cannot apply an event. Never carries data.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// A row was used that had not been named.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    /// A row has to exist and does not.
    #[error("table {0} has no row for it")]
    Missing(&'static str),
    /// Shared rows were named late, because other shared rows said so.
    #[error("shared rows of table {0} were named after shared rows had been locked")]
    NamedLate(&'static str),
    /// Something else that cannot be.
    #[error("{0}")]
    Impossible(&'static str),
}

/// What a batch publishes, events or commands: stored with its rows, sent by the relay.
#[derive(Debug)]
pub struct Emissions<M> {
    emitted: Vec<Emission<M>>,
    cause: Option<Cause>,
}

/// The event because of which something is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its id.
    pub id: EventId,
    /// Its correlation id.
    pub correlation_id: Option<Box<str>>,
    /// Where what it causes belongs, in which trace.
    pub trace: Option<Context>,
}

impl<E> From<&Recorded<E>> for Cause {
    fn from(event: &Recorded<E>) -> Self {
        let trace = event.trace.as_ref().map(|trace| trace.context());
        Self { id: event.id, correlation_id: event.correlation_id.clone(), trace }
    }
}

/// One event or command to be published.
#[derive(Debug)]
pub struct Emission<M> {
    /// Key of the record.
    pub key: AggregateId,
    /// What its id follows from.
    pub identity: Identity,
    /// The event or command.
    pub message: M,
    /// What caused it; absent when the clock did.
    pub cause: Option<Cause>,
}

/// What the id of an emission follows from, besides the consumer: so that whoever emits it again
/// emits the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Of an event: its number among those with its key, from 1.
    Sequence(i64),
    /// Of a command: the event that it answers.
    AnswerTo(EventId),
    /// Of one of several commands: the event that they answer, and what tells them apart.
    OneOf(EventId, Box<str>),
}

impl<M> Default for Emissions<M> {
    fn default() -> Self {
        Self { emitted: Vec::new(), cause: None }
    }
}

impl<M: Messages> Emissions<M> {
    /// Publishes an event. Its id follows from consumer, key and sequence: the sequence has to be
    /// kept in a row that is stored in the same batch.
    pub fn emit(&mut self, key: &AggregateId, sequence: i64, message: impl Into<M>) {
        self.emitted.push(Emission {
            key: key.clone(),
            identity: Identity::Sequence(sequence),
            message: message.into(),
            cause: self.cause.clone(),
        });
    }

    /// Sends a command to an aggregate, in answer to an event: one that is applied now, or was
    /// earlier. Its id follows from consumer and event, so that there is at most one command per
    /// event, and a repeated answer is recognised by whoever decides it.
    pub fn answer(&mut self, cause: Cause, aggregate: &AggregateId, command: impl Into<M>) {
        self.emitted.push(Emission {
            key: aggregate.clone(),
            identity: Identity::AnswerTo(cause.id),
            message: command.into(),
            cause: Some(cause),
        });
    }

    /// Sends one of several commands in answer to an event; `which` tells it from the others: there
    /// is at most one per event and `which`.
    pub fn answer_each(
        &mut self,
        cause: Cause,
        which: &str,
        aggregate: &AggregateId,
        command: impl Into<M>,
    ) {
        self.emitted.push(Emission {
            key: aggregate.clone(),
            identity: Identity::OneOf(cause.id, which.into()),
            message: command.into(),
            cause: Some(cause),
        });
    }

    /// Everything published so far, in order.
    #[must_use]
    pub fn emitted(&self) -> &[Emission<M>] {
        &self.emitted
    }

    /// Names what causes the emissions from now on.
    pub(crate) fn caused_by<E>(&mut self, event: &Recorded<E>) {
        // Who publishes nothing copies nothing.
        if !M::FILES.is_empty() {
            self.cause = Some(event.into());
        }
    }
}

/// For consumers that keep no tables.
impl TableSet for () {
    fn all(&mut self) -> AnyTables<'_> {
        AnyTables::new()
    }
}

/// For projections that publish nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEmission {}

impl Messages for NoEmission {
    // Never used: there is no message to be sent there.
    const TOPIC: Topic = Topic::CHANGE_NOTIFICATIONS;
    const FILES: &'static [SchemaFile] = &[];

    fn index(&self) -> usize {
        match *self {}
    }

    fn write(&self, _: &GenericDatumWriter<'static>, _: &mut Vec<u8>) -> AvroResult<usize> {
        match *self {}
    }

    fn read(_: usize, _: &GenericDatumReader<'static>, _: &mut &[u8]) -> AvroResult<Option<Self>> {
        Ok(None)
    }

    fn from_fields<'de, D: Deserializer<'de>>(_: usize, _: D) -> Result<Option<Self>, D::Error> {
        Ok(None)
    }

    fn write_fields<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}
