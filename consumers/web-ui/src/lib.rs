//! The web page, and every service under its origin: `/s/<service>/…` is the service of that name.
//! So browsers see one origin, cookies need no exceptions, and nothing else has to be open to them.
//!
//! In reading order:
//! - [`settings`]: where it serves, and where the services are
//! - [`files`]: the page, which is part of the binary
//! - [`headers`]: what browsers are told to refuse
//! - [`forward`]: requests on their way to services
//! - [`server`]: how the parts come together
//!
//! Invariants: a page runs no code but its own; a request that changes something is only taken from
//! this origin's pages; services are reached by the names of the settings alone.

mod files;
mod forward;
mod headers;
mod server;
mod settings;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("web-ui", settings::Settings::from_env, server::serve)
}
