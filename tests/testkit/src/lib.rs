//! A real installation for tests: started, watched, hurt and stopped as a user would do it, by the
//! `oneway` command. It has its own namespace on the broker and its own database on the server of
//! the test run, so that tests do not see each other.
//!
//! In reading order:
//! - [`installation`]: an installation from `up` to its end
//! - [`process`]: one more process of a service, without a supervisor
//! - [`processor`]: a command processor of it that the test itself starts and kills
//! - [`postbox`]: a mail server that goes wrong as told, and counts what really arrived
//! - [`wait`]: polls until a condition holds; no test sleeps for effect
//! - [`log`]: reads whole topics back, under `read_committed`

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

pub mod installation;
pub mod log;
pub mod postbox;
pub mod process;
pub mod processor;
pub mod wait;

pub use installation::Installation;
pub use postbox::Postbox;
pub use process::Process;
pub use processor::Processor;
pub use wait::eventually;
