//! Events as they come out of the log: decoded, with what their envelope says.

use event_log::Position;
use schemas::{
    AggregateId, DecodeError, Decoder, Envelope, EventId, Messages, Timestamp, Topic,
    catalog::homes_of,
};
use uuid::Uuid;

use crate::{poison::Poison, traced::Traced};

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
    /// The trace that it belongs to.
    pub trace: Option<Box<Traced>>,
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
    /// It was given up: it counts where it can, and is nothing where it cannot.
    pub is_skipped: bool,
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

    /// Whether it was given up.
    pub const fn is_skipped(&self) -> bool {
        matches!(self, Self::Passed(Passed { is_skipped: true, .. }))
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
        if event.is_none() {
            check_home(envelope.message_type, self.topic)?;
        }
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
            return Ok(Some(Item::Passed(Passed { at, key, sequence, is_skipped: false })));
        };
        Ok(Some(Item::Handled(Recorded {
            at,
            key,
            sequence,
            id: EventId(Uuid::parse_str(envelope.id).map_err(|_| Poison::Id)?),
            correlation_id: envelope.correlation_id.map(Into::into),
            trace: None,
            time: envelope.time.unwrap_or(written),
            event,
        })))
    }
}

/// A type that nobody knows may be new, and is passed over. One that is known, and belongs on
/// other topics, is on this one by mistake.
fn check_home(wire_type: &str, topic: Topic) -> Result<(), Poison> {
    match homes_of(wire_type).next() {
        Some(home) if homes_of(wire_type).all(|home| home != topic) => {
            Err(Poison::WrongTopic { wire_type: wire_type.to_owned(), home })
        }
        _ => Ok(()),
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

#[cfg(test)]
mod tests {
    use event_log::Partition;
    use schemas::{
        Encoder, Message,
        order::{OrderConfirmed, OrderEvent},
    };

    use super::*;

    const CONFIRMED: &str = OrderConfirmed::FILE.wire_type;

    /// An `order_confirmed` and its bytes, written with schema 4.
    fn payload() -> Vec<u8> {
        let encoder = Encoder::new(&[1, 2, 3, 4]).unwrap();
        encoder.encode(&OrderEvent::Confirmed(OrderConfirmed::default())).unwrap()
    }

    fn decoder() -> Decoder {
        let mut decoder = Decoder::default();
        decoder.add(4, OrderConfirmed::FILE.text).unwrap();
        decoder
    }

    fn raw<'a>(envelope: Envelope<'a>, payload: &'a [u8]) -> Raw<'a> {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let written = Timestamp::from_micros(5).unwrap();
        Raw { at: Position { partition, offset: 9 }, key: Some(b"o1"), envelope, payload, written }
    }

    fn envelope(message_type: &str) -> Envelope<'_> {
        Envelope {
            id: "2e9a53bc-e478-5a4a-9428-a1f40b4b9cf9",
            source: "command-processor",
            message_type,
            sequence: Some(3),
            correlation_id: Some("cor"),
            ..Envelope::default()
        }
    }

    fn source() -> Source<OrderEvent> {
        Source::of::<OrderEvent>(|event| event)
    }

    #[test]
    fn a_record_becomes_an_event() {
        let payload = payload();
        let read = source().read(&decoder(), raw(envelope(CONFIRMED), &payload), true).unwrap();
        let Some(Item::Handled(event)) = read else { panic!("{read:?}") };
        assert_eq!((event.key.as_str(), event.sequence), ("o1", Some(3)));
        assert_eq!(event.event, OrderEvent::Confirmed(OrderConfirmed::default()));
        // Without a time of its own it has that of the log.
        assert_eq!(event.time, Timestamp::from_micros(5).unwrap());
    }

    #[test]
    fn other_types_are_passed_over_undecoded() {
        let garbage = raw(envelope("order_forgotten"), b"garbage");
        let not_wanted = raw(envelope(CONFIRMED), b"garbage");
        let only = || source().only(&["order_created"]);
        assert_eq!(source().read(&decoder(), garbage, false).unwrap(), None);
        assert_eq!(only().read(&decoder(), not_wanted, false).unwrap(), None);
        // Where versions are kept they still count.
        let read = only().read(&decoder(), not_wanted, true).unwrap();
        assert!(matches!(read, Some(Item::Passed(Passed { sequence: Some(3), .. }))), "{read:?}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let payload = payload();
        let read = |raw| source().read(&decoder(), raw, true).unwrap_err().to_string();
        let good = raw(envelope(CONFIRMED), &payload);
        let sequence = Envelope { sequence: None, ..envelope(CONFIRMED) };
        let id = Envelope { id: "7", ..envelope(CONFIRMED) };
        for (bad, said) in [
            (
                Raw { payload: b"x", ..good },
                "payload: payload starts with byte 0x78, not with the registry's magic byte 0x00",
            ),
            (Raw { payload: b"\0\0\0\0\x09", ..good }, "payload: schema id 9 is not known yet"),
            (Raw { key: None, ..good }, "its key is no aggregate id"),
            (Raw { key: Some(b"a b"), ..good }, "its key is no aggregate id"),
            (Raw { envelope: sequence, ..good }, "it has no ce_sequence"),
            (Raw { envelope: id, ..good }, "its id is no UUID"),
        ] {
            assert_eq!(read(bad), said);
        }
    }
}
