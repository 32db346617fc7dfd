//! Two builds of a read model, row by row.

use std::{cmp::Ordering, collections::BTreeSet, fmt::Write as _, pin::Pin};

use consumer_runtime::{
    build::Until,
    tokio_postgres::{Client, Row, RowStream},
};
use futures_util::TryStreamExt;
use serde::Serialize;

use super::{postgres, tables};
use operator::Consumer;

use crate::failure::Result;

/// Most rows of a table that are told one by one.
const SAMPLES: usize = 10;

/// How two builds differ.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Up to where both are applied.
    pub positions: String,
    /// Table by table.
    pub tables: Vec<TableComparison>,
}

/// How two tables differ.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableComparison {
    /// Its name.
    pub table: String,
    /// Rows in the first.
    pub rows: u64,
    /// Rows that only the second has.
    pub added: u64,
    /// Rows that only the first has.
    pub removed: u64,
    /// Rows that both have, with other values.
    pub changed: u64,
    /// Columns that only the second has.
    pub new_columns: Vec<String>,
    /// Columns that only the first has.
    pub lost_columns: Vec<String>,
    /// Columns that are not compared, since the clock changes them too.
    pub not_compared: Vec<String>,
    /// Some of the rows.
    pub samples: Vec<Sample>,
}

/// A row that differs.
#[derive(Debug, Serialize)]
pub struct Sample {
    /// Its key.
    pub key: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// Column, value in the first, value in the second.
    pub columns: Vec<(String, Option<String>, Option<String>)>,
}

/// One of the two.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub client: &'a Client,
    pub schema: &'a str,
}

/// Compares every table of the projection.
pub async fn compare(
    consumer: Consumer,
    positions: &Until,
    first: Side<'_>,
    second: Side<'_>,
) -> Result<Comparison> {
    let mut names: BTreeSet<_> = tables(first.client, first.schema).await?.into_iter().collect();
    names.extend(tables(second.client, second.schema).await?);
    let mut all = Vec::new();
    for name in names {
        all.push(table(consumer, &name, first, second).await?);
    }
    Ok(Comparison { positions: positions.to_string(), tables: all })
}

async fn table(
    consumer: Consumer,
    name: &str,
    first: Side<'_>,
    second: Side<'_>,
) -> Result<TableComparison> {
    let (ours, theirs) = (columns(first, name).await?, columns(second, name).await?);
    let missing = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|column| !those.contains(column)).cloned().collect()
    };
    let (not_compared, common): (Vec<String>, Vec<String>) = ours
        .iter()
        .filter(|column| theirs.contains(column))
        .cloned()
        .partition(|column| consumer.is_of_the_clock(name, column));
    let mut comparison = TableComparison {
        table: name.to_owned(),
        new_columns: missing(&theirs, &ours),
        lost_columns: missing(&ours, &theirs),
        not_compared,
        ..TableComparison::default()
    };
    if common.is_empty() {
        // A table that only one of them has.
        return Ok(comparison);
    }
    let mut first = Box::pin(rows(first, name, &common).await?);
    let mut second = Box::pin(rows(second, name, &common).await?);
    let (mut left, mut right) = (next(&mut first).await?, next(&mut second).await?);
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(comparison),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.key.as_bytes().cmp(right.key.as_bytes()),
        };
        comparison.rows += u64::from(order.is_le());
        comparison.note(&common, order, left.as_ref(), right.as_ref());
        if order.is_le() {
            left = next(&mut first).await?;
        }
        if order.is_ge() {
            right = next(&mut second).await?;
        }
    }
}

async fn columns(side: Side<'_>, table: &str) -> Result<Vec<String>> {
    let sql = "select column_name::text from information_schema.columns \
               where table_schema = $1 and table_name = $2 order by ordinal_position";
    let rows = side.client.query(sql, &[&side.schema, &table]).await.map_err(postgres)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The rows in the order of their keys, which are in the first column.
async fn rows(side: Side<'_>, table: &str, columns: &[String]) -> Result<RowStream> {
    let values: Vec<_> = columns.iter().map(|column| format!("\"{column}\"::text")).collect();
    let key = columns.first().map_or("", String::as_str);
    let sql = format!(
        "select array[{}] from \"{}\".\"{table}\" order by \"{key}\" collate \"C\"",
        values.join(", "),
        side.schema
    );
    let none: [&str; 0] = [];
    side.client.query_raw(&sql, none).await.map_err(postgres)
}

struct Values {
    key: String,
    all: Vec<Option<String>>,
}

async fn next(rows: &mut Pin<Box<RowStream>>) -> Result<Option<Values>> {
    let row: Option<Row> = rows.try_next().await.map_err(postgres)?;
    Ok(row.map(|row| {
        let all: Vec<Option<String>> = row.get(0);
        Values { key: all.first().cloned().flatten().unwrap_or_default(), all }
    }))
}

impl TableComparison {
    fn note(
        &mut self,
        columns: &[String],
        order: Ordering,
        left: Option<&Values>,
        right: Option<&Values>,
    ) {
        let (count, kind, key) = match (order, left, right) {
            (Ordering::Less, Some(left), _) => (&mut self.removed, "removed", &left.key),
            (Ordering::Greater, _, Some(right)) => (&mut self.added, "added", &right.key),
            (Ordering::Equal, Some(left), Some(right)) if left.all != right.all => {
                (&mut self.changed, "changed", &left.key)
            }
            _ => return,
        };
        *count += 1;
        if self.samples.len() < SAMPLES {
            let value = |side: Option<&Values>, index: usize| {
                side.and_then(|side| side.all.get(index).cloned().flatten())
            };
            let changed = columns
                .iter()
                .enumerate()
                .map(|(index, column)| (column.clone(), value(left, index), value(right, index)));
            let changed = changed.filter(|(_, left, right)| kind == "changed" && left != right);
            self.samples.push(Sample { key: key.clone(), kind, columns: changed.collect() });
        }
    }

    /// Whether no row differs.
    pub fn is_equal(&self) -> bool {
        self.added + self.removed + self.changed == 0
            && self.new_columns.is_empty()
            && self.lost_columns.is_empty()
    }
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(TableComparison::is_equal)
    }

    /// For people.
    pub fn as_text(&self) -> String {
        let mut text = format!(
            "{:<24} {:>10} {:>8} {:>8} {:>8}",
            "table", "rows", "added", "removed", "changed"
        );
        for table in &self.tables {
            let TableComparison { table: name, rows, added, removed, changed, .. } = table;
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{name:<24} {rows:>10} {added:>8} {removed:>8} {changed:>8}");
        }
        for table in &self.tables {
            for (what, columns) in [
                ("new columns", &table.new_columns),
                ("lost columns", &table.lost_columns),
                ("not compared, since the clock changes them", &table.not_compared),
            ] {
                if !columns.is_empty() {
                    let _ = write!(text, "\n{}: {what}: {}", table.table, columns.join(", "));
                }
            }
            for Sample { key, kind, columns } in &table.samples {
                let _ = write!(text, "\n{} {key}: {kind}", table.table);
                for (column, left, right) in columns {
                    let shown = |value: &Option<String>| value.clone().unwrap_or("null".to_owned());
                    let _ = write!(text, "  {column} {} → {}", shown(left), shown(right));
                }
            }
        }
        text
    }
}
