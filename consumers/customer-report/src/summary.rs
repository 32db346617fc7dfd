//! All customers in numbers: totals, classes and their shares, movements between classes, and the
//! best of all.

use axum::{extract::State, http::HeaderMap, response::Response};
use consumer_runtime::{
    query::{Arguments, ProblemBody, Reading, bad_argument},
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

/// Most customers at the top.
const MOST: i64 = 100;

/// Which summary.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SummaryArguments {
    /// As it was: at the end of a day (UTC) that is over, or at a moment.
    #[serde(rename = "as-of")]
    #[param(rename = "as-of", example = "2026-05-31")]
    as_of: Option<String>,
    /// How many of the best customers: 0 to 100, otherwise 10.
    top: Option<i64>,
}

/// All customers in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All of them.
    total: Figures,
    /// Those of each class, A first; last those whose class is not known yet, if there are any.
    classes: Vec<OfClass>,
    /// How many changes of class there were in each month (UTC), oldest first.
    movements: Vec<Movement>,
    /// The customers with the highest confirmed revenue, highest first.
    top: Vec<Customer>,
}

/// Figures of some customers, in EUR but for the one that says USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Their number.
    customers: i64,
    /// Number of all their orders.
    orders: i64,
    /// Value of those.
    #[schema(value_type = String, example = "1513.99")]
    revenue: Money,
    /// Number of the confirmed orders.
    confirmed_orders: i64,
    /// Value of those.
    #[schema(value_type = String, example = "1513.99")]
    confirmed_revenue: Money,
    /// Value in USD of all orders that have one.
    #[schema(value_type = String, example = "1642.69")]
    usd_revenue: Money,
}

/// The customers of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfClass {
    /// The class; null: not known yet.
    #[schema(value_type = Option<String>, example = "B")]
    class: Option<CustomerClass>,
    /// Their figures.
    #[serde(flatten)]
    figures: Figures,
    /// Their part of all customers, in per cent.
    #[schema(example = "22.87")]
    customers_share: String,
    /// Their part of all orders, in per cent.
    #[schema(example = "35.10")]
    orders_share: String,
    /// Their part of the confirmed revenue, in per cent.
    #[schema(example = "40.02")]
    confirmed_revenue_share: String,
}

/// Changes of one kind in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Movement {
    /// The month, in UTC.
    #[schema(example = "2026-05")]
    month: String,
    /// The class before; null: a new customer.
    #[schema(value_type = Option<String>, example = "C")]
    from: Option<CustomerClass>,
    /// The class after.
    #[schema(value_type = String, example = "B")]
    to: CustomerClass,
    /// How often that happened.
    changes: i64,
}

impl Figures {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            customers: row.next()?,
            orders: row.next()?,
            revenue: row.next()?,
            confirmed_orders: row.next()?,
            confirmed_revenue: row.next()?,
            usd_revenue: row.next()?,
        })
    }

    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.orders += other.orders;
        self.revenue = self.revenue.capped_add(other.revenue);
        self.confirmed_orders += other.confirmed_orders;
        self.confirmed_revenue = self.confirmed_revenue.capped_add(other.confirmed_revenue);
        self.usd_revenue = self.usd_revenue.capped_add(other.usd_revenue);
    }
}

impl Movement {
    fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self { month: row.next()?, from: row.next()?, to: row.next()?, changes: row.next()? })
    }
}

