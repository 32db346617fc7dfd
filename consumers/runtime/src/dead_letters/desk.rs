//! What is parked, for those who decide what becomes of it: they look, and leave requests at the
//! dead letters. The owner of the partition does the rest.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use event_log::{Partition, Position};
use jiff::Timestamp;
use tokio_postgres::{Client, Row, types::ToSql};

use crate::{
    database::{Database, client},
    dead_letters::{
        parking::Keys,
        raw::{self, RawRecord},
    },
    error::Error,
    lease::Lease,
};

/// Which dead letters are meant; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The one at this place.
    pub at: Option<Position>,
    /// Those with this key.
    pub key: Option<Vec<u8>>,
    /// Those of this class.
    pub class: Option<String>,
}

/// A record that cannot be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it is.
    pub at: Position,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// As [`Poison::class`](crate::poison::Poison::class).
    pub class: String,
    /// In words.
    pub error: String,
    /// Schema id in front of its payload.
    pub schema_id: Option<i64>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was parked.
    pub parked_at: Timestamp,
    /// How many records wait behind it.
    pub waiting: i64,
    /// What was asked for and is not done yet.
    pub request: Option<String>,
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Apply it, and what waits behind it.
    Retry,
    /// Give it up for good, and apply what waits behind it.
    Skip {
        /// Why, for those who ask later.
        reason: String,
    },
}

impl Selection {
    /// The condition on `parked_record d`, with parameters from `$1` on.
    fn parameters(&self) -> (Option<&str>, Option<i32>, Option<i64>) {
        let topic = self.at.map(|at| at.partition.topic.name());
        (topic, self.at.map(|at| at.partition.number), self.at.map(|at| at.offset))
    }
}

const CONDITION: &str = "d.error_class is not null \
    and ($1::text is null or (d.topic = $1 and d.partition = $2 and d.record_offset = $3)) \
    and ($4::bytea is null or d.key = $4) and ($5::text is null or d.error_class = $5)";

/// The dead letters, oldest first.
///
/// # Errors
/// When Postgres fails.
pub async fn list(database: &Database, selection: &Selection) -> Result<Vec<DeadLetter>, Error> {
    let sql = format!(
        "select d.topic, d.partition, d.record_offset, d.key, d.error_class, d.error, d.schema_id, \
           d.attempts, d.parked_at, d.request, \
           (select count(*) from parked_record w where w.topic = d.topic \
              and w.partition = d.partition and w.key = d.key \
              and w.record_offset > d.record_offset) \
         from parked_record d where {CONDITION} order by d.parked_at, d.topic, d.partition, \
           d.record_offset"
    );
    let (topic, partition, offset) = selection.parameters();
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&topic, &partition, &offset, &selection.key, &selection.class];
    let connection = database.connection().await?;
    let rows = connection.query(&sql, &parameters).await;
    rows.map_err(Error::postgres("list the dead letters"))?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        at: raw::position(row)?,
        key: row.get(3),
        class: row.get(4),
        error: row.get(5),
        schema_id: row.get(6),
        attempts: row.get(7),
        parked_at: row.get(8),
        request: row.get(9),
        waiting: row.get(10),
    })
}

/// A parked record, byte for byte.
///
/// # Errors
/// When Postgres fails.
pub async fn record(database: &Database, at: Position) -> Result<Option<RawRecord>, Error> {
    let sql = format!(
        "select {} from parked_record where topic = $1 and partition = $2 and record_offset = $3",
        raw::COLUMNS
    );
    let Partition { topic, number } = at.partition;
    let connection = database.connection().await?;
    let row = connection.query_opt(&sql, &[&topic.name(), &number, &at.offset]).await;
    row.map_err(Error::postgres("read a parked record"))?
        .as_ref()
        .map(RawRecord::of_row)
        .transpose()
}

