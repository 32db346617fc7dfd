//! Avro in the wire format of the schema registry: a zero byte, the schema id as four bytes
//! big-endian, the datum. Encoding and decoding take apache-avro's direct serde path: no
//! intermediate value, the writer's schema read straight into the newest struct.

use std::{collections::BTreeMap, marker::PhantomData};

use apache_avro::{
    Schema, reader::datum::GenericDatumReader, schema::Name, writer::datum::GenericDatumWriter,
};

use crate::message::Messages;

/// Bytes in front of the datum.
pub const PREFIX: usize = 5;

/// Largest payload that is decoded, in bytes; also the largest the brokers take by default.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// A schema text that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use schema {id}: {reason}")]
pub struct InvalidSchema {
    /// Its id in the registry.
    pub id: u32,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidSchema {
    fn new(id: u32, reason: &impl ToString) -> Self {
        Self { id, reason: reason.to_string() }
    }
}

/// A value that does not fit its schema: a bug, since both are ours. Never carries the value.
#[derive(Debug, thiserror::Error)]
#[error("value of {wire_type} does not fit its schema")]
pub struct EncodeError {
    /// Wire name of the message.
    pub wire_type: &'static str,
}

/// Why bytes are no message. Never carries the data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No record value at all.
    #[error("record has no payload")]
    Empty,
    /// Longer than [`MAX_PAYLOAD`].
    #[error("payload of {0} bytes is larger than {MAX_PAYLOAD}")]
    TooLarge(usize),
    /// The first byte is not zero.
    #[error("payload starts with byte {0:#04x}, not with the registry's magic byte 0x00")]
    WrongMagic(u8),
    /// Shorter than the prefix.
    #[error("payload of {0} bytes is too short for a schema id")]
    Truncated(usize),
    /// The id has not been resolved yet: ask the registry, [`Decoder::add`] it, decode again.
    #[error("schema id {0} is not known yet")]
    UnknownSchema(u32),
    /// The schema is that of another record type than the header says.
    #[error("schema {id} is of record {found}, expected {expected}")]
    WrongRecord {
        /// The id in the payload.
        id: u32,
        /// Full name of the record that the id stands for.
        found: String,
        /// Full name of the record that the message type stands for.
        expected: &'static str,
    },
    /// The datum does not follow its schema.
    #[error("payload does not follow schema {0}")]
    Malformed(u32),
    /// Bytes are left after the datum.
    #[error("{left} bytes are left after the datum of schema {id}")]
    TrailingBytes {
        /// The id in the payload.
        id: u32,
        /// How many.
        left: usize,
    },
}

/// Writes the messages of one topic.
pub struct Encoder<M> {
    writers: Vec<(u32, GenericDatumWriter<'static>)>,
    messages: PhantomData<fn(M)>,
}

impl<M> std::fmt::Debug for Encoder<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.writers.iter().map(|(id, _)| id)).finish()
    }
}

impl<M: Messages> Encoder<M> {
    /// Takes the registry's ids of [`Messages::FILES`], in their order.
    ///
    /// # Errors
    /// [`InvalidSchema`] when one of our own files is no Avro schema (a bug).
    pub fn new(ids: &[u32]) -> Result<Self, InvalidSchema> {
        let writers = M::FILES
            .iter()
            .zip(ids)
            .map(|(file, id)| {
                let schema = parse(*id, file.text)?;
                let writer = GenericDatumWriter::builder(schema)
                    .human_readable(false)
                    .build()
                    .map_err(|error| InvalidSchema::new(*id, &error))?;
                Ok((*id, writer))
            })
            .collect::<Result<_, InvalidSchema>>()?;
        Ok(Self { writers, messages: PhantomData })
    }

