//! What is told of a forecast.

use std::{collections::BTreeMap, fmt::Write as _};

use schemas::{Money, Timestamp, classification::CustomerClass};
use serde::Serialize;

/// Customers that are listed unless all are asked for.
const SAMPLES: usize = 20;

/// What another rule would do.
#[derive(Debug)]
pub struct Forecast {
    /// The rule by which most customers are counted.
    pub rule_now: Option<String>,
    /// The other one.
    pub rule: String,
    /// When it would be in force.
    pub at: Timestamp,
    /// How many customers have a class.
    pub customers: usize,
    /// Those that would get another one, by their ids.
    pub changes: Vec<Change>,
}

/// A customer that would get another class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub customer_id: String,
    pub from: CustomerClass,
    pub to: CustomerClass,
    /// Sum of its confirmed orders in the window.
    pub confirmed_revenue: Money,
    pub confirmed_orders: i64,
}

/// A forecast with as many customers as are to be seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    rule_now: Option<&'a str>,
    rule_what_if: &'a str,
    at: Timestamp,
    customers: usize,
    changing: usize,
    movements: Vec<Movement>,
    changes: &'a [Change],
}

/// Customers that would go from one class to another.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Movement {
    from: CustomerClass,
    to: CustomerClass,
    customers: usize,
    /// What they have ordered together; absent when it is too much for an amount.
    confirmed_revenue: Option<Money>,
}

impl Forecast {
    /// With all customers that would change, or some.
    pub fn shown(&self, all: bool) -> Shown<'_> {
        let Self { rule_now, rule, at, customers, changes } = self;
        let mut movements: BTreeMap<_, (usize, Option<Money>)> = BTreeMap::new();
        for Change { from, to, confirmed_revenue, .. } in changes {
            let (count, sum) = movements.entry((*from, *to)).or_insert((0, Some(Money::ZERO)));
            *count += 1;
            *sum = sum.and_then(|sum| sum.checked_add(*confirmed_revenue));
        }
        let movements = movements.into_iter().map(|((from, to), (customers, sum))| Movement {
            from,
            to,
            customers,
            confirmed_revenue: sum,
        });
        let most = if all { changes.len() } else { SAMPLES.min(changes.len()) };
        Shown {
            rule_now: rule_now.as_deref(),
            rule_what_if: rule,
            at: *at,
            customers: *customers,
            changing: changes.len(),
            movements: movements.collect(),
            changes: changes.get(..most).unwrap_or_default(),
        }
    }
}

impl Shown<'_> {
    /// For people.
    pub fn as_text(&self) -> String {
        let Self { rule_now, rule_what_if, at, customers, changing, movements, changes } = self;
        let mut text = format!(
            "now      {}\nwhat if  {rule_what_if}, at {at}\n{changing} of {customers} customers \
             would get another class; nothing was changed",
            rule_now.unwrap_or("no rule"),
        );
        for Movement { from, to, customers, confirmed_revenue } in movements {
            let revenue = confirmed_revenue.map_or("?".to_owned(), |sum| sum.to_string());
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{from} → {to} {customers:>10} customers {revenue:>20} EUR");
        }
        if !changes.is_empty() {
            let _ = write!(text, "\n{:<36} class {:>16} {:>7}", "customer", "EUR", "orders");
        }
        for Change { customer_id, from, to, confirmed_revenue, confirmed_orders } in *changes {
            let revenue = confirmed_revenue.to_string();
            let _ = write!(
                text,
                "\n{customer_id:<36} {from} → {to} {revenue:>16} {confirmed_orders:>7}"
            );
        }
        if changes.len() < *changing {
            let _ = write!(text, "\n… {} more: see them by --all", changing - changes.len());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use CustomerClass::{A, B, C};

    use super::*;

    fn forecast(changes: usize) -> Forecast {
        let change = |number: usize| Change {
            customer_id: format!("c{number:02}"),
            from: B,
            to: if number == 0 { C } else { A },
            confirmed_revenue: Money::from_minor(1_050),
            confirmed_orders: 2,
        };
        Forecast {
            rule_now: Some("a=500.00,b=100.00,window=all".to_owned()),
            rule: "a=10.00,b=5.00,window=all".to_owned(),
            at: "1997-06-30T12:00:00Z".parse().unwrap(),
            customers: 99,
            changes: (0..changes).map(change).collect(),
        }
    }

    #[test]
    fn movements_are_added_up_and_some_customers_listed() {
        let forecast = forecast(25);
        let text = forecast.shown(false).as_text();
        for line in [
            "25 of 99 customers would get another class; nothing was changed".to_owned(),
            format!("B → A {:>10} customers {:>20} EUR", 24, "252.00"),
            format!("B → C {:>10} customers {:>20} EUR", 1, "10.50"),
            format!("{:<36} B → A {:>16} {:>7}", "c19", "10.50", 2),
            "… 5 more: see them by --all".to_owned(),
        ] {
            assert!(text.lines().any(|has| has == line), "{line}: {text}");
        }
        assert!(!text.contains("c20"), "{text}");
        let all = forecast.shown(true);
        assert_eq!((all.changes.len(), all.changing), (25, 25));
    }

    #[test]
    fn nobody_may_change() {
        let text = forecast(0).shown(false).as_text();
        let end = "\n0 of 99 customers would get another class; nothing was changed";
        assert!(text.ends_with(end), "{text}");
    }
}