/// Leaves a request at dead letters; returns at how many.
///
/// # Errors
/// When Postgres fails.
pub async fn request(
    database: &Database,
    selection: &Selection,
    request: &Request,
    by: &str,
) -> Result<u64, Error> {
    let (name, reason) = match request {
        Request::Retry => ("retry", None),
        Request::Skip { reason } => ("skip", Some(reason)),
    };
    let sql = format!(
        "update parked_record d set request = $6, reason = $7, requested_by = $8 where {CONDITION}"
    );
    let (topic, partition, offset) = selection.parameters();
    let parameters: [&(dyn ToSql + Sync); 8] =
        [&topic, &partition, &offset, &selection.key, &selection.class, &name, &reason, &by];
    let connection = database.connection().await?;
    let updated = connection.execute(&sql, &parameters).await;
    updated.map_err(Error::postgres("request a retry"))
}

/// How many dead letters there are.
///
/// # Errors
/// When Postgres fails.
pub async fn open(client: &Client) -> Result<u64, Error> {
    let sql = "select count(*) from parked_record where error_class is not null";
    let row = client.query_one(sql, &[]).await;
    let count: i64 = row.map_err(Error::postgres("count the dead letters"))?.get(0);
    Ok(count.unsigned_abs())
}

/// The keys that are parked in some partitions.
///
/// # Errors
/// When Postgres fails.
pub async fn keys(
    client: &Client,
    topics: &[&str],
    numbers: &[i32],
) -> Result<HashMap<(String, i32), Keys>, Error> {
    let sql = "select distinct topic, partition, key from parked_record \
               join unnest($1::text[], $2::int[]) as t (topic, partition) \
                 using (topic, partition) \
               where key is not null";
    let rows = client.query(sql, &[&topics, &numbers]).await;
    let mut keys: HashMap<_, Keys> = HashMap::new();
    for row in rows.map_err(Error::postgres("read the parked keys"))? {
        let key: Vec<u8> = row.get(2);
        keys.entry((row.get(0), row.get(1))).or_default().insert(key.into());
    }
    Ok(keys)
}

/// The records of some partitions that were given up.
///
/// # Errors
/// When Postgres fails.
pub async fn skipped(
    client: &Client,
    topics: &[&str],
    numbers: &[i32],
) -> Result<HashMap<(String, i32), HashSet<i64>>, Error> {
    let sql = "select topic, partition, record_offset from skipped_record \
               join unnest($1::text[], $2::int[]) as t (topic, partition) \
                 using (topic, partition)";
    let rows = client.query(sql, &[&topics, &numbers]).await;
    let mut skipped: HashMap<_, HashSet<i64>> = HashMap::new();
    for row in rows.map_err(Error::postgres("read the skipped records"))? {
        skipped.entry((row.get(0), row.get(1))).or_default().insert(row.get(2));
    }
    Ok(skipped)
}

/// A request that waits for the owner of its partition.
#[derive(Debug)]
pub struct Requested {
    /// The right to the partition.
    pub lease: Arc<Lease>,
    /// The dead letter's offset.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Who asked to skip it, and why; none for a retry.
    pub skip: Option<(String, String)>,
}

/// What is asked for in the partitions of these leases.
///
/// # Errors
/// When Postgres fails.
pub async fn requested(
    database: &Database,
    leases: &[Arc<Lease>],
) -> Result<Vec<Requested>, Error> {
    let connection = database.connection().await?;
    let sql = "select topic, partition, record_offset, key, request, requested_by, reason \
               from parked_record where error_class is not null and request is not null \
               order by topic, partition, record_offset";
    let rows = client(&connection).query(sql, &[]).await;
    let mut requested = Vec::new();
    for row in rows.map_err(Error::postgres("look for requests"))? {
        let at = raw::position(&row)?;
        let lease = leases.iter().find(|lease| lease.partition == at.partition);
        let Some(lease) = lease.map(Arc::clone) else { continue };
        let by: Option<String> = row.get(5);
        let reason: Option<String> = row.get(6);
        let is_skip = row.get::<_, &str>(4) == "skip";
        let skip = is_skip.then(|| (by.unwrap_or_default(), reason.unwrap_or_default()));
        requested.push(Requested { lease, offset: at.offset, key: row.get(3), skip });
    }
    Ok(requested)
}
