//! Reads a partition from its start to its very end: everything committed before the call.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedMessage, Message},
};

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::Partition,
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Longest time without progress: longer than an abandoned transaction stays open.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// Reads partitions to their ends, one after the other over the same connections.
pub struct PartitionReader {
    settings: Settings,
    /// Under `read_committed` a client reports the last stable offset as the end.
    uncommitted: BaseConsumer<ClientLog>,
    committed: BaseConsumer<ClientLog>,
}

impl std::fmt::Debug for PartitionReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartitionReader").finish_non_exhaustive()
    }
}

impl PartitionReader {
    /// Connects.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let client = |isolation: &str| {
            client::consumer_config(settings)
                .set("group.id", settings.qualify("partition-reader"))
                .set("isolation.level", isolation)
                .set("enable.partition.eof", "true")
                .create_with_context(ClientLog::new(settings))
                .map_err(|error| Error::kafka("create a partition reader", error))
        };
        let (uncommitted, committed) = (client("read_uncommitted")?, client("read_committed")?);
        Ok(Self { settings: settings.clone(), uncommitted, committed })
    }

    /// The high watermark of a partition: one past the newest record, committed or not.
    ///
    /// # Errors
    /// When the brokers do not answer in time.
    pub fn high_watermark(&self, partition: Partition) -> Result<i64, Error> {
        self.watermarks(partition).map(|(_, high)| high)
    }

    fn watermarks(&self, partition: Partition) -> Result<(i64, i64), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        let fetched = self.uncommitted.fetch_watermarks(&topic, partition.number, CALL_LIMIT);
        fetched.map_err(|error| Error::kafka(format!("read the watermarks of {partition}"), error))
    }

    /// Hands every committed record below the present high watermark to `each`, in order. Waits
    /// for transactions that are open below it: stopping at the last stable offset would miss
    /// what they are about to commit.
    ///
    /// # Errors
    /// [`Error::Stalled`] when the end is not reached, or what `each` returns.
    pub fn read_to_end(
        &self,
        partition: Partition,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (start, end) = self.watermarks(partition)?;
        if start >= end {
            return Ok(());
        }
        self.start(partition)?;
        let mut progress = Instant::now();
        let mut at = 0;
        while at < end {
            let before = at;
            match self.committed.poll(Duration::from_millis(100)) {
                Some(Ok(record)) => {
                    each(&record)?;
                    at = record.offset() + 1;
                }
                // At the end of what is stable. The position also counts the markers of finished
                // transactions, which are never delivered.
                Some(Err(KafkaError::PartitionEOF(_))) | None => at = at.max(self.position()),
                Some(Err(error)) => tracing::warn!(%error, kafka.partition = %partition, "reading"),
            }
            if at > before {
                progress = Instant::now();
            } else if progress.elapsed() > STALL_LIMIT {
                return Err(Error::Stalled { partition, at, end, seconds: STALL_LIMIT.as_secs() });
            }
        }
        let stopped = self.committed.unassign();
        stopped.map_err(|error| Error::kafka(format!("stop reading {partition}"), error))
    }

    fn start(&self, partition: Partition) -> Result<(), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, partition.number, Offset::Beginning)
            .and_then(|()| self.committed.assign(&list))
            .map_err(|error| Error::kafka(format!("read {partition}"), error))
    }

    fn position(&self) -> i64 {
        let positions = self.committed.position().ok();
        let offset = positions.and_then(|list| list.elements().first().map(|e| e.offset()));
        match offset {
            Some(Offset::Offset(offset)) => offset,
            _ => 0,
        }
    }
}
