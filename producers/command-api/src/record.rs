//! Reads records of `command.results`. Runs on threads that may block.

use std::time::Duration;

use event_log::{ErrorClass, Registry, backoff::Backoff, record::envelope};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    CommandId, DecodeError, Decoder, Message as _, command::CommandOutcome, envelope::EnvelopeError,
};
use service::Shutdown;
use tokio::runtime::Handle;

use crate::outcomes::Outcome;

/// Reads outcomes; keeps the schemas it has met.
#[derive(Debug)]
pub struct OutcomeDecoder {
    decoder: Decoder,
    registry: Registry,
    runtime: Handle,
    stop: Shutdown,
}

/// Why a record is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum NoOutcome {
    /// Its key is no text.
    #[error("key is no text")]
    Key,
    /// Its headers are no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// It is another type of message.
    #[error("message is of another type")]
    Type,
    /// Its payload cannot be read.
    #[error(transparent)]
    Payload(#[from] DecodeError),
    /// Its schema cannot be had.
    #[error("schema {id} cannot be read: {reason}")]
    Schema {
        /// The schema's id.
        id: u32,
        /// What the registry says.
        reason: String,
    },
}

impl OutcomeDecoder {
    /// Makes one that knows the present schema under `id` already. A schema that has to be asked
    /// for is asked for until `stop`.
    pub fn new(
        id: u32,
        registry: Registry,
        runtime: Handle,
        stop: Shutdown,
    ) -> Result<Self, schemas::codec::InvalidSchema> {
        let mut decoder = Decoder::default();
        decoder.add(id, CommandOutcome::FILE.text)?;
        Ok(Self { decoder, registry, runtime, stop })
    }

    /// Reads a record: the command and its outcome.
    pub fn decode(
        &mut self,
        record: &BorrowedMessage<'_>,
    ) -> Result<(CommandId, Outcome), NoOutcome> {
        let command = command_of(record).ok_or(NoOutcome::Key)?;
        let envelope = envelope(record)?;
        let payload = record.payload().unwrap_or_default();
        let decoded = match self.decoder.decode(envelope.message_type, payload) {
            Err(DecodeError::UnknownSchema(id)) => {
                self.fetch(id)?;
                self.decoder.decode(envelope.message_type, payload)
            }
            decoded => decoded,
        };
        let outcome = decoded?.ok_or(NoOutcome::Type)?;
        let correlation_id = envelope.correlation_id.map(str::to_owned);
        Ok((command, Outcome { outcome, correlation_id }))
    }

    fn fetch(&mut self, id: u32) -> Result<(), NoOutcome> {
        let failed = |reason: String| NoOutcome::Schema { id, reason };
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        loop {
            match self.runtime.block_on(self.registry.schema(id)) {
                Ok(text) => {
                    return self.decoder.add(id, &text).map_err(|error| failed(error.to_string()));
                }
                Err(error) if error.class() == ErrorClass::Transient => {
                    tracing::warn!(%error, "cannot read an outcome yet");
                    let wait = tokio::time::timeout(backoff.next_wait(), self.stop.requested());
                    if self.runtime.block_on(wait).is_ok() {
                        return Err(failed(error.to_string()));
                    }
                }
                Err(error) => return Err(failed(error.to_string())),
            }
        }
    }
}

/// The command that a record is about: its key, which is the id as the command's sender wrote it.
pub fn command_of(record: &BorrowedMessage<'_>) -> Option<CommandId> {
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok())?;
    Some(CommandId::from_key(key))
}
