//! Hurts a whole installation under load, and then asks whether any promise was broken.
//!
//! In reading order:
//! - [`fault`], [`plan`]: which faults come when, all of it from one seed
//! - [`stage`], [`database`], [`lives`]: the installation, how a fault is done to it, and how its
//!   consumers take it
//! - [`client`]: sends one command until it has an answer
//! - [`load`], [`shop`]: many clients with repeats and conflicts, which know what they must be
//!   answered
//! - [`ledger`]: every answer that was given, to be compared with the log
//! - [`reading`], [`fold`], [`rows`], [`offsets`]: the read models, to be compared with the log
//! - [`report`]: what came of it

pub mod client;
pub mod database;
pub mod fault;
pub mod fold;
pub mod ledger;
pub mod lives;
pub mod load;
pub mod offsets;
pub mod plan;
pub mod reading;
pub mod report;
pub mod rows;
pub mod shop;
pub mod stage;
