//! What the log had when somebody looked: for chores that must not act before all of it is applied,
//! because what they would do is perhaps done already.

use std::collections::BTreeMap;

use event_log::{Partition, Settings, restore::PartitionReader, topics::partition_count};
use rdkafka::message::Message;
use schemas::Topic;

use crate::{Database, error::Error, flight};

/// Up to where each partition has to be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog(BTreeMap<Partition, i64>);

impl Backlog {
    /// Looks where these topics end now: after their last records, since markers of transactions
    /// are never applied.
    ///
    /// # Errors
    /// When Kafka fails.
    pub async fn look(settings: &Settings, topics: Vec<Topic>) -> Result<Self, Error> {
        let settings = settings.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let reader = PartitionReader::new(&settings)?;
            let mut ends = BTreeMap::new();
            for topic in topics {
                for number in 0..partition_count(&settings, topic)? {
                    let partition = Partition { topic, number };
                    if let Some(last) = reader.last(partition, |record| record.offset())? {
                        ends.insert(partition, last + 1);
                    }
                }
            }
            Ok(Self(ends))
        });
        let looked: Result<_, event_log::Error> =
            looking.await.map_err(|_| Error::Broken("a look at the log panicked".into()))?;
        Ok(looked?)
    }

    /// Whether all of it is applied, by whichever instance.
    ///
    /// # Errors
    /// When Postgres fails.
    pub async fn is_applied(&self, database: &Database) -> Result<bool, Error> {
        let connection = database.connection().await?;
        let sql = "select topic, partition, max(next_offset) from consumer_offset group by 1, 2";
        let rows = flight::select(&connection, sql, &[]).await?;
        let applied: BTreeMap<(String, i32), i64> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        Ok(self.0.iter().all(|(partition, end)| {
            let key = (partition.topic.name().to_owned(), partition.number);
            applied.get(&key).is_some_and(|next| next >= end)
        }))
    }
}
