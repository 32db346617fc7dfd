//! Read model of the orders: one row each, and one row for each customer; a name is joined when
//! it is asked for, so that a customer's new name shows with all orders at once.
//!
//! In reading order:
//! - [`status`]: where an order stands
//! - [`projection`]: what events make of the rows
//! - [`queries`]: what can be asked

pub mod projection;
pub mod queries;
pub mod status;

refinery::embed_migrations!("migrations");
