//! Names of what is counted.

use consumer_runtime::metrics::start_effects;
use metrics::counter;

use crate::sending::SEND;

/// Mails by what came of them.
pub const MAILS: &str = "oneway_campaign_mails_total";

/// Counts nothing yet: so that rules see the first mail of each outcome.
pub(crate) fn start() {
    for outcome in ["sent", "failed", "uncertain", "excluded"] {
        counter!(MAILS, "outcome" => outcome).increment(0);
    }
    start_effects(SEND);
}
