//! How far consumers are.

use std::collections::BTreeMap;

use event_log::{Partition, Settings, restore::PartitionReader};
use rdkafka::Message;
use schemas::{Timestamp, Topic};
use tokio::task::spawn_blocking;
use tokio_postgres::{Client, error::SqlState};

use crate::error::Error;

/// Most records that are counted one by one; beyond that the offsets are told.
const COUNTED: i64 = 100_000;

/// How far a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The next offset to be applied.
    pub position: i64,
    /// The end of the log.
    pub end: i64,
    /// Records that are not applied, markers left out.
    pub waiting: u64,
    /// When the log took the first of them, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

impl Lag {
    /// Age of the oldest record that is not applied.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub fn seconds(&self) -> f64 {
        let now = Timestamp::now().micros() / 1_000;
        self.oldest.map_or(0.0, |oldest| (now - oldest).max(0) as f64 / 1_000.0)
    }
}

/// The next offset of each partition that a schema reads.
///
/// # Errors
/// When Postgres fails, or the schema reads what this program does not know.
pub async fn positions(client: &Client, schema: &str) -> Result<BTreeMap<Partition, i64>, Error> {
    let sql = format!("select topic, partition, next_offset from \"{schema}\".consumer_offset");
    let rows = match client.query(&sql, &[]).await {
        Ok(rows) => rows,
        // A build that has just begun, or a consumer that has never run.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
        Err(error) => {
            return Err(consumer_runtime::Error::postgres("read the offsets")(error).into());
        }
    };
    let mut positions = BTreeMap::new();
    for row in rows {
        let topic: String = row.get(0);
        let unknown = || Error::Refused(format!("{schema} reads {topic}, which is unknown here"));
        let topic = Topic::named(&topic).ok_or_else(unknown)?;
        positions.insert(Partition { topic, number: row.get(1) }, row.get(2));
    }
    Ok(positions)
}

/// How far partitions are from their ends. What has not moved since `known` is not looked at again.
///
/// # Errors
/// When Kafka does not answer.
pub async fn lags(
    settings: Settings,
    positions: BTreeMap<Partition, i64>,
    known: BTreeMap<Partition, Lag>,
) -> Result<BTreeMap<Partition, Lag>, Error> {
    let looking = spawn_blocking(move || {
        let reader = PartitionReader::new(&settings)?;
        let lags = positions.into_iter().map(|(partition, position)| {
            let lag = lag(&reader, partition, position, known.get(&partition))?;
            Ok((partition, lag))
        });
        lags.collect::<Result<_, Error>>()
    });
    looking.await?
}

fn lag(
    reader: &PartitionReader,
    partition: Partition,
    position: i64,
    known: Option<&Lag>,
) -> Result<Lag, Error> {
    let end = reader.high_watermark(partition)?;
    if let Some(known) = known.filter(|known| (known.position, known.end) == (position, end)) {
        return Ok(*known);
    }
    let (mut waiting, mut oldest) = (0, None);
    reader.read_range(partition, position..end.min(position + COUNTED), |record| {
        waiting += 1;
        oldest = oldest.or(record.timestamp().to_millis());
        Ok(())
    })?;
    let beyond = (end - position - COUNTED).max(0).unsigned_abs();
    Ok(Lag { position, end, waiting: waiting + beyond, oldest })
}
