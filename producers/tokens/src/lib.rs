//! Logs people in and makes tokens: for local use and tests, in the form that existing front ends
//! know. Elsewhere tokens come from an issuer of one's own, see `ONEWAY_JWT_KEYS`.
//!
//! In reading order:
//! - [`settings`]: what is configured
//! - [`accounts`]: who may log in, with what password, in which roles
//! - [`attempts`]: how often a password may be tried
//! - [`session`]: tokens, and the cookie that carries them
//! - [`redirect`]: where a browser may be sent after it
//! - [`routes`]: what can be asked
//! - [`server`]: how the parts come together
//!
//! Invariants: whoever fails to log in learns nothing of whether there is such an account; a
//! session ends, however often its token is renewed; a browser is sent to no foreign place.

mod accounts;
mod attempts;
mod redirect;
mod routes;
mod server;
mod session;
mod settings;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("tokens", settings::Settings::from_env, server::serve)
}
