//! Read model of the customers: one row each, served as a list and one by one.
//!
//! In reading order:
//! - [`projection`]: what events make of the rows
//! - [`queries`]: what can be asked

pub mod projection;
pub mod queries;

refinery::embed_migrations!("migrations");
