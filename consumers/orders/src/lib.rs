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

use consumer_runtime::{Consumer, Projection, hearing};
use service::Role;

use crate::{details::OrderDetails, projection::Orders, settings::Settings};

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    role_of(Orders)
}

/// The service with other rules: what is deployed by a rebuild.
#[must_use]
pub fn role_of(projection: impl Projection) -> Role {
    Role::new("orders", Settings::from_env, async |shell, settings| {
        let Settings { runtime, graphql } = settings;
        let (ear, changes) = hearing::channel();
        let routes = move |database| queries::router(database, changes, graphql);
        let consumer = Consumer::new(projection, migrations::runner, routes);
        let consumer = consumer.with_details(OrderDetails).with_ear(ear);
        consumer_runtime::run(shell, runtime, consumer).await
    })
}
