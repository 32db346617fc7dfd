//! Connections to the schemas of the bench.

use anyhow::Context;
use consumer_runtime::{Database, Server, tokio_postgres::Client};

use crate::failure::Result;

/// Where the tables of a schema are.
pub fn of_schema(server: &Server, schema: &str) -> Result<Database> {
    Ok(Database::new(server, schema, 1).context("cannot prepare connections")?)
}

/// Connects.
pub async fn connect(database: &Database) -> Result<Client> {
    Ok(database.dedicated().await.context("cannot connect to Postgres")?)
}

/// Connects, and drops the schema with all that an earlier round left in it.
pub async fn connect_afresh(database: &Database) -> Result<Client> {
    let client = connect(database).await?;
    let drop = format!("drop schema if exists {} cascade", database.schema());
    client.batch_execute(&drop).await.context("cannot drop the schema of the last round")?;
    Ok(client)
}
