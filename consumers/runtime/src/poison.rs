//! Why one event cannot be handled, however often it is tried. Never carries data.

use schemas::{DecodeError, Topic, envelope::EnvelopeError};

use crate::projection::ProjectionError;

/// All names of [`Poison::class`].
pub(crate) const CLASSES: [&str; 18] = [
    "envelope",
    "empty",
    "oversized",
    "wrong-magic",
    "truncated",
    "unknown-schema",
    "wrong-record",
    "malformed",
    "trailing-bytes",
    "wrong-topic",
    "key",
    "id",
    "no-sequence",
    "gap",
    "no-row",
    "backwards",
    "refused-by-database",
    "projection",
];

/// Why one event can never be handled as it is.
#[derive(Debug, thiserror::Error)]
pub enum Poison {
    /// Its headers are no envelope.
    #[error("envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its payload cannot be decoded.
    #[error("payload: {0}")]
    Decode(#[from] DecodeError),
    /// The registry does not know its schema, or has nonsense under its id.
    #[error("schema: {0}")]
    Schema(String),
    /// It is of a type that belongs on another topic.
    #[error("a {wire_type} belongs on {home}")]
    WrongTopic {
        /// Its type.
        wire_type: String,
        /// Where it belongs.
        home: Topic,
    },
    /// Its key is no aggregate id.
    #[error("its key is no aggregate id")]
    Key,
    /// Its id is no UUID.
    #[error("its id is no UUID")]
    Id,
    /// It says not which version of its aggregate it makes.
    #[error("it has no ce_sequence")]
    NoSequence,
    /// An earlier event of its aggregate is missing from the read model.
    #[error(
        "gap: it makes version {sequence} of its aggregate, table {table} has version {version}"
    )]
    Gap {
        /// The table that keeps the version.
        table: &'static str,
        /// The version that it keeps.
        version: i64,
        /// The version that the event makes.
        sequence: i64,
    },
    /// Nothing is there to keep its version: the type that starts an aggregate is not handled.
    #[error("table {0} has no row to keep the version of its aggregate")]
    NoRow(&'static str),
    /// The log has it at an offset that is long applied: the log was replaced.
    #[error(
        "offset {next} was to come next: the topic was truncated or made anew. If the log was \
         restored to an earlier time than this database, `oneway consumer <name> start-over` makes \
         its rows anew"
    )]
    Backwards {
        /// The offset that was due.
        next: i64,
    },
    /// Postgres refuses what it makes of a row. Shown without the values.
    #[error("the database refuses it: {0}")]
    Refused(String),
    /// The projection refuses it.
    #[error("projection: {0}")]
    Projection(#[from] ProjectionError),
}

impl Poison {
    /// Its name in dead letters, metrics and commands.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "envelope",
            Self::Decode(error) => class_of_payload(error),
            Self::Schema(_) => "unknown-schema",
            Self::WrongTopic { .. } => "wrong-topic",
            Self::Key => "key",
            Self::Id => "id",
            Self::NoSequence => "no-sequence",
            Self::Gap { .. } => "gap",
            Self::NoRow(_) => "no-row",
            Self::Backwards { .. } => "backwards",
            Self::Refused(_) => "refused-by-database",
            Self::Projection(_) => "projection",
        }
    }

    /// Whether it is a matter of this one record. A log that was replaced is not.
    #[must_use]
    pub const fn is_of_one_record(&self) -> bool {
        !matches!(self, Self::Backwards { .. })
    }
}

const fn class_of_payload(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::Empty => "empty",
        DecodeError::TooLarge(_) => "oversized",
        DecodeError::WrongMagic(_) => "wrong-magic",
        DecodeError::Truncated(_) => "truncated",
        DecodeError::UnknownSchema(_) => "unknown-schema",
        DecodeError::WrongRecord { .. } => "wrong-record",
        DecodeError::Malformed(_) => "malformed",
        DecodeError::TrailingBytes { .. } => "trailing-bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_listed() {
        let payloads = [
            DecodeError::Empty,
            DecodeError::TooLarge(1),
            DecodeError::WrongMagic(1),
            DecodeError::Truncated(1),
            DecodeError::UnknownSchema(1),
            DecodeError::WrongRecord { id: 1, found: String::new(), expected: "" },
            DecodeError::Malformed(1),
            DecodeError::TrailingBytes { id: 1, left: 1 },
        ];
        let others = [
            Poison::Schema(String::new()),
            Poison::WrongTopic { wire_type: String::new(), home: Topic::ORDER_EVENTS },
            Poison::Key,
            Poison::Id,
            Poison::NoSequence,
            Poison::Gap { table: "", version: 1, sequence: 3 },
            Poison::NoRow(""),
            Poison::Backwards { next: 1 },
            Poison::Refused(String::new()),
        ];
        for poison in payloads.into_iter().map(Poison::Decode).chain(others) {
            assert!(CLASSES.contains(&poison.class()), "{poison}");
        }
    }
}
