//! What travels on the topics: messages, their envelope, their bytes, and the names of both.
//! Knows neither Kafka nor Postgres nor tokio: everything here is a value or a pure function.
//!
//! In reading order:
//! - [`id`], [`decimal`], [`timestamp`]: the scalar values of the system
//! - [`topic`]: which topics exist and what they carry
//! - [`position`], [`token`]: where a record is, and what a client shows to read its own write
//! - [`message`], [`either`]: one record type = one `.avsc` file; a topic carries a closed set of
//!   them, and who sends to several has one set of all
//! - [`customer`], [`order`], [`classification`], [`campaign`], [`mailing`], [`command`],
//!   [`notification`]: the messages
//! - [`envelope`]: metadata in record headers (CloudEvents 1.0, Kafka binding, binary mode)
//! - [`codec`]: Avro in the schema registry's wire format
//! - [`any_command`], [`recording`]: commands by their names in requests, and in a form for files
//! - [`catalog`]: every subject of the system, for registration
//!
//! Invariants: a type's wire name and its Avro record name never change; bytes once written
//! decode for ever (`tests/fixtures.rs`).

pub mod any_command;
pub mod campaign;
pub mod catalog;
pub mod classification;
pub mod codec;
pub mod command;
pub mod customer;
pub mod decimal;
pub mod either;
pub mod envelope;
pub mod id;
pub mod mailing;
pub mod message;
pub mod notification;
pub mod order;
pub mod position;
pub mod recording;
pub mod timestamp;
pub mod token;
pub mod topic;

pub use codec::{DecodeError, Decoder, Encoder};
pub use decimal::{Money, Rate};
pub use either::Either;
pub use envelope::Envelope;
pub use id::{AggregateId, CommandId, EventId};
pub use message::{Message, Messages};
pub use position::{Partition, Position};
pub use timestamp::Timestamp;
pub use token::Token;
pub use topic::{Namespace, Topic};
