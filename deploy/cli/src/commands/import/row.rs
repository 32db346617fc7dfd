//! One line of the file, checked by the domain's own rules before anything is sent.

use domain::{Aggregate, Customers, Orders, Violation};
use jiff::{civil::Date, tz::TimeZone};
use schemas::{
    AggregateId, Timestamp,
    customer::{CreateCustomer, CustomerCommand},
    order::{CreateOrder, OrderCommand},
};
use uuid::Uuid;

use super::columns::Columns;

/// Text of orders without one.
const TEXT: &str = "Imported order";

/// A line that has a customer and a date; its order may still be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose line it is.
    pub customer: AggregateId,
    /// What the customer is called.
    pub name: String,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// What was ordered, or why that is refused.
    pub order: Result<CreateOrder, String>,
}

/// An order that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its line.
    pub line: u64,
    /// Its id.
    pub id: Uuid,
    /// Its content.
    pub command: CreateOrder,
}

impl Row {
    /// Reads a line; the error is the reason why it is refused.
    pub fn read(
        record: &csv::StringRecord,
        columns: &Columns,
        now: Timestamp,
    ) -> Result<Self, String> {
        let field = |place: usize| record.get(place).unwrap_or_default();
        let named = |place: Option<usize>| place.map(field).filter(|text| !text.is_empty());
        let customer = AggregateId::new(field(columns.customer))
            .map_err(|error| format!("customer is no id: {error}"))?;
        let ordered_at = moment(field(columns.date))?;
        let name =
            named(columns.name).map_or_else(|| format!("Customer {customer}"), str::to_owned);
        let creation = CreateCustomer { name: name.clone(), location: None, email: None };
        first(Customers::validate(&CustomerCommand::Create(creation), now))?;
        let order = field(columns.value)
            .parse()
            .map_err(|error| format!("value is refused: {error}"))
            .and_then(|value| {
                let text = named(columns.text).unwrap_or(TEXT).to_owned();
                let ordered_at = Some(ordered_at);
                let customer_id = customer.clone();
                let command = CreateOrder { customer_id, text, value, ordered_at };
                first(Orders::validate(&OrderCommand::Create(command.clone()), now))?;
                Ok(command)
            });
        Ok(Self { customer, name, ordered_at, order })
    }
}

fn first(violations: Vec<Violation>) -> Result<(), String> {
    match violations.into_iter().next() {
        None => Ok(()),
        Some(Violation { pointer, message }) => {
            Err(format!("{} {message}", pointer.trim_start_matches('/')))
        }
    }
}

/// `YYYY-MM-DD` means its midnight in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let is_date = text.len() == "1997-01-01".len();
    let date = text.parse::<Date>().ok().filter(|_| is_date);
    let midnight = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    match midnight {
        Some(midnight) => Ok(midnight.timestamp().into()),
        None => text.parse().map_err(|_| "date is neither YYYY-MM-DD nor RFC 3339".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::import::columns::Names;

    fn read(fields: [&str; 5]) -> Result<Row, String> {
        let header = csv::StringRecord::from(vec!["customer", "date", "value", "name", "text"]);
        let columns = Names::plain().find(&header).unwrap();
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        Row::read(&csv::StringRecord::from(fields.to_vec()), &columns, now)
    }

    fn refused(fields: [&str; 5]) -> String {
        read(fields).and_then(|row| row.order).unwrap_err()
    }

    #[test]
    fn a_line_becomes_a_customer_and_an_order() {
        let row = read(["00004", "1997-01-01", "29.33", "", ""]).unwrap();
        assert_eq!((row.customer.as_str(), row.name.as_str()), ("00004", "Customer 00004"));
        let order = row.order.unwrap();
        assert_eq!((order.value.minor(), order.text.as_str()), (2933, TEXT));
        assert_eq!(order.ordered_at, Some("1997-01-01T00:00:00Z".parse().unwrap()));
        let row = read(["a", "1997-01-01T12:00:00+02:00", "1", "Anna", "CD"]).unwrap();
        assert_eq!(row.ordered_at, "1997-01-01T10:00:00Z".parse().unwrap());
        assert_eq!((row.name.as_str(), row.order.unwrap().text.as_str()), ("Anna", "CD"));
    }

    #[test]
    fn a_line_of_no_value_still_makes_its_customer() {
        let row = read(["01101", "1997-01-05", "0.00", "", ""]).unwrap();
        assert_eq!(row.order, Err("value must not be less than 0.01".to_owned()));
    }

    #[test]
    fn reasons_name_the_field() {
        assert!(refused(["a b", "1997-01-01", "1", "", ""]).starts_with("customer is no id: "));
        assert!(refused(["a", "01.02.1997", "1", "", ""]).starts_with("date is neither"));
        assert!(refused(["a", "1997-02-30", "1", "", ""]).starts_with("date is neither"));
        assert_eq!(
            refused(["a", "2999-01-01", "1", "", ""]),
            "orderedAt must not be in the future"
        );
        assert_eq!(
            refused(["a", "1997-01-01", "1.005", "", ""]),
            "value is refused: more than 2 decimals"
        );
        assert_eq!(
            refused(["a", "1997-01-01", "1,5", "", ""]),
            "value is refused: not a decimal number"
        );
        assert_eq!(
            refused(["a", "1997-01-01", "1", "a\tb", ""]),
            "name must not have control characters"
        );
        assert_eq!(
            refused(["a", "1997-01-01", "1", "", "a\0b"]),
            "text must not have control characters"
        );
    }
}
