//! The rows that existing front ends show, and the resolvers by which they ask for them.

use consumer_runtime::{
    Database, Error,
    query::Reading,
    resolver::{ById, MOST_ROWS, NoArguments, Resolvers},
};
use serde::Serialize;

use crate::projection::OVERVIEW;

/// A customer in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverviewRow {
    /// Its id.
    pub id: String,
    /// Full name.
    pub name: String,
}

/// A customer to be edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditingRow {
    /// Its id.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Where the customer is; empty when that is not known: it goes into a form as it is.
    pub location: String,
}

/// The resolvers.
#[must_use]
pub fn resolvers(database: Database) -> Resolvers {
    Resolvers::new(database)
        .with(OVERVIEW, "all", async |database: Database, _: NoArguments| {
            overview(&database, None).await
        })
        .with("editing", "byId", by_id)
}

/// Rows of the list: those with some ids, or all, by name.
///
/// # Errors
/// When they cannot be read.
pub async fn overview(
    database: &Database,
    ids: Option<&[&str]>,
) -> Result<Vec<OverviewRow>, Error> {
    // Two texts, since no one plan serves for both.
    let (those, ids) = match ids {
        Some(ids) => ("customer_id = any($1)", ids),
        None => ("$1::text[] is not null", [].as_slice()),
    };
    let sql = format!(
        "select customer_id, name from customer where {those} \
         order by lower(name) collate \"C\", customer_id collate \"C\" limit $2"
    );
    let read = |row: &mut Reading<'_>| Ok(OverviewRow { id: row.next()?, name: row.next()? });
    database.select(&sql, &[&ids, &MOST_ROWS], read).await
}

async fn by_id(database: Database, ById { id }: ById) -> Result<Vec<EditingRow>, Error> {
    let sql =
        "select customer_id, name, coalesce(location, '') from customer where customer_id = $1";
    let read = |row: &mut Reading<'_>| {
        Ok(EditingRow { id: row.next()?, name: row.next()?, location: row.next()? })
    };
    database.select(sql, &[&id], read).await
}
