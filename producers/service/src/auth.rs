//! Who asks, and what they may: one layer before every router that is served.
//!
//! In reading order:
//! - [`settings`]: what is configured, with `secret` and [`origins`]
//! - [`gate`]: what a request passes: origin, token, rate, right
//! - [`verifier`]: from the headers of a request to its [`Subject`]
//! - `credential`: where a token is in a request
//! - `keys`, `key_store`: the public keys of an issuer, read and fetched
//! - [`subject`], [`roles`]: who asks, and the one table of what roles may
//! - [`refusal`]: what is told to those who may not, and what is recorded of them
//! - [`rate`], [`proxies`]: how often one may ask, and whose address counts
//! - [`issuer`]: makes tokens, for local use and tests
//!
//! Invariants: nobody passes without a valid token unless anonymous access is switched on; a token
//! that is there and not valid never counts as none; a secret verifies HS256 alone, a public key
//! never does; what no role allows is refused; no token and no secret is in any message.

mod credential;
pub mod gate;
pub mod issuer;
mod key_store;
mod keys;
pub mod origins;
pub mod proxies;
pub mod rate;
pub mod refusal;
pub mod roles;
mod secret;
pub mod settings;
pub mod subject;
pub mod verifier;

pub use credential::COOKIE;
pub use gate::{Admit, Gate};
pub use refusal::Refusal;
pub use secret::Secret;
pub use settings::Settings;
pub use subject::Subject;
pub use verifier::Verifier;
