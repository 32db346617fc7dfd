//! Builds Postgres read models from the event log: everything that a consumer needs but its
//! business, which it brings as one [`Projection`] (or as a policy).

pub mod batch;
pub mod database;
pub mod error;
pub mod field;
pub mod flight;
pub mod fold;
pub mod lease;
pub mod migrate;
pub mod numeric;
pub mod offset;
pub mod outbox;
pub mod projection;
pub mod recorded;
pub mod row;
pub mod sql;
pub mod table;
pub mod transaction;

pub use error::Error;
pub use projection::{Emissions, NoEmission, Projection, ProjectionError};
pub use recorded::{Recorded, Source};
pub use row::Row;
pub use table::{Table, TableSet};
pub use tokio_postgres;
