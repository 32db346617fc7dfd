//! Read model of the customers: one row each, served as a list and one by one.
//!
//! In reading order:
//! - [`projection`]: what events make of the rows
//! - [`queries`]: what can be asked
//! - [`resolvers`]: the same in the form of existing front ends
//! - [`details`]: what clients are told of changes

pub mod details;
pub mod projection;
pub mod queries;
pub mod resolvers;

refinery::embed_migrations!("migrations");
