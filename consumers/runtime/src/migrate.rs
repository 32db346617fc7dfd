//! Brings a schema to the newest form: first the runtime's own tables, then the projection's. Each
//! set has its own history, so that either can grow without the other.

use refinery::Runner;
use tokio_postgres::Client;

use crate::{
    database::Database,
    error::{Error, Explained},
};

mod bookkeeping {
    refinery::embed_migrations!("migrations");
}

mod expansion {
    refinery::embed_migrations!("expansions");
}

/// History of what was added to them so that builds before go on as if it were not there: such a
/// build may start after a newer one has, and a roll-out may be given up.
const EXPANSION_HISTORY: &str = "runtime_expansion";

/// History of the runtime's own tables.
const BOOKKEEPING_HISTORY: &str = "runtime_migration";

/// History of the projection's tables.
const PROJECTION_HISTORY: &str = "migration";

/// Tables that are the runtime's own: everything else in a schema is the projection's.
pub const BOOKKEEPING_TABLES: &[&str] = &[
    "consumer_offset",
    "effect",
    "installation",
    "outbox",
    "outbox_relay",
    "parked_record",
    "read_model",
    "skipped_record",
    BOOKKEEPING_HISTORY,
    EXPANSION_HISTORY,
    PROJECTION_HISTORY,
];

/// Longest statement of a migration: more than anything else may take, since tables can be large.
const STATEMENT_LIMIT: &str = "15min";

/// Creates the schema if it is missing and applies what is new. Several instances may do so at
/// once: they take turns.
///
/// # Errors
/// When Postgres fails, when a migration fails, or when the schema belongs to another namespace.
pub async fn migrate(
    database: &Database,
    namespace: &str,
    projection: Runner,
) -> Result<(), Error> {
    let mut client = database.dedicated().await?;
    let schema = database.schema();
    // refinery takes no lock. This one ends with the connection.
    client
        .execute("select pg_advisory_lock(hashtextextended('migrate ' || $1, 0))", &[&schema])
        .await
        .map_err(Error::postgres("lock the schema for migration"))?;
    provide(&client, schema).await.map_err(Error::postgres("create the schema"))?;
    let expansion = expansion::migrations::runner().set_abort_missing(false);
    for (runner, history) in [
        (bookkeeping::migrations::runner(), BOOKKEEPING_HISTORY),
        (expansion, EXPANSION_HISTORY),
        (projection, PROJECTION_HISTORY),
    ] {
        let mut runner = runner;
        runner.set_migration_table_name(history);
        let applied = runner.run_async(&mut client).await;
        let applied = applied.map_err(|error| {
            let error = Explained(error).to_string();
            if client.is_closed() { Error::Connection(error) } else { Error::Migration(error) }
        })?;
        for migration in applied.applied_migrations() {
            tracing::info!(db.schema = schema, %migration, "migrated");
        }
    }
    claim(&client, schema, namespace).await
}

/// Creates a schema that is missing. One that is there may belong to a role that can create none.
async fn provide(client: &Client, schema: &str) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(&format!("set statement_timeout = '{STATEMENT_LIMIT}'")).await?;
    let sql = "select to_regnamespace(quote_ident($1)) is not null";
    let is_there: bool = client.query_one(sql, &[&schema]).await?.get(0);
    match is_there {
        true => Ok(()),
        false => client.batch_execute(&format!("create schema if not exists \"{schema}\"")).await,
    }
}

/// Two installations that share a database would mix their rows and overwrite their offsets.
async fn claim(client: &Client, schema: &str, namespace: &str) -> Result<(), Error> {
    let owner: String = client
        .query_one(
            "with claimed as ( \
               insert into installation (namespace) values ($1) on conflict do nothing \
               returning namespace) \
             select namespace from claimed union all select namespace from installation limit 1",
            &[&namespace],
        )
        .await
        .map_err(Error::postgres("claim the schema"))?
        .get(0);
    if owner == namespace {
        return Ok(());
    }
    Err(Error::Foreign { schema: schema.to_owned(), owner })
}
