//! Classifies customers as A, B or C by their revenue: keeps its own read model of orders and
//! customers, and publishes `customer_classification_updated` for each real change.
//!
//! In reading order:
//! - [`rule`]: thresholds and window
//! - [`settings`]: what the environment says
//! - [`projection`]: the tables, and what events make of their rows
//! - [`account`]: what a confirmed order, the first event or a new sum does to one customer
//! - [`change`]: the history of the classes
//! - [`aging`]: orders that leave the window as time goes by
//! - [`queries`]: what can be asked
//!
//! Invariant: while a customer is *settled* (counted by the present rule, nothing due), revenue
//! and orders are those of the confirmed orders in the window, and the class is what the rule
//! makes of them. What is not settled is made anew by [`aging`], and nothing is published of it
//! before.

pub mod account;
pub mod aging;
pub mod change;
pub mod projection;
pub mod queries;
pub mod rule;
pub mod settings;

use consumer_runtime::Consumer;
use service::Role;

use crate::{aging::Aging, projection::Classifier, settings::Settings};

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("customer-classifier", Settings::from_env, async |shell, settings| {
        let Settings { runtime, rule, aging_poll } = settings;
        let aging = Aging::new(rule.clone(), aging_poll);
        let classifier = match runtime.build {
            Some(_) => Classifier::not_live(rule.clone()),
            None => Classifier::new(rule.clone()),
        };
        let routes = |database| queries::router(database, rule);
        let consumer = Consumer::new(classifier, migrations::runner, routes);
        consumer_runtime::run(shell, runtime, consumer.with_chore(aging)).await
    })
}
