//! The builds of a read model in Postgres: the live one, the next, the one before, and a scratch
//! one to compare with. Each has a schema of its own.

pub mod build;
pub mod compare;

use std::{collections::BTreeMap, time::Duration};

use consumer_runtime::{
    Server,
    build::Until,
    migrate::BOOKKEEPING_TABLES,
    read_model::{self, ReadModel},
    tokio_postgres::{self, Client, Transaction, error::SqlState},
};
use event_log::{Partition, Settings, restore::PartitionReader};

use crate::{
    commands::{cluster, read_model::failed},
    failure::{Failure, Result},
};

/// How long a switch waits for transactions under way. They are short.
const LOCK_LIMIT: &str = "5s";

/// Connects for one task.
pub async fn connect(url: &str) -> Result<Client> {
    server(url)?.connect().await.map_err(|error| Failure::Unavailable(error.into()))
}

/// The server that a URL names, which is not shown: it holds a password.
pub fn server(url: &str) -> Result<Server> {
    let server = url.parse::<Server>();
    server.map_err(|error| Failure::setup(format!("the URL of the database {error}")))
}

/// An error of Postgres, with what it says.
pub fn postgres(error: tokio_postgres::Error) -> Failure {
    let said = error.as_db_error().map(|said| said.message().to_owned());
    let error = anyhow::Error::new(error);
    Failure::Unavailable(match said {
        Some(said) => error.context(said),
        None => error,
    })
}

/// Makes a schema for a build of a read model, where the live one belongs to another role than
/// ours: whose all of it is, then, so that it can become the live one. Tells that role.
pub async fn provide(client: &Client, live: &str, schema: &str) -> Result<Option<String>> {
    let sql = "select pg_get_userbyid(nspowner)::text from pg_namespace \
               where nspname = $1 and pg_get_userbyid(nspowner) <> current_user";
    let owner = client.query_opt(sql, &[&live]).await.map_err(postgres)?;
    let Some(owner) = owner.map(|row| row.get::<_, String>(0)) else { return Ok(None) };
    let sql = format!("create schema if not exists \"{schema}\" authorization \"{owner}\"");
    client.batch_execute(&sql).await.map_err(postgres)?;
    Ok(Some(owner))
}

/// The URL for sessions in which everything is done as another role.
pub fn as_role(url: &str, role: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}options=-c%20role%3D{role}")
}

/// What a schema holds.
pub async fn find(client: &Client, schema: &str) -> Result<Option<ReadModel>> {
    read_model::find(client, schema).await.map_err(failed)
}

/// What a schema holds, which has to be there.
pub async fn require(client: &Client, schema: &str, hint: &str) -> Result<ReadModel> {
    let found = find(client, schema).await?;
    found
        .ok_or_else(|| Failure::setup(format!("there is no read model in schema {schema}: {hint}")))
}

/// Up to where a schema has applied each partition.
pub async fn offsets(client: &Client, schema: &str) -> Result<Until> {
    Ok(Until(operator::lag::positions(client, schema).await?))
}

/// Where the partitions that a schema reads end now.
pub async fn ends(settings: &Settings, read: &Until) -> Result<Until> {
    let (settings, partitions) = (settings.clone(), read.0.keys().copied().collect::<Vec<_>>());
    let looking = tokio::task::spawn_blocking(move || {
        let reader = PartitionReader::new(&settings)?;
        let ends = partitions.into_iter().map(|partition| {
            let end = reader.high_watermark(partition)?;
            Ok((partition, end))
        });
        ends.collect::<Result<BTreeMap<_, _>, event_log::Error>>()
    });
    let ends = looking.await.map_err(|panic| Failure::Internal(panic.into()))?;
    ends.map(Until).map_err(cluster::failed)
}

/// How many offsets one is behind the other.
pub fn behind(at: &Until, end: &Until) -> i64 {
    let lag = |(partition, end): (&Partition, &i64)| (end - at.of(*partition).unwrap_or(0)).max(0);
    end.0.iter().map(lag).sum()
}

