//! `read_model`: which build of a read model a schema holds, and which projection may touch it.
//!
//! The live build is always in the schema named after its consumer. The next one is made in a
//! schema of its own, and takes the name over in one transaction: so that queries never see half of
//! it. Its offsets have another generation. A process that still works for the build before finds
//! no offset of its own any more, starts over, and goes on with the new one.

use std::str::FromStr;

use tokio_postgres::Client;

use crate::{error::Error, offset::Generation};

/// The suffix of the schema with the next build.
pub const NEXT: &str = "_next";
/// The suffix of the schema with the build before.
pub const PREVIOUS: &str = "_previous";
/// The suffix of a schema that a verification fills.
pub const SCRATCH: &str = "_verify";
/// The suffix of a schema in which another rule is tried out.
pub const WHAT_IF: &str = "_what_if";

/// Name of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaName(String);

/// A text that names no schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a schema has 1 to 63 characters of a-z 0-9 _")]
pub struct InvalidSchemaName;

impl FromStr for SchemaName {
    type Err = InvalidSchemaName;

    fn from_str(text: &str) -> Result<Self, InvalidSchemaName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        match (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidSchemaName),
        }
    }
}

impl SchemaName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a schema holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadModel {
    /// The build.
    pub generation: Generation,
    /// The version of the projection that made it.
    pub projection_version: i32,
    /// Whether an operator wants nothing to be applied.
    pub is_paused: bool,
}

/// What a schema holds; `None` when it does not exist, or nothing has been built in it.
///
/// # Errors
/// When Postgres fails.
pub async fn find(client: &Client, schema: &str) -> Result<Option<ReadModel>, Error> {
    // By a name that may not exist: looked up first.
    let exists = client
        .query_one("select to_regclass(format('%I.read_model', $1::text)) is not null", &[&schema])
        .await
        .map_err(Error::postgres("look for the read model"))?;
    if !exists.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = format!(
        "select generation, projection_version, paused_at is not null from \"{schema}\".read_model"
    );
    let row = client.query_opt(&sql, &[]).await.map_err(Error::postgres("read the read model"))?;
    Ok(row.map(|row| ReadModel {
        generation: row.get(0),
        projection_version: row.get(1),
        is_paused: row.get(2),
    }))
}

/// Takes a schema: notes what is built in it, unless that was noted before.
///
/// # Errors
/// [`Error::OtherVersion`] when another projection made what is there.
pub async fn open(client: &Client, schema: &str, ours: ReadModel) -> Result<ReadModel, Error> {
    let sql = format!(
        "insert into \"{schema}\".read_model (generation, projection_version) values ($1, $2) \
         on conflict do nothing"
    );
    let inserted = client.execute(&sql, &[&ours.generation, &ours.projection_version]).await;
    inserted.map_err(Error::postgres("note the read model"))?;
    let found = find(client, schema).await?.unwrap_or(ours);
    check(schema, found, ours.projection_version)?;
    Ok(found)
}

/// Refuses a schema that another projection made, before anything in it is touched.
///
/// # Errors
/// [`Error::OtherVersion`].
pub fn check(schema: &str, found: ReadModel, ours: i32) -> Result<(), Error> {
    if found.projection_version == ours {
        return Ok(());
    }
    let (schema, theirs) = (schema.to_owned(), found.projection_version);
    Err(Error::OtherVersion { schema, theirs, ours })
}
