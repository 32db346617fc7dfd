//! Names of what is counted.

/// Orders that wait for a rate (counted up to a limit).
pub const PENDING: &str = "oneway_order_valuation_pending";
/// Answers of the feed, by document and outcome.
pub const FETCHES: &str = "oneway_order_valuation_fetches_total";
/// 1 while recorded rates stand in for a feed that cannot be reached.
pub const RECORDED: &str = "oneway_order_valuation_recorded_rates";