/// All customers in numbers.
#[utoipa::path(
    get, path = "/v1/report/summary", tag = "report", params(SummaryArguments),
    responses(
        (status = 200, description = "The numbers; their `ETag` is for `If-None-Match`",
            body = Summary),
        (status = 304, description = "They are as `If-None-Match` says"),
        (status = 400, description = "An argument is malformed, or `as-of` is not over yet",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn summary(
    State(report): State<Report>,
    headers: HeaderMap,
    Arguments(arguments): Arguments<SummaryArguments>,
) -> Result<Response, Problem> {
    let as_of = as_of::parse(arguments.as_of.as_deref(), Timestamp::now())?;
    let top = arguments.top.unwrap_or(10);
    if !(0..=MOST).contains(&top) {
        return Err(bad_argument("top", &format!("must be from 0 to {MOST}")));
    }
    let mut selection = Selection::of(as_of);
    let limit = Money::LARGEST;
    let by_class = format!(
        "select class, count(*), sum(orders)::bigint, least(sum(revenue), {limit}), \
                sum(confirmed_orders)::bigint, least(sum(confirmed_revenue), {limit}), \
                least(sum(usd_revenue), {limit}) {} group by class order by class nulls last",
        selection.sql
    );
    let movements = "select to_char(at at time zone 'UTC', 'YYYY-MM') as month, previous_class, \
                            class, count(*) from class_change \
                     where ($1::timestamptz is null or at <= $1) \
                       and previous_class is distinct from class \
                     group by month, previous_class, class \
                     order by month, previous_class nulls first, class";
    let best = format!(
        "select {COLUMNS} {} \
         order by confirmed_revenue desc, customer_id collate \"C\" desc limit $2::bigint",
        selection.sql
    );
    let of_class = |row: &mut Reading<'_>| Ok((row.next()?, Figures::read(row)?));
    let snapshot = Snapshot::open(&report.database).await?;
    let classes = snapshot.select(&by_class, &selection.references(), of_class).await?;
    let movements = snapshot.select(movements, &selection.references(), Movement::read).await?;
    selection.parameter(Box::new(top));
    let top = snapshot.select(&best, &selection.references(), Customer::read).await?;
    snapshot.close().await?;
    let (total, classes) = shared(classes);
    tagged(&headers, &Summary { total, classes, movements, top })
}

/// The total, and the figures of each class with its shares; A, B and C are there in any case.
fn shared(found: Vec<(Option<CustomerClass>, Figures)>) -> (Figures, Vec<OfClass>) {
    let mut total = Figures::default();
    found.iter().for_each(|(_, figures)| total.add(figures));
    let mut all = found;
    for class in [CustomerClass::A, CustomerClass::B, CustomerClass::C] {
        if all.iter().all(|(found, _)| *found != Some(class)) {
            all.push((Some(class), Figures::default()));
        }
    }
    all.sort_by_key(|(class, _)| (class.is_none(), *class));
    let with_shares = |(class, figures): (_, Figures)| OfClass {
        class,
        figures,
        customers_share: per_cent(figures.customers, total.customers),
        orders_share: per_cent(figures.orders, total.orders),
        confirmed_revenue_share: per_cent(
            figures.confirmed_revenue.minor(),
            total.confirmed_revenue.minor(),
        ),
    };
    (total, all.into_iter().map(with_shares).collect())
}

/// A part in per cent, rounded to hundredths: halves up.
fn per_cent(part: i64, whole: i64) -> String {
    let (part, whole) = (i128::from(part), i128::from(whole));
    let hundredths = if whole == 0 { 0 } else { (part * 20_000 + whole) / (2 * whole) };
    Money::from_minor(i64::try_from(hundredths).unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_once_and_nothing_is_no_share() {
        let shares = [(76, 2_357), (1, 3), (2, 3), (1, 20_000), (1, 20_001), (5, 5), (0, 0)];
        let shares = shares.map(|(part, whole)| per_cent(part, whole));
        assert_eq!(shares, ["3.22", "33.33", "66.67", "0.01", "0.00", "100.00", "0.00"]);
        assert_eq!(per_cent(Money::LARGEST.minor(), Money::LARGEST.minor()), "100.00");
    }

    #[test]
    fn every_class_is_there_and_the_unknown_come_last() {
        let figures = |customers| Figures { customers, ..Figures::default() };
        let found = vec![(Some(CustomerClass::B), figures(3)), (None, figures(1))];
        let (total, classes) = shared(found);
        assert_eq!(total.customers, 4);
        let seen: Vec<_> = classes
            .iter()
            .map(|c| (c.class.map(CustomerClass::as_str), c.figures.customers, &*c.customers_share))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("A"), 0, "0.00"),
                (Some("B"), 3, "75.00"),
                (Some("C"), 0, "0.00"),
                (None, 1, "25.00"),
            ]
        );
    }
}
