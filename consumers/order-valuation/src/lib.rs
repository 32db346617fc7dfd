//! Values orders in USD: remembers each order, takes the ECB's reference rate that is valid on its
//! day, and answers with `ADD_USD_RATE_AND_VALUE`. The rate becomes a fact of the order: nobody has
//! to ask for it again, whatever is rebuilt.
//!
//! In reading order:
//! - [`rates`]: the published rates, and which of them is valid on a day
//! - [`xml`], [`feed`]: the ECB's documents, and how they are fetched
//! - [`sources`], [`retries`]: the feed, or the recorded one when it cannot be reached; and when it
//!   is asked again
//! - [`projection`]: the tables, and orders that are answered at once
//! - [`valuing`]: fetches rates for orders that wait, and answers them
//! - [`queries`]: what operators can ask
//! - [`settings`], [`metrics`]
//!
//! Invariants:
//! - An order is answered by one command at most: its row is locked, or new, when it leaves the
//!   state `pending`, which is stored with the command; and the command's id follows from the order.
//! - A fetch that is recorded as completed has left a rate (or the knowledge that there is none)
//!   that is good for the order that caused it; so it is not repeated for it.

pub mod feed;
pub mod metrics;
pub mod projection;
pub mod queries;
pub mod rates;
pub mod retries;
pub mod settings;
pub mod sources;
pub mod valuing;
pub mod xml;

refinery::embed_migrations!("migrations");
