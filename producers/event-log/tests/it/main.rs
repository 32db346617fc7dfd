//! The event log against a real broker. `cargo oneway test` starts one; each test works in a
//! namespace of its own.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod exactly_once;
mod group;
mod installation;
mod restore;
mod topics;
