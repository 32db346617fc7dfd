//! Orders.

use async_graphql::{ComplexObject, Context, ErrorExtensions, ID, InputObject, SimpleObject};
use consumer_runtime::{
    Database, field::Field, page, query::Reading, row::RowError, tokio_postgres::types::ToSql,
};
use schemas::{Money, Rate, Timestamp};

use super::{
    Nullable, Unread, bad_argument,
    customer::Customer,
    decimal::Decimal,
    loader::{self, CustomerId},
    rows,
};
use crate::{status::Status, usd};

/// What is read of an order; [`Order::read`] takes it.
pub const COLUMNS: &str = "order_id, customer_id, text, value, status, ordered_at, usd_rate, \
                           usd_value, usd_rate_at, updated_at, version";

/// An order.
#[derive(Clone, Debug, PartialEq, SimpleObject)]
#[graphql(complex)]
pub struct Order {
    /// Its id.
    pub id: ID,
    /// Who ordered.
    pub customer_id: ID,
    /// What was ordered.
    pub text: String,
    /// Value in EUR: the nearest number to `amount`.
    pub value: f64,
    /// Value in EUR, exact.
    pub amount: Decimal,
    /// Where it stands.
    pub status: Status,
    /// When it was ordered.
    pub ordered_at: String,
    /// Value in USD by the rate, not rounded to cents; null until it is known.
    pub usd_value: Option<f64>,
    /// USD for one EUR; null until it is known.
    pub usd_rate: Option<String>,
    /// Value in USD as it was booked, exact; null until it is known.
    pub usd_amount: Option<Decimal>,
    /// The day whose rate was used; null until it is known.
    pub usd_rate_date: Option<String>,
    /// When anything last changed.
    pub updated_at: String,
    /// Version of the order: for `If-Match` of the command API.
    pub version: i64,
    /// Where it is in lists: the `after` of those that follow.
    pub cursor: String,
}

#[ComplexObject]
impl Order {
    /// Who ordered; null while the customer is not known.
    async fn customer(&self, context: &Context<'_>) -> Nullable<Customer> {
        loader::one(context, CustomerId(self.customer_id.to_string())).await
    }
}

impl Order {
    /// Reads [`COLUMNS`].
    ///
    /// # Errors
    /// When a value is none of its field's type.
    pub fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        let id: String = row.next()?;
        let customer_id: String = row.next()?;
        let text = row.next()?;
        let value: Money = row.next()?;
        let status = row.next()?;
        let ordered_at: Timestamp = row.next()?;
        let usd_rate: Option<Rate> = row.next()?;
        let usd_value: Option<Money> = row.next()?;
        let usd_rate_at: Option<Timestamp> = row.next()?;
        let updated_at: Timestamp = row.next()?;
        Ok(Self {
            cursor: page::cursor(&(ordered_at.micros(), &id)),
            id: id.into(),
            customer_id: customer_id.into(),
            text,
            value: usd::nearest(value),
            amount: Decimal(value),
            status,
            ordered_at: ordered_at.to_string(),
            usd_value: usd_rate.zip(usd_value).map(|(rate, usd)| usd::unrounded(value, rate, usd)),
            usd_rate: usd_rate.map(|rate| rate.to_string()),
            usd_amount: usd_value.map(Decimal),
            usd_rate_date: usd_rate_at.map(usd::day),
            updated_at: updated_at.to_string(),
            version: row.next()?,
        })
    }
}

/// Which orders are listed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OrderFilter {
    /// Only orders that stand so.
    status: Option<Status>,
    /// Only orders of this customer.
    customer_id: Option<ID>,
    /// Only orders of at least this value in EUR.
    min_value: Option<Decimal>,
    /// Only orders of at most this value in EUR.
    max_value: Option<Decimal>,
}

/// Orders of a list, newest first.
///
/// # Errors
/// When an argument is malformed, or they cannot be read.
pub async fn list(
    context: &Context<'_>,
    first: Option<i32>,
    after: Option<&str>,
    filter: &OrderFilter,
) -> async_graphql::Result<Vec<Order>> {
    let (database, first) = (context.data::<Database>()?, rows(first)?);
    let (time, id) = after.map(position).transpose()?.unzip();
    let (status, customer) = (filter.status.as_ref(), filter.customer_id.as_deref());
    let status = status.map(Field::send);
    let min = filter.min_value.as_ref().map(|Decimal(money)| money.send());
    let max = filter.max_value.as_ref().map(|Decimal(money)| money.send());

    let mut search = Search { conditions: vec!["true".into()], parameters: vec![&first] };
    if let (Some(time), Some(id)) = (&time, &id) {
        search.parameters.extend([time as &(dyn ToSql + Sync), id]);
        search.conditions.push("(ordered_at, order_id collate \"C\") < ($2, $3)".into());
    }
    search.only("status =", status.as_ref());
    search.only("customer_id =", customer.as_ref());
    search.only("value >=", min.as_ref());
    search.only("value <=", max.as_ref());
    let sql = format!(
        "select {COLUMNS} from customer_order where {} \
         order by ordered_at desc, order_id collate \"C\" desc limit $1",
        search.conditions.join(" and ")
    );
    let orders = database.select(&sql, &search.parameters, Order::read).await;
    orders.map_err(|error| Unread::from(error).extend())
}

/// Conditions that are not wanted are not in the statement: each kind of list has its own plan.
struct Search<'a> {
    conditions: Vec<String>,
    parameters: Vec<&'a (dyn ToSql + Sync)>,
}

impl<'a> Search<'a> {
    fn only<T: ToSql + Sync>(&mut self, column: &str, parameter: Option<&'a T>) {
        if let Some(parameter) = parameter {
            self.parameters.push(parameter);
            self.conditions.push(format!("{column} ${}", self.parameters.len()));
        }
    }
}

/// The order at which a cursor is.
fn position(cursor: &str) -> async_graphql::Result<(jiff::Timestamp, String)> {
    let key: Option<(i64, String)> = page::read_cursor(cursor);
    let key = key.and_then(|(time, id)| Some((Timestamp::from_micros(time).ok()?.to_jiff(), id)));
    key.ok_or_else(|| bad_argument("after must be the cursor of an order"))
}
