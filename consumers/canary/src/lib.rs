//! How fresh the system is, as a client sees it: sends one command through the whole chain, again
//! and again, and times what comes of it.
//!
//! In reading order:
//! - [`settings`]: how often, how long, and whom it asks
//! - [`watch`]: run after run, and what is told of each
//! - [`run`]: one run, stage by stage
//! - [`order`]: the order that it corrects
//! - [`changes`], [`events`]: what is told of changes, and as which bytes
//! - [`client`], [`error`]: requests to services, and what may come of them
//! - [`metrics`]: what is counted
//!
//! Invariants: it is a client like any other, by HTTP alone and with no rights but its token's;
//! nothing that is away ends it.

mod changes;
mod client;
mod error;
mod events;
mod metrics;
mod order;
mod run;
mod settings;
mod watch;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    // It writes an event for ever with each run: nobody has it without asking for it.
    Role::new("canary", settings::Settings::from_env, watch::watch)
        .with_buckets(metrics::BUCKETS)
        .optional()
}
