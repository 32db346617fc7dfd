//! Rows of read models as text, and how two sets of them differ.

use std::collections::BTreeMap;

use tokio_postgres::Client;

/// How each table is read: key and columns, as text. Moments are microseconds, money is cents
/// where it is a sum.
const TABLES: [(&str, &str); 6] = [
    (
        "orders.customer_order",
        "select order_id, concat_ws('|', customer_id, text, value, status, micros(ordered_at), \
         micros(updated_at), version) from orders.customer_order",
    ),
    ("orders.customer", "select customer_id, concat_ws('|', name, version) from orders.customer"),
    (
        "customers.customer",
        "select customer_id, concat_ws('|', name, coalesce(location, ''), coalesce(email, ''), \
         email_permission::text, micros(created_at), micros(updated_at), version) \
         from customers.customer",
    ),
    (
        "customer_classifier.customer_order",
        "select order_id, concat_ws('|', customer_id, value, micros(ordered_at), confirmed::text, \
         version) from customer_classifier.customer_order",
    ),
    (
        "customer_classifier.customer",
        "select customer_id, concat_ws('|', known::text, (revenue * 100)::bigint, orders, \
         coalesce(class, ''), sequence, version) from customer_classifier.customer",
    ),
    (
        "customer_classifier.classification_change",
        "select change_id, concat_ws('|', customer_id, sequence, class, \
         coalesce(previous_class, ''), coalesce(reason, ''), revenue, orders, rule, \
         micros(evaluated_at)) from customer_classifier.classification_change",
    ),
];

/// A function that the queries use, made for the session.
const MICROS: &str = "create or replace function pg_temp.micros(at timestamptz) returns bigint \
                      language sql as $$ select (extract(epoch from at) * 1000000)::bigint $$";

/// Columns of a row as text.
macro_rules! row {
    ($($column:expr),+) => { [$($column.to_string()),+].join("|") };
}
pub(super) use row;

/// The rows of all tables, each as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<&'static str, BTreeMap<String, String>>);

impl Rows {
    /// Adds a row.
    pub fn put(&mut self, table: &'static str, key: &str, row: String) {
        self.0.entry(table).or_default().insert(key.to_owned(), row);
    }

    /// The rows that there are.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        client.batch_execute(MICROS).await?;
        let mut rows = Self::default();
        for (table, sql) in TABLES {
            let sql = sql.replace("micros(", "pg_temp.micros(");
            for row in client.query(&sql, &[]).await? {
                rows.put(table, row.get(0), row.get(1));
            }
        }
        Ok(rows)
    }

    /// How many rows each table has.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.0.iter().map(|(table, rows)| (*table, rows.len())).collect()
    }

    /// Every row that is not as the log says, table by table.
    pub fn compare(&self, log: &Self) -> Vec<String> {
        let none = BTreeMap::new();
        let mut differences = Vec::new();
        for (table, _) in TABLES {
            let here = self.0.get(table).unwrap_or(&none);
            let there = log.0.get(table).unwrap_or(&none);
            for (key, row) in here {
                match there.get(key) {
                    Some(expected) if expected == row => {}
                    Some(expected) => differences
                        .push(format!("{table} {key} is {row}, by the log it is {expected}")),
                    None => differences.push(format!("{table} {key} is {row}, not in the log")),
                }
            }
            let missing = there.iter().filter(|(key, _)| !here.contains_key(*key));
            differences.extend(
                missing
                    .map(|(key, row)| format!("{table} {key} is missing, by the log it is {row}")),
            );
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &str)]) -> Rows {
        let mut all = Rows::default();
        rows.iter().for_each(|(key, row)| all.put("orders.customer", key, (*row).to_owned()));
        all
    }

    #[test]
    fn rows_are_compared_one_by_one() {
        let log = rows(&[("a", "Anna|2"), ("b", "Bert|1")]);
        assert_eq!(log.compare(&log), Vec::<String>::new());
        let found = rows(&[("a", "Anna|1"), ("c", "Carl|1")]).compare(&log);
        assert_eq!(
            found,
            [
                "orders.customer a is Anna|1, by the log it is Anna|2",
                "orders.customer c is Carl|1, not in the log",
                "orders.customer b is missing, by the log it is Bert|1",
            ]
        );
    }

    #[test]
    fn every_table_is_compared() {
        for (table, _) in TABLES {
            let mut log = Rows::default();
            log.put(table, "a", row!(1, true, "x"));
            assert_eq!(Rows::default().compare(&log).len(), 1, "{table}");
        }
    }
}
