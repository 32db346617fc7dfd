//! Hurts a whole installation under load, and then asks whether any promise was broken.
//!
//! In reading order:
//! - [`plan`]: which faults come when, all of it from one seed
//! - [`stage`]: the installation, and how a fault is done to it
//! - [`client`]: sends one command until it has an answer
//! - [`load`]: many clients with repeats and conflicts, which know what they must be answered
//! - [`ledger`]: every answer that was given, to be compared with the log
//! - [`report`]: what came of it

pub mod client;
pub mod ledger;
pub mod load;
pub mod plan;
pub mod report;
pub mod stage;
