//! Reads a partition from its start to its very end: everything committed before the call; or a
//! part of it, up to an end that was taken before.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

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

/// Length of one poll. Markers of transactions end none, but move the position: only after this
/// time it is seen that they were the last.
const POLL: Duration = Duration::from_millis(5);

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
                // A fetch that waits at an end would hold back the first one of the next partition.
                .set("fetch.wait.max.ms", "5")
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

    /// Offset of the oldest record that is kept, and the high watermark.
    ///
    /// # Errors
    /// When the brokers do not answer in time.
    pub fn watermarks(&self, partition: Partition) -> Result<(i64, i64), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        let fetched = self.uncommitted.fetch_watermarks(&topic, partition.number, CALL_LIMIT);
        fetched.map_err(|error| Error::kafka(format!("read the watermarks of {partition}"), error))
    }

    /// Waits until every transaction that is open below an offset is committed or aborted: what
    /// such a transaction wrote anywhere else is there by then, too.
    ///
    /// # Errors
    /// [`Error::Stalled`] when one stays open.
    pub fn settle(&self, partition: Partition, end: i64) -> Result<(), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        let (started, mut wait) = (Instant::now(), Duration::from_millis(1));
        loop {
            let fetched = self.committed.fetch_watermarks(&topic, partition.number, CALL_LIMIT);
            let (_, at) = fetched.map_err(|error| {
                Error::kafka(format!("read the last stable offset of {partition}"), error)
            })?;
            if at >= end {
                return Ok(());
            }
            if started.elapsed() > STALL_LIMIT {
                return Err(Error::Stalled { partition, at, end, seconds: STALL_LIMIT.as_secs() });
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(Duration::from_millis(100));
        }
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
        each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (start, end) = self.watermarks(partition)?;
        self.read_range(partition, start..end, each)
    }

    /// As [`PartitionReader::read_to_end`], for the records with these offsets. Those that are
    /// not kept any more are left out; the end must have been a high watermark.
    ///
    /// # Errors
    /// [`Error::Stalled`] when the end is not reached, or what `each` returns.
    pub fn read_range(
        &self,
        partition: Partition,
        offsets: Range<i64>,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Range { start, end } = offsets;
        if start >= end {
            return Ok(());
        }
        self.start(partition, start)?;
        let mut progress = Instant::now();
        let mut at = start;
        while at < end {
            let before = at;
            match self.committed.poll(POLL) {
                Some(Ok(record)) => {
                    // The last offsets below the end may belong to markers.
                    if record.offset() < end {
                        each(&record)?;
                    }
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

    fn start(&self, partition: Partition, offset: i64) -> Result<(), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        // A client that is asked about a topic finds its leaders at once; one that only fetches
        // may take a second.
        let asked = self.committed.fetch_watermarks(&topic, partition.number, CALL_LIMIT);
        asked.map_err(|error| Error::kafka(format!("read {partition}"), error))?;
        let mut list = TopicPartitionList::new();
        // An offset that was deleted meanwhile: `auto.offset.reset` goes to the oldest.
        list.add_partition_offset(&topic, partition.number, Offset::Offset(offset))
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
