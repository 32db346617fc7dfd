//! Statements that travel together: sent without waiting for each other's answers, run by the
//! server in their order. A transaction so takes as many round trips as it has questions, not as
//! many as it has statements.

use deadpool_postgres::Object;
use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    error::Error,
    row::{Values, parameter},
    tables::{AnyTable, Statement},
};

type Flight<'a> = BoxFuture<'a, Result<Vec<Row>, Error>>;

/// Begins a transaction, runs `first` in it and loads what the tables want; returns how many rows
/// `first` returned.
///
/// # Errors
/// When Postgres fails.
pub async fn begin(
    connection: &Object,
    first: &Statement<'_>,
    tables: &mut [&mut dyn AnyTable],
) -> Result<usize, Error> {
    let prepared = prepare(connection, &first.sql).await?;
    let parameters = first.references();
    let wanted = wanted(connection, tables).await?;
    let keys = keys(tables, &wanted);
    let mut flight: Vec<Flight<'_>> = vec![
        async {
            let begun = connection.batch_execute("begin").await;
            begun.map_err(Error::postgres("begin a transaction"))?;
            Ok(Vec::new())
        }
        .boxed(),
        async {
            let rows = connection.query(&prepared, &parameters).await;
            rows.map_err(Error::postgres("move the offsets on"))
        }
        .boxed(),
    ];
    let loads = wanted.iter().zip(&keys);
    flight.extend(loads.map(|(wanted, keys)| wanted.query(connection, keys)));
    let mut rows = try_join_all(flight).await?.into_iter().skip(1);
    drop(keys);
    let returned = rows.next().unwrap_or_default().len();
    take(tables, &wanted, rows)?;
    Ok(returned)
}

/// Loads what the tables want; false when that is nothing.
///
/// # Errors
/// When Postgres fails.
pub async fn load(connection: &Object, tables: &mut [&mut dyn AnyTable]) -> Result<bool, Error> {
    if tables.is_empty() {
        return Ok(false);
    }
    let wanted = wanted(connection, tables).await?;
    let keys = keys(tables, &wanted);
    let flight = wanted.iter().zip(&keys).map(|(wanted, keys)| wanted.query(connection, keys));
    let rows = try_join_all(flight).await?;
    drop(keys);
    take(tables, &wanted, rows.into_iter())?;
    Ok(true)
}

/// Runs one query.
///
/// # Errors
/// When Postgres fails.
pub async fn select(
    connection: &Object,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let prepared = prepare(connection, sql).await?;
    let rows = connection.query(&prepared, parameters).await;
    rows.map_err(Error::postgres("run a query"))
}

/// Creates the rows that a table wants and does not have, then locks and reads them all.
///
/// # Errors
/// When Postgres fails.
pub async fn lock(connection: &Object, table: &mut dyn AnyTable) -> Result<(), Error> {
    let wanted = table.take_wanted();
    let keys = table.keys(&wanted);
    let create = prepare(connection, &table.create_sql()).await?;
    let lock = prepare(connection, &table.lock_sql()).await?;
    let flight: [Flight<'_>; 2] = [
        async {
            let created = connection.query(&create, &[parameter(&keys)]).await;
            created.map_err(Error::postgres("create shared rows"))
        }
        .boxed(),
        async {
            let locked = connection.query(&lock, &[parameter(&keys)]).await;
            locked.map_err(Error::postgres("lock shared rows"))
        }
        .boxed(),
    ];
    let mut rows = try_join_all(flight).await?.into_iter();
    drop(keys);
    let (created, locked) = (rows.next().unwrap_or_default(), rows.next().unwrap_or_default());
    if locked.len() != wanted.len() {
        // Somebody removed a row between the two statements. Trying again creates it.
        return Err(Error::Connection(format!(
            "a shared row of table {} vanished while it was being locked",
            table.name()
        )));
    }
    let created: Vec<String> = created.iter().map(|row| row.get(0)).collect();
    table.take_rows(&wanted, &created, &locked)
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is stored.
    Commit,
    /// Nothing is: it was only to be seen whether it could be.
    Rollback,
}

/// Runs statements and ends the transaction.
///
/// # Errors
/// When Postgres fails: then nothing is stored, unless it is the connection that fails.
pub async fn end(connection: &Object, all: &[&Statement<'_>], end: End) -> Result<(), Error> {
    let mut prepared = Vec::with_capacity(all.len());
    for statement in all {
        let parameters = statement.references();
        prepared.push((prepare(connection, &statement.sql).await?, parameters));
    }
    let store = prepared.iter().map(|(statement, parameters)| {
        async {
            let stored = connection.execute(statement, parameters).await;
            stored.map_err(Error::postgres("store rows")).map(drop)
        }
        .boxed()
    });
    let mut flight: Vec<BoxFuture<'_, Result<(), Error>>> = store.collect();
    // After a failed statement the server answers a commit with a rollback.
    flight.push(
        async {
            let last = match end {
                End::Commit => "commit",
                End::Rollback => "rollback",
            };
            let ended = connection.batch_execute(last).await;
            ended.map_err(Error::postgres("end a transaction"))
        }
        .boxed(),
    );
    try_join_all(flight).await.map(drop)
}

/// Rows that one table wants.
struct Wanted {
    table: usize,
    places: Vec<usize>,
    load: tokio_postgres::Statement,
}

impl Wanted {
    fn query<'a>(&'a self, connection: &'a Object, keys: &'a Values<'_>) -> Flight<'a> {
        async move {
            let rows = connection.query(&self.load, &[parameter(keys)]).await;
            rows.map_err(Error::postgres("load rows"))
        }
        .boxed()
    }
}

async fn wanted(
    connection: &Object,
    tables: &mut [&mut dyn AnyTable],
) -> Result<Vec<Wanted>, Error> {
    let mut all = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter_mut().enumerate() {
        if table.has_wanted() {
            all.push(Wanted {
                table: number,
                places: table.take_wanted(),
                load: prepare(connection, &table.load_sql()).await?,
            });
        }
    }
    Ok(all)
}

/// The keys that are asked for.
fn keys<'a>(tables: &'a [&mut dyn AnyTable], wanted: &[Wanted]) -> Vec<Values<'a>> {
    let tables = wanted.iter().filter_map(|wanted| Some((tables.get(wanted.table)?, wanted)));
    tables.map(|(table, wanted)| table.keys(&wanted.places)).collect()
}

fn take(
    tables: &mut [&mut dyn AnyTable],
    wanted: &[Wanted],
    rows: impl Iterator<Item = Vec<Row>>,
) -> Result<(), Error> {
    for (wanted, rows) in wanted.iter().zip(rows) {
        if let Some(table) = tables.get_mut(wanted.table) {
            table.take_rows(&wanted.places, &[], &rows)?;
        }
    }
    Ok(())
}

async fn prepare(connection: &Object, sql: &str) -> Result<tokio_postgres::Statement, Error> {
    let prepared = connection.prepare_cached(sql).await;
    prepared.map_err(Error::postgres("prepare a statement"))
}
