//! Tells browsers which rows of which read model changed, as it happens. Keeps nothing but the last
//! notifications in memory: any number of instances may run, each reads all of them.
//!
//! In reading order:
//! - [`settings`], [`server`]: what is configured, and how the parts come up and go down
//! - [`cursor`]: where a reader stands, in all partitions at once; the ids of events
//! - [`filter`], [`change`]: what a client wants, and what it is told
//! - [`ring`], [`hub`]: the last changes, and how they come to clients
//! - [`follow`], [`decode`]: from the log into the hub
//! - [`traced`]: what is told of changes whose traces are recorded
//! - [`history`]: what is not in memory any more
//! - [`sse`]: server-sent events
//! - [`registration`], [`socket`]: the protocol of the original, over socket.io
//! - [`metrics`]: what is counted
//!
//! Invariants: a client gets every change after the place that its stream began at, once and in
//! the order of each partition, or is told to reload; what waits for a client is bounded, and no
//! client waits for another.

mod change;
mod cursor;
mod decode;
mod filter;
mod follow;
mod history;
mod hub;
mod metrics;
mod registration;
mod ring;
mod server;
mod settings;
mod socket;
mod sse;
mod traced;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("change-notifier", settings::Settings::from_env, server::serve)
}
