//! What can go wrong, and what each error asks for: [`Error::class`] is all that callers branch
//! on. Messages never carry the data of a record.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use schemas::codec::{EncodeError, InvalidSchema};
use service::Failure;

use crate::{record::Partition, registry::RegistryError};

/// What an error asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Passes by itself: wait, then start over from what is committed.
    Transient,
    /// This one record can never be handled; others can.
    Poison,
    /// Going on would be wrong: leave, and let the supervisor start a fresh process.
    Fatal,
}

/// An error of the event log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Kafka call failed.
    #[error("cannot {doing}")]
    Kafka {
        /// What was attempted, on what.
        doing: String,
        /// What the client says.
        source: KafkaError,
    },
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// One of our own schema files is wrong, or the registry has nonsense under an id.
    #[error(transparent)]
    Schema(#[from] InvalidSchema),
    /// One of our own values does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Reading a partition to its end took too long.
    #[error(
        "{partition} did not advance past offset {at} of {end} for {seconds} s; if its broker is \
         there, a transaction stays open: see Kafka versions in the README"
    )]
    Stalled {
        /// What was read.
        partition: Partition,
        /// Where it stopped.
        at: i64,
        /// Where its end is.
        end: i64,
        /// For how long nothing came.
        seconds: u64,
    },
    /// A record came of a partition that was never taken over: passing over it would lose it.
    #[error("{0} has a record but was not taken over")]
    NotOwned(Partition),
    /// Somebody else writes where only a restore may.
    #[error(
        "offset {expected} of {topic}/{partition} was expected and {actual} was got: somebody else \
         writes there"
    )]
    Displaced {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where a record belongs.
        expected: i64,
        /// Where it went.
        actual: i64,
    },
    /// A record of ours breaks a promise of the log: nothing must be built on it.
    #[error("{partition} offset {offset}: {reason}")]
    Corrupt {
        /// Where.
        partition: Partition,
        /// Where exactly.
        offset: i64,
        /// Which promise.
        reason: String,
    },
    /// The state of an aggregate cannot be read: nothing can be decided on it.
    #[error(
        "state of {aggregate} in {partition}: {reason}; `oneway state rebuild` makes it anew from \
         the events"
    )]
    CorruptState {
        /// Partition of its state topic.
        partition: Partition,
        /// Its id.
        aggregate: String,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// Wraps what a Kafka call said.
    pub(crate) fn kafka(doing: impl Into<String>, source: KafkaError) -> Self {
        Self::Kafka { doing: doing.into(), source }
    }

    /// What it asks for.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Kafka { source, .. } => class_of_kafka(source),
            Self::Registry(error) => error.class(),
            Self::Stalled { .. } | Self::NotOwned(_) => ErrorClass::Transient,
            Self::Schema(_)
            | Self::Encode(_)
            | Self::Displaced { .. }
            | Self::Corrupt { .. }
            | Self::CorruptState { .. } => ErrorClass::Fatal,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.class() {
            // A schema that no deploy has registered: a restart cannot help.
            ErrorClass::Poison => Self::Configuration(error.into()),
            ErrorClass::Transient => Self::Unavailable(error.into()),
            ErrorClass::Fatal => Self::Internal(error.into()),
        }
    }
}

/// Fatal and fenced errors are final; so is a member that was thrown out for not polling. All
/// else passes, at the latest with a fresh client.
fn class_of_kafka(error: &KafkaError) -> ErrorClass {
    let fatal = match error {
        KafkaError::Transaction(error) => error.is_fatal(),
        KafkaError::MessageConsumptionFatal(_) => true,
        _ => false,
    };
    let final_code = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::PollExceeded
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::FencedInstanceId
        )
    );
    if fatal || final_code { ErrorClass::Fatal } else { ErrorClass::Transient }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_final_errors_end_the_process() {
        let class = |source| Error::kafka("poll", source).class();
        use RDKafkaErrorCode as Code;
        assert_eq!(
            class(KafkaError::MessageConsumption(Code::AllBrokersDown)),
            ErrorClass::Transient
        );
        assert_eq!(class(KafkaError::MessageConsumption(Code::PollExceeded)), ErrorClass::Fatal);
        assert_eq!(
            class(KafkaError::MessageConsumptionFatal(Code::FencedInstanceId)),
            ErrorClass::Fatal
        );
    }
}
