//! The rows in the form that existing front ends ask for: those of the report as it is.

use consumer_runtime::{
    Database, Error,
    resolver::{ById, MOST_ROWS, NoArguments, Resolvers},
};

use crate::{
    customer::{COLUMNS, Customer},
    rows::CUSTOMERS,
};

/// The resolvers: of the read model that changes are told of, and by the name of the report.
#[must_use]
pub fn resolvers(database: Database) -> Resolvers {
    let all = async |database: Database, _: NoArguments| customers(&database, None).await;
    let by_id = async |database: Database, ById { id }: ById| {
        customers(&database, Some(&[id.as_str()])).await
    };
    Resolvers::new(database)
        .with(CUSTOMERS, "all", all)
        .with(CUSTOMERS, "byId", by_id)
        .with("report", "all", all)
        .with("report", "byId", by_id)
}

/// Rows of the report: those with some ids, or all, by name.
///
/// # Errors
/// When they cannot be read.
pub async fn customers(database: &Database, ids: Option<&[&str]>) -> Result<Vec<Customer>, Error> {
    // Two texts, since no one plan serves for both.
    let (those, ids) = match ids {
        Some(ids) => ("customer_id = any($1)", ids),
        None => ("$1::text[] is not null", [].as_slice()),
    };
    let sql = format!(
        "select {COLUMNS} from customer where known and {those} \
         order by lower(name) collate \"C\", customer_id collate \"C\" limit $2"
    );
    database.select(&sql, &[&ids, &MOST_ROWS], Customer::read).await
}
