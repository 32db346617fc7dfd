//! The rows that existing front ends show, and the resolvers by which they ask for them.

use consumer_runtime::{
    Database, Error,
    query::Reading,
    resolver::{ById, MOST_ROWS, NoArguments, Resolvers},
    row::RowError,
};
use schemas::{Money, Rate, Timestamp};
use serde::Serialize;

use crate::{
    projection::{OVERVIEW, REQUESTS},
    status::Status,
    usd,
};

/// An order in the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverviewRow {
    /// Its id.
    pub id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What was ordered.
    pub text: String,
    /// Value in EUR: the shortest decimal.
    pub value: String,
    /// Empty while the customer is not known: front ends show the field as it is.
    pub customer_name: String,
    /// Where it stands.
    pub status: Status,
    /// Absent while the rate is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_info: Option<UsdInfo>,
}

/// The value of an order in USD.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsdInfo {
    /// The day whose rate was used.
    pub exchange_rate_date: String,
    /// USD for one EUR.
    pub exchange_rate: String,
    /// See [`usd::unrounded`].
    pub value: f64,
}

/// An order that a person is asked to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// The order's id.
    pub id: String,
    /// What was ordered.
    pub text: String,
    /// Value in EUR: the shortest decimal.
    pub value: String,
    /// Who ordered.
    pub customer_id: String,
    /// Empty while the customer is not known.
    pub customer_name: String,
    /// Where the order stands.
    pub status: Status,
}

/// The name of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The customer's id.
    pub id: String,
    /// Full name.
    pub name: String,
}

/// The resolvers.
#[must_use]
pub fn resolvers(database: Database) -> Resolvers {
    Resolvers::new(database)
        .with(OVERVIEW, "all", async |database: Database, _: NoArguments| {
            overview(&database, None).await
        })
        .with(OVERVIEW, "customerById", customer_by_id)
        .with(REQUESTS, "all", async |database: Database, _: NoArguments| {
            requests(&database, None).await
        })
}

/// Rows of the list: those with some ids, or the newest, oldest first.
///
/// # Errors
/// When they cannot be read.
pub async fn overview(
    database: &Database,
    ids: Option<&[&str]>,
) -> Result<Vec<OverviewRow>, Error> {
    let (those, ids) = those(ids);
    let sql = format!(
        "select * from ( \
           select order_id, customer_id, text, value, coalesce(customer.name, ''), status, \
                  usd_rate, usd_value, usd_rate_at, ordered_at \
           from customer_order left join customer using (customer_id) where {those} \
           order by ordered_at desc, order_id collate \"C\" desc limit $2 \
         ) newest order by ordered_at, order_id collate \"C\""
    );
    database.select(&sql, &[&ids, &MOST_ROWS], OverviewRow::read).await
}

/// Orders that wait for a person: those with some ids, or the newest, oldest first.
///
/// # Errors
/// When they cannot be read.
pub async fn requests(database: &Database, ids: Option<&[&str]>) -> Result<Vec<RequestRow>, Error> {
    let (those, ids) = those(ids);
    let sql = format!(
        "select * from ( \
           select order_id, text, value, customer_id, coalesce(customer.name, ''), status, \
                  requested_at \
           from confirmation_request join customer_order using (order_id) \
                left join customer using (customer_id) \
           where confirmed_at is null and {those} \
           order by requested_at desc, order_id collate \"C\" desc limit $2 \
         ) newest order by requested_at, order_id collate \"C\""
    );
    database.select(&sql, &[&ids, &MOST_ROWS], RequestRow::read).await
}

/// A condition for some ids and its parameter. Two texts, since no one plan serves for both.
fn those<'a>(ids: Option<&'a [&'a str]>) -> (&'static str, &'a [&'a str]) {
    match ids {
        Some(ids) => ("order_id = any($1)", ids),
        None => ("$1::text[] is not null", &[]),
    }
}

async fn customer_by_id(database: Database, ById { id }: ById) -> Result<Vec<Named>, Error> {
    let sql = "select customer_id, name from customer where customer_id = $1";
    let read = |row: &mut Reading<'_>| Ok(Named { id: row.next()?, name: row.next()? });
    database.select(sql, &[&id], read).await
}

impl OverviewRow {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        let id = row.next()?;
        let customer_id = row.next()?;
        let text = row.next()?;
        let value: Money = row.next()?;
        Ok(Self {
            id,
            customer_id,
            text,
            value: usd::shortest(value),
            customer_name: row.next()?,
            status: row.next()?,
            usd_info: UsdInfo::read(value, row)?,
        })
    }
}

impl UsdInfo {
    fn read(order: Money, row: &mut Reading<'_>) -> Result<Option<Self>, RowError> {
        let rate: Option<Rate> = row.next()?;
        let value: Option<Money> = row.next()?;
        let rate_at: Option<Timestamp> = row.next()?;
        Ok(rate.zip(value).zip(rate_at).map(|((rate, value), rate_at)| Self {
            exchange_rate_date: usd::day(rate_at),
            exchange_rate: rate.to_string(),
            value: usd::unrounded(order, rate, value),
        }))
    }
}

impl RequestRow {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            text: row.next()?,
            value: usd::shortest(row.next()?),
            customer_id: row.next()?,
            customer_name: row.next()?,
            status: row.next()?,
        })
    }
}
