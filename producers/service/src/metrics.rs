//! The names of the metrics of this crate.
//!
//! What is counted seldom is there from the start, as 0: a rule looks at what a counter has grown
//! by, and sees nothing of the first event of one that begins with it. So it is in every crate.

use metrics::counter;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

use crate::role::Buckets;

/// Requests that were refused by who asks, how often, or from where; label `reason`.
pub const REFUSALS: &str = "oneway_http_refusals_total";

/// 1 while everybody may do everything.
pub const ANONYMOUS: &str = "oneway_http_anonymous";

/// Attempts to get the keys of the issuer; label `result`.
pub const KEY_LOADS: &str = "oneway_http_key_loads_total";

/// Spans that the collector of traces has taken.
pub const SPANS_SENT: &str = "oneway_trace_spans_sent_total";

/// Spans that are lost, by `reason` (`queue_full`, `undelivered`).
pub const SPANS_DROPPED: &str = "oneway_trace_spans_dropped_total";

const REASONS: [&str; 7] =
    ["missing", "expired", "invalid", "unavailable", "forbidden", "rate", "origin"];

/// What gathers the metrics of a role.
///
/// # Errors
/// When its buckets are none.
pub(crate) fn recorder(buckets: Option<Buckets>) -> Result<PrometheusBuilder, BuildError> {
    let builder = PrometheusBuilder::new();
    match buckets {
        Some(Buckets { metric, bounds }) => {
            builder.set_buckets_for_metric(Matcher::Full(metric.to_owned()), bounds)
        }
        None => Ok(builder),
    }
}

/// Counts nothing yet, at a gate.
pub(crate) fn start() {
    for reason in REASONS {
        counter!(REFUSALS, "reason" => reason).increment(0);
    }
    for result in ["loaded", "failed"] {
        counter!(KEY_LOADS, "result" => result).increment(0);
    }
}
