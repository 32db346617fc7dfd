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

use consumer_runtime::{Consumer, Settings};
use service::Role;

use crate::{details::CustomerDetails, projection::Customers};

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("customers", Settings::from_env, async |shell, settings| {
        let consumer = Consumer::new(Customers, migrations::runner, queries::router);
        consumer_runtime::run(shell, settings, consumer.with_details(CustomerDetails)).await
    })
}
