//! One record type is one `.avsc` file; a topic carries a closed set of them.

use apache_avro::{
    AvroResult, reader::datum::GenericDatumReader, writer::datum::GenericDatumWriter,
};
use serde::{Deserializer, Serialize, Serializer, de::DeserializeOwned};

use crate::topic::Topic;

/// A schema file and the names under which its record travels.
#[derive(Clone, Copy, Debug)]
pub struct SchemaFile {
    /// Wire name: the value of `ce_type`.
    pub wire_type: &'static str,
    /// Full name of the Avro record.
    pub record: &'static str,
    /// The text of the `.avsc` file, as registered.
    pub text: &'static str,
}

impl SchemaFile {
    /// Subject under which the schema is registered (strategy `TopicRecordName`), for a topic by
    /// its name on the broker.
    #[must_use]
    pub fn subject(&self, topic: &str) -> String {
        format!("{topic}-{}", self.record)
    }
}

/// A record type with its schema. The serde name of the type equals the record's name.
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// Its schema file.
    const FILE: SchemaFile;
}

/// The closed set of record types of one topic, or the sets of several as one, see [`Either`].
pub trait Messages: Sized + Send + 'static {
    /// The topic that carries them; of several sets, that of the first.
    const TOPIC: Topic;
    /// Their schema files; the position in this list identifies a type.
    const FILES: &'static [SchemaFile];

    /// The topic that carries the type at `index`.
    #[must_use]
    fn topic_of(_index: usize) -> Topic {
        Self::TOPIC
    }

    /// Position of this message's type in [`Messages::FILES`].
    fn index(&self) -> usize;

    /// Writes the Avro datum.
    ///
    /// # Errors
    /// When the value does not fit the writer's schema.
    fn write(&self, writer: &GenericDatumWriter<'static>, bytes: &mut Vec<u8>)
    -> AvroResult<usize>;

    /// Reads the Avro datum of the type at `index`.
    ///
    /// # Errors
    /// When the bytes are no datum of the reader's schema or do not fit the type.
    fn read(
        index: usize,
        reader: &GenericDatumReader<'static>,
        bytes: &mut &[u8],
    ) -> AvroResult<Option<Self>>;

    /// Reads the type at `index` from a form for people, such as JSON; `None` when there is no such
    /// type.
    ///
    /// # Errors
    /// When the value does not fit the type.
    fn from_fields<'de, D: Deserializer<'de>>(
        index: usize,
        deserializer: D,
    ) -> Result<Option<Self>, D::Error>;

    /// Writes its fields in a form for people, such as JSON.
    ///
    /// # Errors
    /// When the form refuses them.
    fn write_fields<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// The topic that carries this message.
    fn topic(&self) -> Topic {
        Self::topic_of(self.index())
    }

    /// Wire name of this message.
    fn wire_type(&self) -> &'static str {
        Self::FILES.get(self.index()).map_or("", |file| file.wire_type)
    }
}

/// Declares the [`Message`] of each record type and the enum of all that travel on one topic.
macro_rules! messages {
    (
        $(#[$doc:meta])*
        pub enum $set:ident on $topic:expr, files in $folder:literal {
            $($(#[$variant_doc:meta])* $variant:ident($record:ident) = $wire:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $set {
            $($(#[$variant_doc])* $variant($record),)+
        }

        $(
            impl $crate::message::Message for $record {
                const FILE: $crate::message::SchemaFile = $crate::message::SchemaFile {
                    wire_type: $wire,
                    record: concat!("oneway.", $folder, ".", stringify!($record)),
                    text: include_str!(concat!("../avro/", $folder, "/", $wire, ".avsc")),
                };
            }

            impl From<$record> for $set {
                fn from(record: $record) -> Self {
                    Self::$variant(record)
                }
            }
        )+

        impl $crate::message::Messages for $set {
            const TOPIC: $crate::topic::Topic = $topic;
            const FILES: &'static [$crate::message::SchemaFile] =
                &[$(<$record as $crate::message::Message>::FILE,)+];

            fn index(&self) -> usize {
                #[derive(Clone, Copy)]
                enum Position { $($variant,)+ }
                match self {
                    $(Self::$variant(_) => Position::$variant as usize,)+
                }
            }

            fn write(
                &self,
                writer: &apache_avro::writer::datum::GenericDatumWriter<'static>,
                bytes: &mut Vec<u8>,
            ) -> apache_avro::AvroResult<usize> {
                match self {
                    $(Self::$variant(record) => writer.write_ser(bytes, record),)+
                }
            }

            fn read(
                index: usize,
                reader: &apache_avro::reader::datum::GenericDatumReader<'static>,
                bytes: &mut &[u8],
            ) -> apache_avro::AvroResult<Option<Self>> {
                let mut position = 0..;
                $(
                    if position.next() == Some(index) {
                        return reader.read_deser::<$record>(bytes).map(Self::$variant).map(Some);
                    }
                )+
                Ok(None)
            }

            fn from_fields<'de, D: serde::Deserializer<'de>>(
                index: usize,
                deserializer: D,
            ) -> Result<Option<Self>, D::Error> {
                let mut position = 0..;
                $(
                    if position.next() == Some(index) {
                        let read = <$record as serde::Deserialize>::deserialize(deserializer);
                        return read.map(Self::$variant).map(Some);
                    }
                )+
                Ok(None)
            }

            fn write_fields<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(record) => serde::Serialize::serialize(record, serializer),)+
                }
            }
        }
    };
}

/// Declares a record type that has a topic of its own.
macro_rules! sole_message {
    ($record:ty, $name:literal on $topic:expr, file $file:literal in $folder:literal as $wire:literal) => {
        impl $crate::message::Message for $record {
            const FILE: $crate::message::SchemaFile = $crate::message::SchemaFile {
                wire_type: $wire,
                record: concat!("oneway.", $folder, ".", $name),
                text: include_str!(concat!("../avro/", $folder, "/", $file, ".avsc")),
            };
        }

        impl $crate::message::Messages for $record {
            const TOPIC: $crate::topic::Topic = $topic;
            const FILES: &'static [$crate::message::SchemaFile] =
                &[<Self as $crate::message::Message>::FILE];

            fn index(&self) -> usize {
                0
            }

            fn write(
                &self,
                writer: &apache_avro::writer::datum::GenericDatumWriter<'static>,
                bytes: &mut Vec<u8>,
            ) -> apache_avro::AvroResult<usize> {
                writer.write_ser(bytes, self)
            }

            fn read(
                index: usize,
                reader: &apache_avro::reader::datum::GenericDatumReader<'static>,
                bytes: &mut &[u8],
            ) -> apache_avro::AvroResult<Option<Self>> {
                if index == 0 { reader.read_deser(bytes).map(Some) } else { Ok(None) }
            }

            fn from_fields<'de, D: serde::Deserializer<'de>>(
                index: usize,
                deserializer: D,
            ) -> Result<Option<Self>, D::Error> {
                match index {
                    0 => <Self as serde::Deserialize>::deserialize(deserializer).map(Some),
                    _ => Ok(None),
                }
            }

            fn write_fields<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        }
    };
}

pub(crate) use {messages, sole_message};
