//! One customer's row of the report, as every answer shows it.

use consumer_runtime::{query::Reading, row::RowError};
use schemas::{Money, Timestamp, classification::CustomerClass};
use serde::Serialize;
use utoipa::ToSchema;

/// The columns of [`Customer`], of any source.
pub const COLUMNS: &str = "customer_id, name, location, email_permission, class, class_since, \
    orders, revenue, confirmed_orders, confirmed_revenue, orders - confirmed_orders, \
    revenue - confirmed_revenue, round(confirmed_revenue / nullif(confirmed_orders, 0), 2), \
    usd_revenue, first_order_at, last_order_at";

/// A customer in the report. Amounts are in EUR, but the one that says USD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    #[schema(example = "00004")]
    pub id: String,
    /// Full name.
    pub name: String,
    /// Where the customer is.
    pub location: Option<String>,
    /// True while the customer may be written to.
    pub email_permission: bool,
    /// The class; null until it is known.
    #[schema(value_type = Option<String>, example = "B")]
    pub class: Option<CustomerClass>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub class_since: Option<Timestamp>,
    /// Number of all orders.
    pub orders: i64,
    /// Their value.
    #[schema(value_type = String, example = "1513.99")]
    pub revenue: Money,
    /// Number of the confirmed orders.
    pub confirmed_orders: i64,
    /// Their value.
    #[schema(value_type = String, example = "13.99")]
    pub confirmed_revenue: Money,
    /// Number of the orders that are not confirmed (yet).
    pub waiting_orders: i64,
    /// Their value.
    #[schema(value_type = String, example = "1500.00")]
    pub waiting_revenue: Money,
    /// Value of a confirmed order on average, rounded to cents; null when there is none.
    #[schema(value_type = Option<String>, example = "13.99")]
    pub average_revenue: Option<Money>,
    /// Value in USD of all orders that have one.
    #[schema(value_type = String, example = "1642.69")]
    pub usd_revenue: Money,
    /// When the first order was placed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_order_at: Option<Timestamp>,
    /// When the last order was placed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_order_at: Option<Timestamp>,
}

impl Customer {
    /// Reads [`COLUMNS`].
    ///
    /// # Errors
    /// When a value is none.
    pub fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            location: row.next()?,
            email_permission: row.next()?,
            class: row.next()?,
            class_since: row.next()?,
            orders: row.next()?,
            revenue: row.next()?,
            confirmed_orders: row.next()?,
            confirmed_revenue: row.next()?,
            waiting_orders: row.next()?,
            waiting_revenue: row.next()?,
            average_revenue: row.next()?,
            usd_revenue: row.next()?,
            first_order_at: row.next()?,
            last_order_at: row.next()?,
        })
    }
}
