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

use consumer_runtime::Consumer;
use service::{Failure, Role};

use crate::{
    feed::Feed, projection::OrderValuation, settings::Settings, sources::Sources, valuing::Valuing,
};

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("order-valuation", Settings::from_env, async |shell, settings| {
        metrics::start();
        let Settings { runtime, feed, recorded, poll } = settings;
        let sources = Sources::new(Feed::new(feed), recorded);
        let sources = sources.map_err(|error| Failure::Internal(error.into()))?;
        let valuing = Valuing::new(sources, poll, shell.health.part("feed"));
        let consumer = Consumer::new(OrderValuation, migrations::runner, queries::router);
        consumer_runtime::run(shell, runtime, consumer.with_chore(valuing)).await
    })
}
