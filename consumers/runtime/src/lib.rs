//! Builds Postgres read models from the event log: everything that a consumer needs but its
//! business, which it brings as one [`Projection`] (or as one [`Policy`]).
//!
//! In reading order:
//! - [`projection`], [`recorded`]: the seam to the business, and the events as it gets them
//! - [`row`], [`field`], [`numeric`], [`moment`], [`table`], [`tables`]: rows in memory, between Postgres and
//!   the projection
//! - [`batch`], [`lease`], [`fold`]: events with the positions they cover, the right to apply
//!   them, and the pure middle of a batch
//! - [`transaction`], [`offset`], [`flight`], [`sql`]: one batch in one Postgres transaction
//! - [`server`], [`database`], [`migrate`]: connections, and the schema
//! - [`traced`]: the traces that events belong to
//! - [`intake`], [`reader`], [`gather`], [`lag`], [`watch`]: the thread that owns the Kafka
//!   consumer
//! - [`engine`], [`outage`]: applies what the intake brings, and waits out what passes by itself
//! - [`outbox`], [`relay`], [`relay_log`]: events and commands that the consumer publishes itself
//! - [`change_feed`], [`details`]: tell clients which rows changed, and what they are now
//! - [`hearing`]: streams of what all instances tell
//! - [`chore`], [`backlog`]: work that the clock sets off, and what it may have to wait for
//! - [`policy`]: events answered by commands, without a read model
//! - [`effect`]: what is done outside, at most once completed
//! - [`page`], [`query`], [`resolver`], [`snapshot`]: what the queries of all consumers share
//! - [`fresh`]: queries that wait until the read model has what their clients wrote
//! - [`run`](mod@run), [`settings`], [`error`], [`metrics`]: a consumer's life
//! - [`testing`]: a stage for component tests
//!
//! Invariants:
//! - Rows, emissions and offsets change in one Postgres transaction; Postgres alone knows what was
//!   applied.
//! - An offset moves only for the owner of its epoch, and only from where it is: a former owner
//!   writes nothing, and no event is applied twice.
//! - Rows that several partitions touch are locked after everything else is loaded, once, in the
//!   order of their keys.
//! - A query with a token sees all that the token names, whichever instance applied it.
//! - Nothing is published but what is in a committed outbox, and that exactly once, in the order
//!   of its key.

mod apply;
pub mod backlog;
pub mod batch;
pub mod build;
pub mod change_feed;
pub mod chore;
pub mod database;
pub mod dead_letters;
pub mod details;
pub mod effect;
pub mod engine;
pub mod error;
pub mod field;
pub mod flight;
pub mod fold;
pub mod fresh;
pub mod gather;
pub mod hearing;
pub mod intake;
pub mod lag;
pub mod lease;
pub mod metrics;
pub mod migrate;
pub mod moment;
pub mod numeric;
pub mod offset;
pub mod outage;
pub mod outbox;
pub mod page;
pub mod poison;
pub mod policy;
pub mod projection;
pub mod query;
pub mod read_model;
pub mod reader;
pub mod recorded;
pub mod relay;
pub mod relay_log;
pub mod resolver;
pub mod row;
pub mod run;
pub mod server;
pub mod settings;
pub mod snapshot;
pub mod sql;
pub mod table;
pub mod tables;
pub mod testing;
pub mod traced;
pub mod transaction;
pub mod watch;

pub use chore::Chore;
pub use database::Database;
pub use deadpool_postgres::Object as Connection;
pub use error::Error;
pub use policy::{Policy, Reaction};
pub use projection::{Cause, Emissions, NoEmission, Projection, ProjectionError};
pub use recorded::{Recorded, Source};
pub use row::Row;
pub use run::{Consumer, run};
pub use server::Server;
pub use settings::Settings;
pub use table::Table;
pub use tables::{AnyTable, AnyTables, TableSet};
pub use tokio_postgres;
