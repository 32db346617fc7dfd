//! Events as they come out of the log: decoded, with what their envelope says.

use event_log::Position;
use schemas::{AggregateId, DecodeError, Decoder, Envelope, EventId, Messages, Timestamp, Topic};
use uuid::Uuid;

use crate::error::Poison;

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<E> {
    /// Where it is.
    pub at: Position,
    /// The aggregate it happened to.
    pub key: AggregateId,
    /// Version of the aggregate after it, from 1; absent on topics that count none.
    pub sequence: Option<i64>,
    /// Its id.
    pub id: EventId,
    /// Shared by everything that one request set off.
    pub correlation_id: Option<Box<str>>,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub event: E,
}

/// An event whose type a projection does not handle, of an aggregate whose version it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Where it is.
    pub at: Position,
    /// The aggregate it happened to.
    pub key: AggregateId,
    /// Version of the aggregate after it.
    pub sequence: Option<i64>,
}

/// What one record means to a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<E> {
    /// An event to be applied.
    Handled(Recorded<E>),
    /// An event that only counts.
    Passed(Passed),
}

impl<E> Item<E> {
    /// Where it is.
    pub const fn at(&self) -> Position {
        match self {
            Self::Handled(recorded) => recorded.at,
            Self::Passed(passed) => passed.at,
        }
    }

    /// The aggregate it happened to.
    pub const fn key(&self) -> &AggregateId {
        match self {
            Self::Handled(recorded) => &recorded.key,
            Self::Passed(passed) => &passed.key,
        }
    }

    /// Version of the aggregate after it.
    pub const fn sequence(&self) -> Option<i64> {
        match self {
            Self::Handled(recorded) => recorded.sequence,
            Self::Passed(passed) => passed.sequence,
        }
    }
}

type Decode<E> = dyn Fn(&Decoder, &str, &[u8]) -> Result<Option<E>, DecodeError> + Send + Sync;

/// A topic that is consumed, and what its events are turned into.
pub struct Source<E> {
    /// The topic.
    pub topic: Topic,
    only: Option<&'static [&'static str]>,
    decode: Box<Decode<E>>,
}

impl<E> std::fmt::Debug for Source<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("topic", &self.topic)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

impl<E> Source<E> {
    /// Every event of a topic that `M` knows; those it does not know are passed over, so that a
    /// consumer is untouched by new types of events.
    #[must_use]
    pub fn of<M: Messages>(event: fn(M) -> E) -> Self
    where
        E: 'static,
    {
        Self {
            topic: M::TOPIC,
            only: None,
            decode: Box::new(move |decoder, wire_type, payload| {
                Ok(decoder.decode::<M>(wire_type, payload)?.map(event))
            }),
        }
    }

    /// Only these types (wire names); the others are passed over without being decoded.
    #[must_use]
    pub const fn only(mut self, wire_types: &'static [&'static str]) -> Self {
        self.only = Some(wire_types);
        self
    }

    fn handles(&self, wire_type: &str) -> bool {
        self.only.is_none_or(|only| only.contains(&wire_type))
    }

    /// Reads a record. `None`: an event of a type that is not handled, on a topic of which no
    /// versions are kept.
    ///
    /// # Errors
    /// [`Poison`], of which only [`DecodeError::UnknownSchema`] can be mended.
    pub fn read(
        &self,
        decoder: &Decoder,
        record: Raw<'_>,
        keeps_versions: bool,
    ) -> Result<Option<Item<E>>, Poison> {
        let Raw { at, key, envelope, payload, written } = record;
        let event = if self.handles(envelope.message_type) {
            (self.decode)(decoder, envelope.message_type, payload)?
        } else {
            None
        };
        if event.is_none() && !keeps_versions {
            return Ok(None);
        }
        let sequence = match envelope.sequence {
            Some(sequence) => Some(i64::try_from(sequence).map_err(|_| Poison::NoSequence)?),
            None if keeps_versions => return Err(Poison::NoSequence),
            None => None,
        };
        let key = key.and_then(|key| std::str::from_utf8(key).ok());
        let key = key.ok_or(Poison::Key)?;
        let key = AggregateId::new(key).map_err(|_| Poison::Key)?;
        let Some(event) = event else {
            return Ok(Some(Item::Passed(Passed { at, key, sequence })));
        };
        Ok(Some(Item::Handled(Recorded {
            at,
            key,
            sequence,
            id: EventId(Uuid::parse_str(envelope.id).map_err(|_| Poison::Id)?),
            correlation_id: envelope.correlation_id.map(Into::into),
            time: envelope.time.unwrap_or(written),
            event,
        })))
    }
}

/// A record of the log, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Where it is.
    pub at: Position,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// What its headers say.
    pub envelope: Envelope<'a>,
    /// Its payload.
    pub payload: &'a [u8],
    /// When the log took it: stands in for a time that the envelope does not have.
    pub written: Timestamp,
}
