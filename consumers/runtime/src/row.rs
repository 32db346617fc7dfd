//! A row of a read model as a struct: [`columns!`](crate::columns) declares it and derives how it
//! is read and written, [`Row`] says which table it is of and how it may be shared.

use schemas::Topic;
use tokio_postgres::types::ToSql;

use crate::field::Field;

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its Postgres type.
    pub kind: &'static str,
}

/// Values of one column, one for each row that is written: a Postgres array.
pub type Values<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// Values as the client takes them.
#[must_use]
pub fn parameter<'a>(values: &'a Values<'_>) -> &'a (dyn ToSql + Sync) {
    &**values
}

/// A value in the database that is none of its field's type.
#[derive(Debug, thiserror::Error)]
#[error("cannot read column {column}: its value is no {field}")]
pub struct RowError {
    /// Which column.
    pub column: &'static str,
    /// The Rust type that was expected.
    pub field: &'static str,
}

/// How a struct is read from and written to columns. Derived by [`columns!`](crate::columns).
pub trait Columns: Sized {
    /// Name and type of each column; the first is the key, of type `text`.
    const COLUMNS: &'static [Column];

    /// The value of the first column.
    fn key(&self) -> &str;

    /// Reads a row that was selected with [`Columns::COLUMNS`].
    ///
    /// # Errors
    /// When a value is none of its field's type.
    fn read(row: &tokio_postgres::Row) -> Result<Self, RowError>;

    /// The rows as columns.
    fn write<'a>(rows: &[&'a Self]) -> Vec<Values<'a>>;
}

/// A row of a table that a projection keeps.
pub trait Row: Columns + Send + 'static {
    /// The table, in the consumer's own schema.
    const TABLE: &'static str;

    /// The read model whose clients are told when a row changes; `None` for tables that no query
    /// shows.
    const READ_MODEL: Option<&'static str> = None;

    /// Whether the read model's list shows the row. One that leaves the list is gone for clients,
    /// though the table may keep it.
    fn is_listed(&self) -> bool {
        true
    }

    /// Rows that events of several partitions touch. They are created (with the defaults of the
    /// table) before they are locked, always in the order of their keys: no update is lost, and
    /// no two instances wait for each other.
    const SHARED: bool = false;

    /// The topic whose aggregates have one row each here, under their id: the row then keeps the
    /// aggregate's version ([`Row::version`]), by which repeats are skipped and gaps found. Such
    /// a row is never removed while events of its aggregate may follow.
    const AGGREGATE: Option<Topic> = None;

    /// Where a row of an [`Row::AGGREGATE`] keeps the version.
    fn version(&mut self) -> Option<&mut i64> {
        None
    }
}

/// Reads one field of a row.
///
/// # Errors
/// When its value is none of the field's type.
pub fn read_field<T: Field>(
    row: &tokio_postgres::Row,
    index: usize,
    column: &'static str,
) -> Result<T, RowError> {
    let received: Option<T::Received> = row.try_get(index).ok();
    received.and_then(T::receive).ok_or(RowError { column, field: std::any::type_name::<T>() })
}

/// One column of many rows.
pub fn write_field<'a, R, T: Field + 'a>(
    rows: &[&'a R],
    field: impl Fn(&'a R) -> &'a T,
) -> Values<'a> {
    let values: Vec<T::Sent<'a>> = rows.iter().map(|row| field(row).send()).collect();
    Box::new(values)
}

/// Implements [`Row`](crate::Row) for a struct with a field `version`, of which there is one row for
/// each aggregate of a topic: its table, the topic, and the read model that shows it, if one does.
#[macro_export]
macro_rules! aggregate_row {
    ($row:ty: $table:literal, $topic:expr $(, shown as $model:expr)?) => {
        impl $crate::Row for $row {
            const TABLE: &'static str = $table;
            $(const READ_MODEL: Option<&'static str> = Some($model);)?
            const AGGREGATE: Option<schemas::Topic> = Some($topic);

            fn version(&mut self) -> Option<&mut i64> {
                Some(&mut self.version)
            }
        }
    };
}

/// Declares the struct of a row: each field is the column of its name. The first is the key.
#[macro_export]
macro_rules! columns {
    (
        $(#[$doc:meta])*
        $visibility:vis struct $row:ident {
            $(#[$key_doc:meta])* $key_visibility:vis $key:ident: $key_type:ty,
            $($(#[$field_doc:meta])* $field_visibility:vis $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility struct $row {
            $(#[$key_doc])* $key_visibility $key: $key_type,
            $($(#[$field_doc])* $field_visibility $field: $type,)*
        }

        impl $crate::row::Columns for $row {
            const COLUMNS: &'static [$crate::row::Column] = &[
                $crate::row::Column {
                    name: stringify!($key),
                    kind: <$key_type as $crate::field::Field>::TYPE,
                },
                $($crate::row::Column {
                    name: stringify!($field),
                    kind: <$type as $crate::field::Field>::TYPE,
                },)*
            ];

            fn key(&self) -> &str {
                $crate::field::Field::send(&self.$key)
            }

            fn read(row: &$crate::tokio_postgres::Row) -> Result<Self, $crate::row::RowError> {
                let mut index = 0..;
                let mut next = || index.next().unwrap_or_default();
                Ok(Self {
                    $key: $crate::row::read_field(row, next(), stringify!($key))?,
                    $($field: $crate::row::read_field(row, next(), stringify!($field))?,)*
                })
            }

            fn write<'a>(rows: &[&'a Self]) -> Vec<$crate::row::Values<'a>> {
                vec![
                    $crate::row::write_field(rows, |row| &row.$key),
                    $($crate::row::write_field(rows, |row| &row.$field),)*
                ]
            }
        }
    };
}
