//! The statements for a table of rows, derived from its columns. Every statement moves many rows
//! at once: a batch costs a few round trips, however many events it has.

use std::fmt::Write;

use crate::row::{Column, Row};

fn names(columns: &[Column]) -> String {
    join(columns, |column| quoted(column.name))
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn join(columns: &[Column], part: impl FnMut(&Column) -> String) -> String {
    columns.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn key<R: Row>() -> String {
    quoted(R::COLUMNS.first().map_or("", |column| column.name))
}

/// Reads rows by their keys.
pub fn load<R: Row>() -> String {
    format!(
        "select {} from \"{}\" where {} = any($1::text[])",
        names(R::COLUMNS),
        R::TABLE,
        key::<R>()
    )
}

/// Creates the rows that are missing, in the order of the keys given, with the table's defaults;
/// returns the keys of those that were. Waits for others that are creating the same rows.
pub fn create<R: Row>() -> String {
    let key = key::<R>();
    format!(
        "insert into \"{}\" ({key}) select unnest($1::text[]) on conflict ({key}) do nothing \
         returning {key}",
        R::TABLE
    )
}

/// Reads rows and locks them, one after the other in the order of their keys.
pub fn lock<R: Row>() -> String {
    format!("{} order by {} collate \"C\" for update", load::<R>(), key::<R>())
}

/// Writes rows, new or not.
pub fn upsert<R: Row>() -> String {
    let mut position = 0;
    let arrays = join(R::COLUMNS, |column| {
        position += 1;
        format!("${position}::{}[]", column.kind)
    });
    let rest = R::COLUMNS.get(1..).unwrap_or_default();
    let mut statement = format!(
        "insert into \"{}\" ({}) select * from unnest({arrays}) on conflict ({}) do ",
        R::TABLE,
        names(R::COLUMNS),
        key::<R>()
    );
    if rest.is_empty() {
        statement.push_str("nothing");
    } else {
        let assignments =
            join(rest, |Column { name, .. }| format!("\"{name}\" = excluded.\"{name}\""));
        let _ = write!(statement, "update set {assignments}");
    }
    statement
}

/// Removes rows by their keys.
pub fn remove<R: Row>() -> String {
    format!("delete from \"{}\" where {} = any($1::text[])", R::TABLE, key::<R>())
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::columns! {
        struct Shelf {
            id: String,
            books: i64,
        }
    }

    impl Row for Shelf {
        const TABLE: &'static str = "shelf";
    }

    #[test]
    fn statements_follow_from_the_columns() {
        assert_eq!(
            lock::<Shelf>(),
            "select \"id\", \"books\" from \"shelf\" where \"id\" = any($1::text[]) \
             order by \"id\" collate \"C\" for update"
        );
        assert_eq!(
            upsert::<Shelf>(),
            "insert into \"shelf\" (\"id\", \"books\") \
             select * from unnest($1::text[], $2::bigint[]) \
             on conflict (\"id\") do update set \"books\" = excluded.\"books\""
        );
        assert_eq!(
            create::<Shelf>(),
            "insert into \"shelf\" (\"id\") select unnest($1::text[]) \
             on conflict (\"id\") do nothing returning \"id\""
        );
    }
}
