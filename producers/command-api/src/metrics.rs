//! What is counted.

use metrics::{counter, gauge};
use schemas::any_command::AnyCommand;

/// Commands answered, by `aggregate` and `result` (accepted, rejected, invalid, pending, reused,
/// overloaded, refused, unknown, internal).
pub const COMMANDS: &str = "oneway_command_api_commands_total";
/// Seconds from the arrival of a well-formed command to its answer, by `aggregate`.
pub const ANSWER_SECONDS: &str = "oneway_command_api_answer_seconds";
/// Commands under way: being appended or waiting for their outcome.
pub const IN_FLIGHT: &str = "oneway_command_api_in_flight_commands";
/// Outcomes read from the reply partition.
pub const OUTCOMES_READ: &str = "oneway_command_api_outcomes_read_total";
/// Records of the reply partition that are no outcome.
pub const OUTCOMES_SKIPPED: &str = "oneway_command_api_outcomes_skipped_total";
/// Searches of the log for the outcome of one command, by `result` (found, pending, absent, failed).
pub const LOOKUPS: &str = "oneway_command_api_lookups_total";
/// Refusals of commands that are in the log of the process alone.
pub const REFUSALS_LOST: &str = "oneway_command_api_refusals_lost_total";

/// Of [`COMMANDS`].
const RESULTS: [&str; 9] = [
    "accepted",
    "rejected",
    "invalid",
    "pending",
    "reused",
    "overloaded",
    "refused",
    "unknown",
    "internal",
];

/// Counts nothing yet: what is counted seldom is there from the start, so that rules see its first
/// event.
pub fn start() {
    for aggregate in AnyCommand::AGGREGATES {
        for result in RESULTS {
            counter!(COMMANDS, "aggregate" => aggregate, "result" => result).increment(0);
        }
    }
    for result in ["found", "pending", "absent", "failed"] {
        counter!(LOOKUPS, "result" => result).increment(0);
    }
    for name in [OUTCOMES_READ, OUTCOMES_SKIPPED, REFUSALS_LOST] {
        counter!(name).increment(0);
    }
    gauge!(IN_FLIGHT).set(0.0);
}
