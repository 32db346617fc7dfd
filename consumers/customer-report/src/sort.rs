//! In which order customers are listed. Every order ends with the id, so that it is total, and no
//! value is null: a page can start after any row.

use consumer_runtime::{
    field::Field,
    query::{Reading, bad_argument},
    row::RowError,
    tokio_postgres::types::ToSql,
};
use schemas::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use service::Problem;

/// A column by which customers are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the report.
    pub name: &'static str,
    /// The value, as SQL: as it is in the index, where there is one.
    expression: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Amount,
    Moment,
}

/// Rows without a moment come before all others, those without an amount too.
const COLUMNS: &[Column] = &[
    column("name", "lower(name) collate \"C\"", Kind::Text),
    column("id", "customer_id collate \"C\"", Kind::Text),
    column("location", "lower(coalesce(location, '')) collate \"C\"", Kind::Text),
    column("emailPermission", "email_permission::int::bigint", Kind::Number),
    column("class", "coalesce(class, '') collate \"C\"", Kind::Text),
    column("classSince", "coalesce(class_since, '0001-01-01 00:00:00+00')", Kind::Moment),
    column("orders", "orders", Kind::Number),
    column("revenue", "revenue", Kind::Amount),
    column("confirmedOrders", "confirmed_orders", Kind::Number),
    column("confirmedRevenue", "confirmed_revenue", Kind::Amount),
    column("waitingOrders", "orders - confirmed_orders", Kind::Number),
    column("waitingRevenue", "revenue - confirmed_revenue", Kind::Amount),
    column(
        "averageRevenue",
        "coalesce(round(confirmed_revenue / nullif(confirmed_orders, 0), 2), -1)",
        Kind::Amount,
    ),
    column("usdRevenue", "usd_revenue", Kind::Amount),
    column("firstOrderAt", "coalesce(first_order_at, '0001-01-01 00:00:00+00')", Kind::Moment),
    column("lastOrderAt", "coalesce(last_order_at, '0001-01-01 00:00:00+00')", Kind::Moment),
];

const fn column(name: &'static str, expression: &'static str, kind: Kind) -> Column {
    Column { name, expression, kind }
}

/// An order of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    column: Column,
    descending: bool,
}

/// Where a page ended: in which order, with which value, at which customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(String, Value, String);

/// The value that a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number, cents or microseconds.
    Number(i64),
    /// A text.
    Text(String),
}

impl Sort {
    /// Reads the argument `sort`: a column, with a minus for the descending order; otherwise by
    /// name.
    ///
    /// # Errors
    /// A problem when there is no such column.
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or("name");
        let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let column = COLUMNS.iter().find(|column| column.name == name).ok_or_else(|| {
            let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
            let reason = format!(
                "must be one of {}, with - before it for the other order",
                names.join(", ")
            );
            bad_argument("sort", &reason)
        })?;
        Ok(Self { column: *column, descending })
    }

    /// The value to be selected with each row.
    #[must_use]
    pub const fn value(&self) -> &'static str {
        self.column.expression
    }

    /// `order by …`
    #[must_use]
    pub fn order_by(&self) -> String {
        let direction = if self.descending { "desc" } else { "asc" };
        let value = self.column.expression;
        format!("order by {value} {direction}, customer_id collate \"C\" {direction}")
    }

    /// Whether a row comes after a place, by two parameters with these numbers.
    #[must_use]
    pub fn comes_after(&self, value: usize, id: usize) -> String {
        let than = if self.descending { '<' } else { '>' };
        let kind = match self.column.kind {
            Kind::Text => "text",
            Kind::Number => "bigint",
            Kind::Amount => "numeric",
            Kind::Moment => "timestamptz",
        };
        let expression = self.column.expression;
        format!("({expression}, customer_id collate \"C\") {than} (${value}::{kind}, ${id}::text)")
    }

    /// Reads the value of a row.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(&self, row: &mut Reading<'_>) -> Result<Value, RowError> {
        Ok(match self.column.kind {
            Kind::Text => Value::Text(row.next()?),
            Kind::Number => Value::Number(row.next()?),
            Kind::Amount => Value::Number(row.next::<Money>()?.minor()),
            Kind::Moment => Value::Number(row.next::<Timestamp>()?.micros()),
        })
    }

    /// The place of a row.
    #[must_use]
    pub fn place(&self, value: Value, id: &str) -> Place {
        Place(self.signature(), value, id.to_owned())
    }

    fn signature(&self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.name)
    }

    /// The parameters of a place: value and id.
    ///
    /// # Errors
    /// A problem when it is of a list in another order.
    pub fn parameters(&self, place: &Place) -> Result<[Parameter; 2], Problem> {
        let Place(signature, value, id) = place;
        if *signature != self.signature() {
            return Err(bad_argument("cursor", "is of a list in another order"));
        }
        let value = self.parameter(value);
        let value = value.ok_or_else(|| bad_argument("cursor", "is none that a list has given"))?;
        Ok([value, Box::new(id.clone())])
    }

    fn parameter(&self, value: &Value) -> Option<Parameter> {
        Some(match (self.column.kind, value) {
            (Kind::Text, Value::Text(text)) => Box::new(text.clone()),
            (Kind::Number, Value::Number(number)) => Box::new(*number),
            (Kind::Amount, Value::Number(cents)) => Box::new(Money::from_minor(*cents).send()),
            (Kind::Moment, Value::Number(micros)) => {
                Box::new(Timestamp::from_micros(*micros).ok()?.send())
            }
            _ => return None,
        })
    }
}

/// A parameter of a query.
pub type Parameter = Box<dyn ToSql + Sync + Send>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        let sort = Sort::parse(Some("-confirmedRevenue")).unwrap();
        assert_eq!(
            sort.order_by(),
            "order by confirmed_revenue desc, customer_id collate \"C\" desc"
        );
        assert_eq!(Sort::parse(None).unwrap(), Sort::parse(Some("name")).unwrap());
        for bad in ["", "-", "confirmed_revenue", "--name", "name; drop"] {
            assert!(Sort::parse(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_is_good_for_its_own_order_alone() {
        let by_orders = Sort::parse(Some("orders")).unwrap();
        let place = by_orders.place(Value::Number(3), "c1");
        assert!(by_orders.parameters(&place).is_ok());
        assert!(Sort::parse(Some("-orders")).unwrap().parameters(&place).is_err());
        let forged = by_orders.place(Value::Text("3".into()), "c1");
        assert!(by_orders.parameters(&forged).is_err());
        let by_time = Sort::parse(Some("lastOrderAt")).unwrap();
        let forged = by_time.place(Value::Number(i64::MAX), "c1");
        assert!(by_time.parameters(&forged).is_err());
    }
}
