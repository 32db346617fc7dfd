//! One customer, with the history of its class.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use consumer_runtime::{
    query::{Arguments, ProblemBody, Reading, not_found},
    row::RowError,
    snapshot::Snapshot,
};
use schemas::{Money, Timestamp, classification::CustomerClass};
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::{
    as_of,
    customer::{COLUMNS, Customer},
    list::Selection,
    queries::Report,
    tag::tagged,
};

/// Of which moment a report is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// As it was: at the end of a day (UTC) that is over, or at a moment.
    #[serde(rename = "as-of")]
    #[param(rename = "as-of", example = "2026-05-31")]
    as_of: Option<String>,
}

/// A customer and its classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithHistory {
    /// The customer.
    #[serde(flatten)]
    customer: Customer,
    /// Its classes, from the first to the last.
    class_history: Vec<ClassChange>,
}

/// A class that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassChange {
    /// Its number among those of the customer.
    sequence: i64,
    /// The class from then on.
    #[schema(value_type = String, example = "B")]
    class: CustomerClass,
    /// The class until then; null at first.
    #[schema(value_type = Option<String>, example = "C")]
    previous_class: Option<CustomerClass>,
    /// Confirmed revenue in the window, in EUR: what decided.
    #[schema(value_type = String, example = "1234.50")]
    confirmed_revenue: Money,
    /// Number of the orders in it.
    confirmed_orders: i64,
    /// Length of the window in days; null: all orders.
    window_days: Option<i32>,
    /// The rule.
    #[schema(example = "a=10000.00,b=1000.00,window=365d")]
    rule_version: String,
    /// When the rule was applied.
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
    /// When that became known.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl ClassChange {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            sequence: row.next()?,
            class: row.next()?,
            previous_class: row.next()?,
            confirmed_revenue: row.next()?,
            confirmed_orders: row.next()?,
            window_days: row.next()?,
            rule_version: row.next()?,
            evaluated_at: row.next()?,
            since: row.next()?,
        })
    }
}

/// One customer with the history of its class.
#[utoipa::path(
    get, path = "/v1/report/customers/{id}", tag = "report",
    params(("id" = String, Path, description = "Id of the customer"), AsOf),
    responses(
        (status = 200, description = "The customer; its `ETag` is for `If-None-Match`",
            body = WithHistory),
        (status = 304, description = "It is as `If-None-Match` says"),
        (status = 400, description = "An argument is malformed, or `as-of` is not over yet",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The customer is not known, or was not", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn one(
    State(report): State<Report>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Arguments(arguments): Arguments<AsOf>,
) -> Result<Response, Problem> {
    let as_of = as_of::parse(arguments.as_of.as_deref(), Timestamp::now())?;
    let mut selection = Selection::of(as_of);
    selection.parameter(Box::new(id));
    let sql = format!("select {COLUMNS} {} and customer_id = $2::text", selection.sql);
    let history = "select sequence, class, previous_class, confirmed_revenue, confirmed_orders, \
                          window_days, rule_version, evaluated_at, at from class_change \
                   where ($1::timestamptz is null or at <= $1) and customer_id = $2::text \
                   order by sequence";
    let snapshot = Snapshot::open(&report.database).await?;
    let customers = snapshot.select(&sql, &selection.references(), Customer::read).await?;
    let class_history =
        snapshot.select(history, &selection.references(), ClassChange::read).await?;
    snapshot.close().await?;
    let customer = customers.into_iter().next();
    let customer = customer.ok_or_else(|| not_found("there is no such customer"))?;
    tagged(&headers, &WithHistory { customer, class_history })
}