    /// Writes a message: prefix and datum.
    ///
    /// # Errors
    /// [`EncodeError`] when the value does not fit its schema (a bug).
    pub fn encode(&self, message: &M) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::with_capacity(128);
        let error = || EncodeError { wire_type: message.wire_type() };
        let (id, writer) = self.writers.get(message.index()).ok_or_else(error)?;
        bytes.push(0);
        bytes.extend(id.to_be_bytes());
        message.write(writer, &mut bytes).map_err(|_| error())?;
        Ok(bytes)
    }
}

struct Reader {
    record: String,
    datum: GenericDatumReader<'static>,
}

/// Reads messages of any topic; knows the schemas that were added.
pub struct Decoder {
    // Few, and asked for with each record: a search costs less than a hash.
    readers: BTreeMap<u32, Reader>,
}

impl Default for Decoder {
    fn default() -> Self {
        // No part of a payload is larger than the whole, whatever its length says.
        apache_avro::util::max_allocation_bytes(MAX_PAYLOAD);
        Self { readers: BTreeMap::new() }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.readers.keys()).finish()
    }
}

impl Decoder {
    /// Adds the schema that the registry has under an id.
    ///
    /// # Errors
    /// [`InvalidSchema`] when the text is no Avro record schema.
    pub fn add(&mut self, id: u32, text: &str) -> Result<(), InvalidSchema> {
        if self.readers.contains_key(&id) {
            return Ok(());
        }
        let schema = parse(id, text)?;
        let name = schema.name().map(Name::to_string);
        let record = name.ok_or_else(|| InvalidSchema::new(id, &"not a named type"))?;
        let datum = GenericDatumReader::builder(schema)
            .human_readable(false)
            .build()
            .map_err(|error| InvalidSchema::new(id, &error))?;
        self.readers.insert(id, Reader { record, datum });
        Ok(())
    }

    /// Full name of the record that an id stands for, once it was added.
    #[must_use]
    pub fn record(&self, id: u32) -> Option<&str> {
        self.readers.get(&id).map(|reader| reader.record.as_str())
    }

    /// The schema id in front of a payload.
    ///
    /// # Errors
    /// [`DecodeError`] when there is none.
    pub fn schema_id(payload: &[u8]) -> Result<u32, DecodeError> {
        match payload {
            [] => Err(DecodeError::Empty),
            _ if payload.len() > MAX_PAYLOAD => Err(DecodeError::TooLarge(payload.len())),
            [0, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
            [0, ..] => Err(DecodeError::Truncated(payload.len())),
            [magic, ..] => Err(DecodeError::WrongMagic(*magic)),
        }
    }

    /// Reads a message of the given wire type; `None` when the type is not one of `M`.
    ///
    /// # Errors
    /// [`DecodeError`]; only [`DecodeError::UnknownSchema`] can be mended, by [`Decoder::add`].
    pub fn decode<M: Messages>(
        &self,
        wire_type: &str,
        payload: &[u8],
    ) -> Result<Option<M>, DecodeError> {
        let mut files = M::FILES.iter().enumerate();
        let Some((index, file)) = files.find(|(_, file)| file.wire_type == wire_type) else {
            return Ok(None);
        };
        let id = Self::schema_id(payload)?;
        let reader = self.readers.get(&id).ok_or(DecodeError::UnknownSchema(id))?;
        if reader.record != file.record {
            let found = reader.record.clone();
            return Err(DecodeError::WrongRecord { id, found, expected: file.record });
        }
        let mut datum = payload.get(PREFIX..).unwrap_or_default();
        let message =
            M::read(index, &reader.datum, &mut datum).map_err(|_| DecodeError::Malformed(id))?;
        match datum.len() {
            0 => Ok(message),
            left => Err(DecodeError::TrailingBytes { id, left }),
        }
    }
}

/// Parses a schema that lives as long as the process: there is one per id, and ids are few.
fn parse(id: u32, text: &str) -> Result<&'static Schema, InvalidSchema> {
    let schema = Schema::parse_str(text).map_err(|error| InvalidSchema::new(id, &error))?;
    Ok(Box::leak(Box::new(schema)))
}
