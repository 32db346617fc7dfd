//! The event log on Kafka: everything that speaks to brokers and to the schema registry.
//! Knows no business: what is written and read is decided by the crates downstream.
//!
//! In reading order:
//! - [`settings`]: where the cluster is and what this installation is called on it
//! - [`security`]: how the brokers are trusted, and how they know who asks
//! - [`error`]: what can go wrong, and what each error asks for
//! - [`client`]: configuration and logging shared by every Kafka client
//! - [`contact`]: whether a client is in contact with the cluster
//! - [`record`]: partitions, positions, and records on their way out
//! - [`partitioner`]: where a key belongs
//! - [`registry`]: the schema registry, Confluent API
//! - [`reader`]: decodes messages, resolving their schemas
//! - [`appender`]: appends single records, for producers without transactions
//! - [`group`]: what a consumer group has committed
//! - [`consumer`]: a member of a consumer group whose owner completes each rebalance itself
//! - [`members`]: who is in a consumer group
//! - [`transaction`]: one transactional producer
//! - `guard`: watches calls that may never return
//! - [`pace`]: how long a batch waits for the rest of a burst
//! - [`exactly_once`]: consume → decide → produce, a Kafka transaction per batch
//! - [`restore`]: reads a partition to its very end, or up to a given one
//! - [`refill`]: writes records to the very offsets that they had
//! - [`follower`]: follows all partitions of a topic, without a group
//! - [`topics`]: what the topics must be, and what they are
//! - [`backoff`]: waits between attempts
//!
//! Invariants: no record leaves in a transaction that does not also carry the offsets it was made
//! from; after an indefinite transaction error the producer is never used again.

pub mod appender;
pub mod backoff;
pub mod client;
pub mod consumer;
pub mod contact;
pub mod error;
pub mod exactly_once;
pub mod follower;
pub mod group;
mod guard;
pub mod members;
mod ownership;
pub mod pace;
pub mod partitioner;
pub mod reader;
pub mod record;
pub mod refill;
pub mod registry;
pub mod restore;
pub mod security;
pub mod settings;
pub mod topics;
pub mod transaction;

pub use appender::Appender;
pub use consumer::Consumer;
pub use error::{Error, ErrorClass};
pub use follower::{Follower, Step};
pub use reader::MessageReader;
pub use record::{OutRecord, Partition, Position};
pub use registry::{Access, Registry};
pub use security::Security;
pub use settings::Settings;
pub use transaction::TransactionalProducer;
