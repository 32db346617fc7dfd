//! Reads a partition from its start to its very end: everything committed before the call; or a
//! part of it, up to an end that was taken before; or a single record.

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
    transaction::SETTLED_LIMIT,
};

const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Length of one poll. Markers of transactions end none, but move the position: only after this
/// time it is seen that they were the last.
const POLL: Duration = Duration::from_millis(5);
/// How far back the newest record is looked for first: behind it are markers of transactions.
const LAST_STEP: i64 = 8;

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

    /// The id of the cluster; none when the brokers do not answer in time.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        self.uncommitted.client().fetch_cluster_id(CALL_LIMIT)
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
        let fetched = client::watermarks(&self.uncommitted, &topic, partition.number, CALL_LIMIT);
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
            let fetched = client::watermarks(&self.committed, &topic, partition.number, CALL_LIMIT);
            let (_, at) = fetched.map_err(|error| {
                Error::kafka(format!("read the last stable offset of {partition}"), error)
            })?;
            if at >= end {
                return Ok(());
            }
            if started.elapsed() > SETTLED_LIMIT {
                return Err(Error::Stalled {
                    partition,
                    at,
                    end,
                    seconds: SETTLED_LIMIT.as_secs(),
                });
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
        self.read_from(partition, 0, each).map(drop)
    }

    /// As [`PartitionReader::read_to_end`], beginning at an offset. Returns the end: everything
    /// below it was handed over.
    ///
    /// # Errors
    /// As [`PartitionReader::read_to_end`].
    pub fn read_from(
        &self,
        partition: Partition,
        from: i64,
        each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
    ) -> Result<i64, Error> {
        let (start, end) = self.watermarks(partition)?;
        self.read_range(partition, start.max(from)..end, each).map(|()| end)
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
            } else if progress.elapsed() > SETTLED_LIMIT {
                return Err(Error::Stalled {
                    partition,
                    at,
                    end,
                    seconds: SETTLED_LIMIT.as_secs(),
                });
            }
        }
        let stopped = self.committed.unassign();
        stopped.map_err(|error| Error::kafka(format!("stop reading {partition}"), error))
    }

    /// Shows the committed record at an offset to `look`; none when there is no such record.
    ///
    /// # Errors
    /// As [`PartitionReader::read_to_end`].
    pub fn record_at<T>(
        &self,
        partition: Partition,
        offset: i64,
        look: impl FnOnce(&BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let (start, end) = self.watermarks(partition)?;
        if !(start..end).contains(&offset) {
            return Ok(None);
        }
        self.start(partition, offset)?;
        let deadline = Instant::now() + SETTLED_LIMIT;
        let found = loop {
            match self.committed.poll(Duration::from_millis(100)) {
                Some(Ok(record)) => break (record.offset() == offset).then(|| look(&record)),
                Some(Err(KafkaError::PartitionEOF(_))) | None if self.position() > offset => {
                    break None;
                }
                _ if Instant::now() > deadline => {
                    let seconds = SETTLED_LIMIT.as_secs();
                    return Err(Error::Stalled { partition, at: offset, end, seconds });
                }
                _ => {}
            }
        };
        let stopped = self.committed.unassign();
        stopped.map_err(|error| Error::kafka(format!("stop reading {partition}"), error))?;
        Ok(found)
    }

    /// Shows the newest committed record to `look`; none when the partition has none.
    ///
    /// # Errors
    /// As [`PartitionReader::read_to_end`].
    pub fn last<T>(
        &self,
        partition: Partition,
        mut look: impl FnMut(&BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let (start, end) = self.watermarks(partition)?;
        let (mut last, mut step) = (None, LAST_STEP);
        loop {
            let from = start.max(end - step);
            self.read_from(partition, from, |record| {
                last = Some(look(record));
                Ok(())
            })?;
            if last.is_some() || from == start {
                return Ok(last);
            }
            step = step.saturating_mul(8);
        }
    }

    fn start(&self, partition: Partition, offset: i64) -> Result<(), Error> {
        let topic = self.settings.qualify(partition.topic.name());
        // A client that is asked about a topic finds its leaders at once; one that only fetches
        // may take a second.
        let asked = client::watermarks(&self.committed, &topic, partition.number, CALL_LIMIT);
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
