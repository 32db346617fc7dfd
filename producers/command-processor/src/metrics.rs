//! Names of what is counted.

/// Commands by `aggregate` and `outcome` (accepted, rejected, repeated, forwarded, unreadable).
pub const COMMANDS: &str = "oneway_processor_commands_total";
/// Events appended by `aggregate`; counted when their transaction is committed.
pub const EVENTS: &str = "oneway_processor_events_appended_total";
/// Aggregates held in memory by `aggregate`.
pub const AGGREGATES: &str = "oneway_processor_aggregates";
/// Bytes of their ids and states by `aggregate`, without what the allocator adds.
pub const STATE_BYTES: &str = "oneway_processor_state_bytes";
/// 1 for each accepted `risk` to a `topic` of the log.
pub const ACCEPTED_RISK: &str = "oneway_processor_accepted_risk";
