//! Names of what is counted.

/// Mails by what came of them.
pub const MAILS: &str = "oneway_campaign_mails_total";