/// The tables that the projection keeps in a schema.
pub async fn tables(client: &Client, schema: &str) -> Result<Vec<String>> {
    let sql = "select tablename::text from pg_tables where schemaname = $1 and tablename <> all($2) \
               order by 1";
    let rows = client.query(sql, &[&schema, &BOOKKEEPING_TABLES]).await.map_err(postgres)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Bytes on disk, and rows as last estimated.
pub async fn size(client: &Client, schema: &str) -> Result<(i64, i64)> {
    let sql = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, \
                 coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint \
               from pg_class c join pg_namespace n on n.oid = c.relnamespace \
               where n.nspname = $1 and c.relkind = 'r' and c.relname <> all($2)";
    let row = client.query_one(sql, &[&schema, &BOOKKEEPING_TABLES]).await.map_err(postgres)?;
    Ok((row.get(0), row.get(1)))
}

/// Nothing is written in a schema any more, until this is dropped or committed; reading goes on.
pub async fn hold<'a>(client: &'a mut Client, schema: &str) -> Result<Transaction<'a>> {
    // All of them, so that no transaction reaches across a switch.
    let sql = "select string_agg(format('%I.%I', schemaname, tablename), ', ' order by tablename) \
               from pg_tables where schemaname = $1";
    let tables: Option<String> = client.query_one(sql, &[&schema]).await.map_err(postgres)?.get(0);
    let transaction = client.transaction().await.map_err(postgres)?;
    let limit = format!("set local lock_timeout = '{LOCK_LIMIT}'");
    transaction.batch_execute(&limit).await.map_err(postgres)?;
    if let Some(tables) = tables {
        let lock = format!("lock table {tables} in exclusive mode");
        transaction.batch_execute(&lock).await.map_err(|error| {
            match error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                true => Failure::unavailable(format!(
                    "somebody has held a lock in schema {schema} for longer than {LOCK_LIMIT}: see \
                     pg_stat_activity, then try again; nothing was changed"
                )),
                false => postgres(error),
            }
        })?;
    }
    Ok(transaction)
}

/// Whether all that a schema has published is in the log; nothing is written in it meanwhile.
pub async fn is_all_sent(held: &Transaction<'_>, schema: &str) -> Result<bool> {
    let sql = format!("select not exists (select from \"{schema}\".outbox)");
    let row = held.query_one(&sql, &[]).await.map_err(postgres)?;
    Ok(row.get(0))
}

/// Has the relay of one schema number on where that of another is: the cursor in the log is theirs
/// in common, and never goes back.
pub async fn number_on(held: &Transaction<'_>, from: &str, to: &str) -> Result<()> {
    let sql = format!(
        "update \"{to}\".outbox_relay \
         set last_batch = (select last_batch from \"{from}\".outbox_relay)"
    );
    held.execute(&sql, &[]).await.map(drop).map_err(postgres)
}

/// Gives schemas other names, all at once: nobody ever sees half of it.
pub async fn rename(transaction: Transaction<'_>, renames: &[(&str, &str)]) -> Result<()> {
    for (from, to) in renames {
        let rename = format!("alter schema \"{from}\" rename to \"{to}\"");
        transaction.batch_execute(&rename).await.map_err(postgres)?;
    }
    transaction.commit().await.map_err(postgres)
}

/// Ends what a build that was killed has left under way in a schema: its sessions bear that name.
pub async fn end_sessions(client: &Client, schema: &str) -> Result<()> {
    let sql = "select pg_terminate_backend(pid, 5000) from pg_stat_activity \
               where application_name = $1 and datname = current_database() \
                 and pid <> pg_backend_pid()";
    client.query(sql, &[&schema]).await.map(drop).map_err(postgres)
}

/// Removes a schema with all that is in it.
pub async fn remove(client: &Client, schema: &str) -> Result<()> {
    let sql = format!("drop schema if exists \"{schema}\" cascade");
    client.batch_execute(&sql).await.map_err(postgres)
}

/// Removes all that is in a schema. One that belongs to another role than ours is made again: that
/// role may not be able to.
pub async fn empty(client: &Client, schema: &str) -> Result<()> {
    let sql = "select format('create schema %I authorization %I', nspname, pg_get_userbyid(nspowner)) \
               from pg_namespace \
               where nspname = $1 and pg_get_userbyid(nspowner) <> current_user";
    let again = client.query_opt(sql, &[&schema]).await.map_err(postgres)?;
    let again: String = again.map(|row| row.get(0)).unwrap_or_default();
    let sql = format!("begin; drop schema if exists \"{schema}\" cascade; {again}; commit");
    client.batch_execute(&sql).await.map_err(postgres)
}

/// Puts a schema in the place of another one, which is dropped.
pub async fn replace(client: &Client, old: &str, new: &str) -> Result<()> {
    let sql = format!(
        "begin; drop schema if exists \"{old}\" cascade; \
         alter schema \"{new}\" rename to \"{old}\"; commit"
    );
    client.batch_execute(&sql).await.map_err(postgres)
}

/// How long to wait between two looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
