//! The shell of every binary: reads the environment once, sets up logs and metrics, serves health
//! on an admin port, runs the role under a shutdown signal and turns its end into an exit code.
//!
//! In reading order:
//! - [`env`]: the environment, read into types; every bad variable is reported together
//! - [`role`]: what a service does
//! - `clock`: the clock of the process, which simulations may move
//! - [`shell`]: the life of a process, from `main` to its exit code
//! - [`together`], [`badge`]: several roles in one process, and how their threads are told apart
//! - [`shutdown`]: how tasks learn that they are to stop
//! - [`lifeline`]: ends a process that only a new one can replace
//! - [`admin`]: `/health/live`, `/health/ready` and `/metrics`
//! - [`health`]: what makes a process ready
//! - `probe`: asks another process whether it is
//! - `allocator`: where all memory comes from
//! - [`trace`]: what became of a request, told to a collector
//! - [`logging`]: `tracing` to stdout, as text or JSON
//! - [`http`]: serving a router on a public address, with limits
//! - [`endless`]: answers without an end, such as streams of events
//! - `connection`: the socket of a connection, and its place among all
//! - `unread`: requests that are answered before their body was read
//! - [`edge`]: what every request goes through first and every answer last
//! - [`auth`]: who asks, and what they may
//! - [`prefer`]: how long a client wants to wait
//! - [`problem`]: errors as RFC 9457 problem details
//! - [`services`]: where other services are
//! - `metrics`: what is counted

mod allocator;
mod connection;

pub mod admin;
pub mod auth;
pub mod badge;
mod clock;
pub mod edge;
pub mod endless;
pub mod env;
pub mod health;
pub mod http;
pub mod lifeline;
pub mod logging;
mod metrics;
pub mod prefer;
mod probe;
pub mod problem;
pub mod role;
pub mod services;
pub mod shell;
pub mod shutdown;
pub mod together;
pub mod trace;
mod unread;

pub use auth::{Gate, Subject};
pub use env::Env;
pub use health::Health;
pub use lifeline::Lifeline;
pub use prefer::Prefer;
pub use problem::Problem;
pub use role::Role;
pub use services::Services;
pub use shell::{Failure, Shell};
pub use shutdown::Shutdown;
pub use trace::Tracer;
