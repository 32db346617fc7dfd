//! Names of what is counted.

use consumer_runtime::metrics::start_effects;
use metrics::{counter, gauge};

use crate::{
    feed::{Document, FeedError},
    valuing::FETCH,
};

/// Orders that wait for a rate (counted up to a limit).
pub const PENDING: &str = "oneway_order_valuation_pending";
/// Answers of the feed, by document and outcome.
pub const FETCHES: &str = "oneway_order_valuation_fetches_total";
/// 1 while recorded rates stand in for a feed that cannot be reached.
pub const RECORDED: &str = "oneway_order_valuation_recorded_rates";

/// Counts nothing yet: so that rules see the first of each.
pub(crate) fn start() {
    for document in [Document::Daily, Document::Recent, Document::History] {
        for outcome in FeedError::LABELS.into_iter().chain(["good"]) {
            let labels = [("document", document.file()), ("outcome", outcome)];
            counter!(FETCHES, &labels).increment(0);
        }
    }
    gauge!(RECORDED).set(0.0);
    start_effects(FETCH);
}
