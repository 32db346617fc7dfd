//! The report of the customers: orders, revenue and class of each, the numbers of all, and either
//! as it was at any past moment.
//!
//! In reading order:
//! - [`rows`], [`projection`]: the tables, and what events make of their rows
//! - [`as_of`], [`source`], [`sort`]: of which moment a report is, where its rows come from, and in
//!   which order
//! - [`customer`]: one customer's row, as all answers show it
//! - [`list`], [`spreadsheet`]: the report in pages, and as a whole as CSV
//! - [`single`], [`summary`]: one customer with its history, and all in numbers
//! - [`tag`]: `ETag`s of what is answered
//! - [`queries`]: all that can be asked; [`resolvers`] in the form of existing front ends
//! - [`details`]: what clients are told of changes
//!
//! Invariant: the report as of a moment is made of the events whose own time is not after it, and
//! of nothing else. As of the end of time it is the report of the present.

pub mod as_of;
pub mod customer;
pub mod details;
pub mod list;
pub mod projection;
pub mod queries;
pub mod resolvers;
pub mod rows;
pub mod single;
pub mod sort;
pub mod source;
pub mod spreadsheet;
pub mod summary;
pub mod tag;

use consumer_runtime::{Consumer, Settings};
use service::Role;

use crate::{details::CustomerDetails, projection::CustomerReport};

refinery::embed_migrations!("migrations");

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("customer-report", Settings::from_env, async |shell, settings| {
        let consumer = Consumer::new(CustomerReport, migrations::runner, queries::router);
        consumer_runtime::run(shell, settings, consumer.with_details(CustomerDetails)).await
    })
}
