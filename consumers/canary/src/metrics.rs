//! What is counted.

use metrics::{counter, gauge};
use service::role::Buckets;

use crate::run::Stage;

/// Runs, by `result`: ok, or the stage that has failed.
pub const RUNS: &str = "oneway_canary_runs_total";
/// How long it took from the command on, by `stage`.
pub const SECONDS: &str = "oneway_canary_seconds";
/// When a run has last come through, in seconds since 1970; 0 before the first: that of a canary
/// that has never come through is long ago for a rule, and a canary that is not there has none.
pub const LAST_SUCCESS: &str = "oneway_canary_last_success_timestamp_seconds";

/// The `result` of runs that have come through.
pub const OK: &str = "ok";

/// Around what is usual (tens of milliseconds) and what is promised (5 s).
pub const BUCKETS: Buckets = Buckets {
    metric: SECONDS,
    bounds: &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
};

/// Counts nothing yet: so that rules see the first run of each result.
pub fn start() {
    gauge!(LAST_SUCCESS).set(0.0);
    for result in Stage::ALL.map(Stage::as_str).into_iter().chain([OK]) {
        counter!(RUNS, "result" => result).increment(0);
    }
}
