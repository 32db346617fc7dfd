//! Partitions, positions, and records on their way out.

use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use schemas::{Envelope, Topic, envelope::EnvelopeError};
pub use schemas::{Partition, Position};
use schemas::{
    Timestamp,
    command::{STATE_COMPLETE, STATE_COMPLETE_KEY},
};

/// A record on its way out.
#[derive(Debug)]
pub struct OutRecord {
    /// Where to.
    pub topic: Topic,
    /// Which partition; by the key when absent.
    pub partition: Option<i32>,
    /// Mostly an aggregate id or command id.
    pub key: Option<Vec<u8>>,
    /// Bytes in the registry's wire format; absent for a tombstone.
    pub payload: Option<Vec<u8>>,
    /// From [`headers`].
    pub headers: OwnedHeaders,
}

impl OutRecord {
    /// The encoded state of an aggregate; a tombstone when it is forgotten. Without an envelope: it
    /// is no message to anybody, and says the rest itself.
    #[must_use]
    pub fn state(at: Partition, aggregate: &str, state: Option<Vec<u8>>) -> Self {
        Self {
            topic: at.topic,
            partition: Some(at.number),
            key: Some(aggregate.into()),
            payload: state,
            headers: OwnedHeaders::new_with_capacity(0),
        }
    }

    /// Says that a partition of a state topic lacks nothing, according to `source`.
    #[must_use]
    pub fn state_complete(at: Partition, source: &str, now: Timestamp) -> Self {
        let envelope = Envelope {
            id: STATE_COMPLETE_KEY,
            source,
            message_type: STATE_COMPLETE,
            time: Some(now),
            ..Envelope::default()
        };
        Self {
            headers: headers(&envelope),
            ..Self::state(at, STATE_COMPLETE_KEY, Some(Vec::new()))
        }
    }
}

/// The headers of an envelope.
#[must_use]
pub fn headers(envelope: &Envelope<'_>) -> OwnedHeaders {
    let mut headers = Some(OwnedHeaders::new_with_capacity(12));
    envelope.write(|key, value| {
        headers = headers.take().map(|all| all.insert(Header { key, value: Some(value) }));
    });
    headers.unwrap_or_default()
}

/// Reads the envelope of a record, borrowing from it.
///
/// # Errors
/// [`EnvelopeError`] when the headers are no envelope.
pub fn envelope<'m>(message: &'m BorrowedMessage<'_>) -> Result<Envelope<'m>, EnvelopeError> {
    match message.headers() {
        Some(headers) => Envelope::parse(headers.iter().map(|h| (h.key, h.value))),
        None => Envelope::parse(std::iter::empty()),
    }
}

/// Key and payload of a record; empty when absent.
#[must_use]
pub fn bytes<'m>(message: &'m BorrowedMessage<'_>) -> (&'m [u8], &'m [u8]) {
    (message.key().unwrap_or_default(), message.payload().unwrap_or_default())
}
