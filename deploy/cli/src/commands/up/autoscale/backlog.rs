//! How far consumers are behind: by the positions that they keep with their rows, and where the
//! topics end. The group's offsets in Kafka, which KEDA looks at, follow within seconds.

use std::collections::BTreeMap;

use event_log::{Partition, Settings, restore::PartitionReader, topics::partition_count};
use schemas::Topic;
use tokio::task::spawn_blocking;

use super::Scaled;
use crate::{
    commands::cluster,
    failure::{Failure, Result},
    generations,
};

/// What of one topic waits for a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Offsets that are not applied. Markers count, so that it is hardly ever 0.
    pub records: u64,
    /// How many partitions the topic has.
    pub partitions: u32,
}

/// Looks at consumers.
#[derive(Debug)]
pub struct Lookout {
    settings: Settings,
    database_url: String,
    /// Kept from one look to the next.
    reader: Option<PartitionReader>,
}

/// Where the partitions of some topics end.
type Ends = BTreeMap<Topic, Vec<(Partition, i64)>>;

impl Lookout {
    /// Of one installation.
    pub const fn new(settings: Settings, database_url: String) -> Self {
        Self { settings, database_url, reader: None }
    }

    /// The backlogs of each consumer, one for each of its topics.
    pub async fn look(&mut self, consumers: &[Scaled]) -> Result<Vec<Vec<Backlog>>> {
        let client = generations::connect(&self.database_url).await?;
        let mut applied = Vec::with_capacity(consumers.len());
        for consumer in consumers {
            // Before the ends: what comes in between counts.
            applied.push(generations::offsets(&client, &consumer.schema()).await?);
        }
        let topics = consumers.iter().flat_map(|consumer| consumer.service.events());
        let ends = self.ends(topics.collect()).await?;
        let backlogs = consumers.iter().zip(&applied).map(|(consumer, applied)| {
            let each = consumer.service.events().filter_map(|topic| {
                let partitions = ends.get(&topic)?;
                let behind = partitions.iter().map(|(partition, end)| {
                    // One that was never applied is behind by all there is.
                    (end - applied.of(*partition).unwrap_or(0)).max(0).unsigned_abs()
                });
                let count = u32::try_from(partitions.len()).unwrap_or(u32::MAX);
                Some(Backlog { records: behind.sum(), partitions: count })
            });
            each.collect()
        });
        Ok(backlogs.collect())
    }

    async fn ends(&mut self, topics: Vec<Topic>) -> Result<Ends> {
        let (settings, reader) = (self.settings.clone(), self.reader.take());
        let looking = spawn_blocking(move || {
            let reader = reader.map_or_else(|| PartitionReader::new(&settings), Ok)?;
            let mut ends = Ends::new();
            for topic in topics {
                if ends.contains_key(&topic) {
                    continue;
                }
                let numbers = 0..partition_count(&settings, topic)?;
                let partitions = numbers.map(|number| {
                    let partition = Partition { topic, number };
                    Ok((partition, reader.high_watermark(partition)?))
                });
                ends.insert(topic, partitions.collect::<Result<_, event_log::Error>>()?);
            }
            Ok((ends, reader))
        });
        let looked = looking.await.map_err(|panic| Failure::Internal(panic.into()))?;
        let (ends, reader) = looked.map_err(cluster::failed)?;
        self.reader = Some(reader);
        Ok(ends)
    }
}
