//! Read model of the e-mail campaigns: how each goes, and what came of each mail. Sends nothing.
//!
//! In reading order:
//! - [`projection`]: what events make of the rows
//! - [`queries`]: campaigns with their funnels
//! - [`mailings`]: the log, customer by customer

pub mod mailings;
pub mod projection;
pub mod queries;

use consumer_runtime::{Consumer, Settings};
use service::Role;

use crate::projection::Campaigns;

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("campaigns", Settings::from_env, async |shell, settings| {
        let consumer = Consumer::new(Campaigns, migrations::runner, queries::router);
        consumer_runtime::run(shell, settings, consumer).await
    })
}
