//! Names of what the runtime counts.

use metrics::counter;

use crate::poison;

/// Events folded into rows.
pub const EVENTS_APPLIED: &str = "oneway_consumer_events_applied_total";
/// Records of types that the projection does not handle.
pub const EVENTS_SKIPPED: &str = "oneway_consumer_events_skipped_total";
/// Events that the rows contained already.
pub const EVENTS_DUPLICATE: &str = "oneway_consumer_events_duplicate_total";
/// Time from the start of a batch's transaction to its commit.
pub const BATCH_DURATION: &str = "oneway_consumer_batch_duration_seconds";
/// Offsets that a batch covered.
pub const BATCH_SIZE: &str = "oneway_consumer_batch_offsets";
/// Attempts at a batch that failed and will be repeated.
pub const BATCH_FAILURES: &str = "oneway_consumer_batch_failures_total";
/// Offsets between what is applied and the end of a partition.
pub const LAG: &str = "oneway_consumer_lag_events";
/// Records parked: those that cannot be handled, and those behind them.
pub const EVENTS_PARKED: &str = "oneway_consumer_events_parked_total";
/// Records that cannot be handled, by class.
pub const DEAD_LETTERS: &str = "oneway_consumer_dead_letters_total";
/// Keys that are parked in the partitions of a worker.
pub const PARKED_KEYS: &str = "oneway_consumer_parked_keys";
/// Age of the last record that was read, while there are more; 0 when everything is applied.
pub const LAG_SECONDS: &str = "oneway_consumer_lag_seconds";
/// 1 while an operator wants nothing to be applied.
pub const PAUSED: &str = "oneway_consumer_paused";
/// Statements run for queries.
pub const QUERY_STATEMENTS: &str = "oneway_query_statements_total";
/// Queries that wait for what their tokens name.
pub const QUERIES_WAITING: &str = "oneway_queries_waiting";
/// How long such queries waited.
pub const QUERY_WAIT: &str = "oneway_query_wait_seconds";
/// Such queries that were refused.
pub const QUERIES_UNMET: &str = "oneway_queries_unmet_total";
/// Partitions that a worker has.
pub const PARTITIONS: &str = "oneway_consumer_partitions";

/// Events and commands put into the outbox.
pub const OUTBOX_EMITTED: &str = "oneway_outbox_emitted_total";
/// What of them the relay brought into the log.
pub const OUTBOX_RELAYED: &str = "oneway_outbox_relayed_total";
/// Times that the relay had to start over.
pub const OUTBOX_RELAY_FAILURES: &str = "oneway_outbox_relay_failures_total";
/// What waits in the outbox (counted up to its limit).
pub const OUTBOX_WAITING: &str = "oneway_outbox_waiting_events";

/// Effects that ended, by name and state.
pub const EFFECTS_ENDED: &str = "oneway_effects_ended_total";
/// Effects that had been interrupted and were taken up again, by name.
pub const EFFECTS_INTERRUPTED: &str = "oneway_effects_interrupted_total";

/// Change notifications that were sent.
pub const CHANGES_SENT: &str = "oneway_change_feed_sent_total";
/// Change notifications that were given up; a notification that anything may have changed
/// follows.
pub const CHANGES_LOST: &str = "oneway_change_feed_lost_total";

/// Counts nothing yet: what is counted seldom is there from the start, so that rules see its first
/// event.
pub(crate) fn start(emits: bool, serves: bool) {
    for name in [BATCH_FAILURES, EVENTS_SKIPPED, EVENTS_DUPLICATE, EVENTS_PARKED] {
        counter!(name).increment(0);
    }
    for class in poison::CLASSES {
        counter!(DEAD_LETTERS, "class" => class).increment(0);
    }
    for name in [CHANGES_SENT, CHANGES_LOST] {
        counter!(name).increment(0);
    }
    if emits {
        for name in [OUTBOX_EMITTED, OUTBOX_RELAYED, OUTBOX_RELAY_FAILURES] {
            counter!(name).increment(0);
        }
    }
    if serves {
        counter!(QUERIES_UNMET).increment(0);
    }
}

/// The same for effects of a name.
pub fn start_effects(name: &'static str) {
    counter!(EFFECTS_INTERRUPTED, "effect" => name).increment(0);
    for state in ["completed", "failed"] {
        counter!(EFFECTS_ENDED, "effect" => name, "state" => state).increment(0);
    }
}
