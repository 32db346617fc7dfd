//! What may happen to customers, orders, campaigns and mailings: pure functions that decide commands on states and
//! fold events into states. Knows no Kafka, no HTTP, no clock: the time is an argument.
//!
//! In reading order:
//! - [`aggregate`]: the seam between the command processor and an aggregate's rules
//! - [`customer`], [`order`], [`campaign`], [`mailing`]: the rules
//! - [`history`]: an aggregate's state from its events
//! - [`template`]: templates of mails
//! - [`validate`]: rules of form that fields share: lengths, characters, ranges
//!
//! Invariants: `decide` is deterministic and changes nothing; `evolve` accepts whatever the log
//! holds and never fails, since an event is final; a message never repeats the data it refuses.

pub mod aggregate;
pub mod campaign;
pub mod customer;
pub mod history;
pub mod mailing;
pub mod order;
pub mod template;
pub mod validate;

#[cfg(test)]
mod testing;

pub use aggregate::Aggregate;
pub use campaign::Campaigns;
pub use customer::Customers;
pub use mailing::Mailings;
pub use order::Orders;
pub use validate::Violation;
