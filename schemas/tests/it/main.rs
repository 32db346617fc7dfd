//! Schema files, Rust types and bytes agree, now and for every byte ever written.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod agreement;
mod codec;
mod fixtures;
mod samples;
