//! Decides commands and appends their events: the single writer of the event store.
//!
//! In reading order:
//! - [`settings`]: what is configured
//! - [`role`]: start-up and the thread that does the work
//! - [`guard`]: refuses a log that forgets or whose keys have moved
//! - [`processor`]: sends each record to its aggregate type
//! - [`writer`]: one aggregate type: from a command record to its events, state and outcome
//! - [`shard`]: the aggregates of one partition: committed state and the overlay of a batch
//! - [`states`]: committed states, encoded; [`absent`]: those of aggregates that do not exist
//! - [`restore`]: the state of a partition, from its checkpoint and its state topic or, if that is
//!   lost, its events
//! - [`checkpoint`]: states in local files, so that a restart reads only what is new
//! - [`outbound`]: the records that a decision makes
//! - [`traced`]: what is told of commands whose trace is recorded
//! - [`metrics`]: names of what is counted
//!
//! Invariants: state changes only after its transaction is committed; an aggregate is decided
//! only in the partition that its key belongs to; a command that was answered gets the same
//! answer again.

mod absent;
mod checkpoint;
mod guard;
mod metrics;
mod outbound;
mod processor;
mod restore;
mod role;
mod settings;
mod shard;
mod states;
mod traced;
mod writer;

use service::Role;

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("command-processor", settings::Settings::from_env, role::run)
}
