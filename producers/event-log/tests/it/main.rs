//! The event log against a real broker. `cargo oneway test` starts one; each test works in a
//! namespace of its own.

mod exactly_once;
mod installation;
mod restore;
mod topics;
