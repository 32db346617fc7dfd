//! Changing a schema safely. Events live for ever, so their schemas are the system's real API.
//!
//! - [`source`]: a schema file with the places of all it says, and [`model`]: what it says
//! - [`lint`]: whether one file is as ours are, by [`rules`] that have a page each
//! - [`breaking`]: what a new revision breaks for readers and writers of an earlier one
//! - [`history`]: every revision that was ever registered, and the lock file that holds them
//! - [`finding`]: what was found, as text, JSON or SARIF

pub mod breaking;
pub mod finding;
pub mod history;
pub mod lint;
pub mod model;
mod parse;
pub mod rules;
mod sarif;
pub mod shipped;
pub mod source;
