//! Read model of the orders: one row each, and one row for each customer; a name is joined when
//! it is asked for, so that a customer's new name shows with all orders at once.
//!
//! In reading order:
//! - [`status`]: where an order stands
//! - [`projection`]: what events make of the rows
//! - [`queries`], [`requests`]: what can be asked
//! - [`usd`], [`resolvers`]: the same in the form of existing front ends
//! - [`graphql`]: the same as a graph
//! - [`settings`]: what the environment says
//! - [`details`]: what clients are told of changes

pub mod details;
pub mod graphql;
pub mod projection;
pub mod queries;
pub mod requests;
pub mod resolvers;
pub mod settings;
pub mod status;
pub mod usd;

refinery::embed_migrations!("migrations");
