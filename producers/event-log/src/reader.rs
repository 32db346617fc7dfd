//! Decodes messages on a thread that is no part of the async runtime, asking the registry for
//! each schema when it is met first.

use schemas::{DecodeError, Decoder, Messages};
use tokio::runtime::Handle;

use crate::{
    error::{Error, ErrorClass},
    registry::Registry,
};

/// Decodes messages. Blocks while it asks the registry.
#[derive(Debug)]
pub struct MessageReader {
    decoder: Decoder,
    registry: Registry,
    runtime: Handle,
}

/// Why bytes are no message: their own fault, which no waiting mends. Never carries data.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl MessageReader {
    /// Makes one that knows no schemas yet; requests to the registry run on `runtime`.
    #[must_use]
    pub fn new(registry: &Registry, runtime: &Handle) -> Self {
        Self { decoder: Decoder::default(), registry: registry.clone(), runtime: runtime.clone() }
    }

    /// Reads a message of one of the types `M`; `None` when its type is another.
    ///
    /// # Errors
    /// The outer error is of the registry; the inner one of the bytes.
    pub fn read<M: Messages>(
        &mut self,
        wire_type: &str,
        payload: &[u8],
    ) -> Result<Result<Option<M>, Unreadable>, Error> {
        loop {
            match self.decoder.decode(wire_type, payload) {
                Ok(message) => return Ok(Ok(message)),
                Err(DecodeError::UnknownSchema(id)) => {
                    if let Err(unreadable) = self.resolve(id)? {
                        return Ok(Err(unreadable));
                    }
                }
                Err(error) => return Ok(Err(Unreadable(error.to_string()))),
            }
        }
    }

    /// Reads a message from a topic of a single type, where no header has to tell it.
    ///
    /// # Errors
    /// As [`MessageReader::read`].
    pub fn read_sole<M: Messages>(
        &mut self,
        payload: &[u8],
    ) -> Result<Result<M, Unreadable>, Error> {
        let wire_type = M::FILES.first().map_or("", |file| file.wire_type);
        let message = self.read(wire_type, payload)?;
        Ok(message.and_then(|m| m.ok_or_else(|| Unreadable("message is of another type".into()))))
    }

    fn resolve(&mut self, id: u32) -> Result<Result<(), Unreadable>, Error> {
        let known = match self.runtime.block_on(self.registry.schema(id)) {
            Ok(text) => self.decoder.add(id, &text).map_err(|error| error.to_string()),
            Err(error) if error.class() == ErrorClass::Poison => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        Ok(known.map_err(Unreadable))
    }
}
