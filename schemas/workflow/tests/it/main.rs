//! The shipped schemas, and what is done with them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod corpus;
mod shipped;
