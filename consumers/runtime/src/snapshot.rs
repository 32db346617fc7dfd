//! Answers that take several queries, or are too long for memory, and are still of one moment: all
//! of a snapshot's queries see the same rows, whatever is applied meanwhile.

use tokio_postgres::types::ToSql;

use crate::{
    database::{Borrowed, Database},
    error::Error,
    query::{self, Reading},
    row::RowError,
};

/// A read-only transaction on a connection of its own. When it is dropped before its end, the
/// connection is closed.
#[derive(Debug)]
pub struct Snapshot(Borrowed);

impl Snapshot {
    /// Begins; the first query fixes the moment.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn open(database: &Database) -> Result<Self, Error> {
        let borrowed = database.borrow().await?;
        let begin = "begin isolation level repeatable read read only";
        let begun = borrowed.get()?.batch_execute(begin).await;
        begun.map_err(Error::postgres("begin a snapshot"))?;
        Ok(Self(borrowed))
    }

    /// Runs a query; each row is made by `read`.
    ///
    /// # Errors
    /// When Postgres fails or a row cannot be read.
    pub async fn select<T>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl Fn(&mut Reading<'_>) -> Result<T, RowError>,
    ) -> Result<Vec<T>, Error> {
        query::select(self.0.get()?, sql, parameters, read).await
    }

    /// Begins a long answer, which [`Snapshot::fetch`] reads; one at a time.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn declare(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(), Error> {
        let sql = format!("declare answer no scroll cursor for {sql}");
        let declared = self.0.get()?.execute(&sql, parameters).await;
        declared.map(drop).map_err(Error::postgres("begin a long answer"))
    }

    /// The next rows of the long answer: fewer than wanted only at its end.
    ///
    /// # Errors
    /// When Postgres fails or a row cannot be read.
    pub async fn fetch<T>(
        &self,
        most: u16,
        read: impl Fn(&mut Reading<'_>) -> Result<T, RowError>,
    ) -> Result<Vec<T>, Error> {
        // Prepared anew: a kept statement would be that of another answer with other columns.
        let fetched = self.0.get()?.query(&format!("fetch {most} from answer"), &[]).await;
        let rows = fetched.map_err(Error::postgres("go on with a long answer"))?;
        query::read(&rows, read)
    }

    /// Ends it; the connection can be used again.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn close(self) -> Result<(), Error> {
        let ended = self.0.get()?.batch_execute("commit").await;
        ended.map_err(Error::postgres("end a snapshot"))?;
        self.0.give_back();
        Ok(())
    }
}
