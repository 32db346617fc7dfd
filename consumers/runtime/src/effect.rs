//! `effect`: what is done outside of this system (something is fetched, an e-mail is sent), each
//! under an id that follows from the event that caused it. It is recorded before it is begun and
//! when it has ended, so that what is completed is never done again, by no replay and no other
//! instance; and what was interrupted in between is seen.
//!
//! Whether an interrupted effect may be done again is for its owner to say: the ledger tells by
//! [`Standing::Interrupted`]. What only asks simply does so again. What must happen at most once
//! ends it as failed instead, and leaves the rest to a person.
//!
//! While it is under way a session lock holds it: it ends with the connection, so that an effect
//! is free again as soon as whoever was at it has died.

use metrics::counter;
use schemas::{EventId, Timestamp};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{
    Connection,
    database::{Borrowed, Database},
    error::Error,
    metrics::{EFFECTS_ENDED, EFFECTS_INTERRUPTED},
};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// Kebab-case name of what is done.
    pub name: &'static str,
    /// The event that causes it: at most one effect of each name.
    pub cause: EventId,
    /// What it is about, for people.
    pub subject: &'a str,
}

/// How an effect stands.
#[derive(Debug)]
pub enum Standing {
    /// It was not begun, or all its attempts have failed: it may be done.
    Due(Undertaking),
    /// An attempt was begun and never ended: it is not known how far it came.
    Interrupted(Undertaking),
    /// It is done, and must not be done again.
    Completed,
    /// Somebody else is at it.
    Busy,
}

/// An effect that is recorded as begun, and held until it ends or this is dropped.
#[derive(Debug)]
pub struct Undertaking {
    borrowed: Borrowed,
    effect: Uuid,
    name: &'static str,
    is_open: bool,
    /// Which attempt this is, from 1.
    pub attempt: i32,
}

impl Effect<'_> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&self.cause.0, self.name.as_bytes())
    }

    /// Records that it is begun, unless it is completed or somebody else is at it.
    ///
    /// # Errors
    /// When Postgres fails: then nothing may be done.
    pub async fn begin(&self, database: &Database, now: Timestamp) -> Result<Standing, Error> {
        const BEGIN: &str = "insert into effect as e \
              (id, name, subject, cause, state, attempts, started_at) \
            values ($1, $2, $3, $4, 'begun', 1, $5) \
            on conflict (id) do update set state = 'begun', attempts = e.attempts + 1, \
              started_at = excluded.started_at, ended_at = null \
            returning attempts";
        let borrowed = database.borrow().await?;
        let connection = borrowed.get()?;
        let id = self.id();
        let held =
            "select pg_try_advisory_lock(hashtextextended('effect ' || current_schema() || $1, 0))";
        if !one::<bool>(connection, held, &[&id.to_string()]).await?.unwrap_or(false) {
            borrowed.give_back();
            return Ok(Standing::Busy);
        }
        let state = "select state from effect where id = $1";
        let before: Option<String> = one(connection, state, &[&id]).await?;
        if before.as_deref() == Some("completed") {
            release(connection, id).await?;
            borrowed.give_back();
            return Ok(Standing::Completed);
        }
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&id, &self.name, &self.subject, &self.cause.0, &now.to_jiff()];
        let attempt = one(connection, BEGIN, &parameters).await?.unwrap_or(1);
        let undertaking =
            Undertaking { borrowed, effect: id, name: self.name, is_open: false, attempt };
        if before.as_deref() == Some("begun") {
            counter!(EFFECTS_INTERRUPTED, "effect" => self.name).increment(1);
            tracing::warn!(
                effect.name = self.name, effect.id = %id, effect.subject = self.subject, attempt,
                "taking up an effect that was interrupted"
            );
            return Ok(Standing::Interrupted(undertaking));
        }
        Ok(Standing::Due(undertaking))
    }
}

impl Undertaking {
    /// Begins the transaction in which the attempt ends: what came of it is stored over this
    /// connection, and is there if and only if the end is recorded.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn open(&mut self) -> Result<&Connection, Error> {
        self.is_open = true;
        let connection = self.borrowed.get()?;
        let begun = connection.batch_execute("begin").await;
        begun.map_err(Error::postgres("begin a transaction"))?;
        Ok(connection)
    }

    /// Records that it is done.
    ///
    /// # Errors
    /// When Postgres fails: it then counts as interrupted.
    pub async fn complete(self, outcome: &str, now: Timestamp) -> Result<(), Error> {
        self.end("completed", outcome, now).await
    }

    /// Records that this attempt has failed, for certain.
    ///
    /// # Errors
    /// When Postgres fails: it then counts as interrupted.
    pub async fn fail(self, outcome: &str, now: Timestamp) -> Result<(), Error> {
        self.end("failed", outcome, now).await
    }

    async fn end(self, state: &'static str, outcome: &str, now: Timestamp) -> Result<(), Error> {
        let sql = "update effect set state = $2, outcome = $3, ended_at = $4 where id = $1";
        let connection = self.borrowed.get()?;
        let parameters: [&(dyn ToSql + Sync); 4] = [&self.effect, &state, &outcome, &now.to_jiff()];
        let updated = connection.execute(sql, &parameters).await;
        updated.map_err(Error::postgres("record the end of an effect"))?;
        if self.is_open {
            let committed = connection.batch_execute("commit").await;
            committed.map_err(Error::postgres("commit what an effect brought"))?;
        }
        counter!(EFFECTS_ENDED, "effect" => self.name, "state" => state).increment(1);
        release(connection, self.effect).await?;
        self.borrowed.give_back();
        Ok(())
    }
}

async fn release(connection: &Connection, effect: Uuid) -> Result<(), Error> {
    let sql = "select pg_advisory_unlock(hashtextextended('effect ' || current_schema() || $1, 0))";
    one::<bool>(connection, sql, &[&effect.to_string()]).await.map(drop)
}

/// The first column of the only row, if there is one.
async fn one<T: tokio_postgres::types::FromSqlOwned>(
    connection: &Connection,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<T>, Error> {
    let row = connection.query_opt(sql, parameters).await;
    let row = row.map_err(Error::postgres("look into the ledger of effects"))?;
    Ok(row.map(|row| row.get(0)))
}
