//! Notifications that are not in memory any more, read from the log again for a client that comes
//! back late.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use event_log::{Error, MessageReader, Partition, Registry, restore::PartitionReader};
use rdkafka::Message;
use schemas::Topic;
use tokio::{runtime::Handle, sync::Semaphore, time::timeout};

use crate::{
    change::Change,
    cursor::{Cursor, index},
    decode,
    filter::Filter,
    follow::chain,
    hub::Resumption,
};

/// Clients for which the log is read at the same time.
const AT_ONCE: usize = 2;

/// How long a client waits for its turn and the reading.
const LIMIT: Duration = Duration::from_secs(10);

/// Most bytes that are held for one client.
const MOST_BYTES: usize = 4 * 1_024 * 1_024;

/// Reads the log again.
#[derive(Clone, Debug)]
pub struct History {
    settings: event_log::Settings,
    registry: Registry,
    most: i64,
    turns: Arc<Semaphore>,
}

/// What a client missed, as events; none when it has to reload.
type Missed = Option<Vec<Bytes>>;

impl History {
    /// Reads at most so many records for one client.
    pub fn new(settings: &event_log::Settings, registry: &Registry, most: i64) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { settings: settings.clone(), registry: registry.clone(), most, turns }
    }

    /// What a client missed that stood there and goes on as the resumption says.
    pub async fn missed(&self, stood: &Cursor, resumption: &Resumption, filter: &Filter) -> Missed {
        if resumption.missing.is_empty() && resumption.ahead.is_empty() {
            return Some(Vec::new());
        }
        let length = |(_, range): &(i32, Range<i64>)| range.end.saturating_sub(range.start);
        if resumption.missing.iter().map(length).fold(0, i64::saturating_add) > self.most {
            return None;
        }
        let read = async {
            // Nobody closes it.
            let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
            let (settings, registry) = (self.settings.clone(), self.registry.clone());
            let task = Reading {
                reader: MessageReader::new(&registry, &Handle::current()),
                cursor: stood.clone(),
                filter: filter.clone(),
                events: Vec::new(),
                bytes: 0,
            };
            let (missing, ahead) = (resumption.missing.clone(), resumption.ahead.clone());
            let read = tokio::task::spawn_blocking(move || {
                // Kept to the end, even when nobody waits for it any more.
                let _turn = turn;
                task.run(&settings, missing, &ahead)
            });
            match read.await {
                Ok(Ok(missed)) => missed,
                Ok(Err(error)) => {
                    tracing::warn!(error = %chain(&error), "a client has to reload");
                    None
                }
                Err(panic) => {
                    tracing::error!(%panic, "a client has to reload");
                    None
                }
            }
        };
        timeout(LIMIT, read).await.ok().flatten()
    }
}

/// One reading.
struct Reading {
    reader: MessageReader,
    cursor: Cursor,
    filter: Filter,
    events: Vec<Bytes>,
    bytes: usize,
}

impl Reading {
    fn run(
        mut self,
        settings: &event_log::Settings,
        missing: Vec<(i32, Range<i64>)>,
        ahead: &[(i32, i64)],
    ) -> Result<Missed, Error> {
        let log = PartitionReader::new(settings)?;
        let at = |number| Partition { topic: Topic::CHANGE_NOTIFICATIONS, number };
        for (number, offset) in ahead {
            if log.high_watermark(at(*number))? < *offset {
                return Ok(None);
            }
        }
        for (number, offsets) in missing {
            let (oldest, _) = log.watermarks(at(number))?;
            if oldest > offsets.start {
                return Ok(None);
            }
            let (end, mut is_whole) = (offsets.end, true);
            log.read_range(at(number), offsets, |record| {
                is_whole = is_whole && self.take(at(number), record)?;
                Ok(())
            })?;
            if !is_whole {
                return Ok(None);
            }
            if let Some(next) = self.cursor.next.get_mut(index(number)) {
                *next = end;
            }
        }
        Ok(Some(self.events))
    }

    /// False when the client has to reload.
    fn take(
        &mut self,
        partition: Partition,
        record: &rdkafka::message::BorrowedMessage<'_>,
    ) -> Result<bool, Error> {
        let Ok(notification) = decode::notification(&mut self.reader, record)? else {
            return Ok(false);
        };
        let position = event_log::Position { partition, offset: record.offset() };
        if let Some(next) = self.cursor.next.get_mut(index(partition.number)) {
            *next = position.offset.saturating_add(1);
        }
        let change = Change::new(self.cursor.log, position, &self.cursor.next, notification);
        if self.filter.wants(&change.model) {
            self.bytes += change.event.len();
            self.events.push(change.event);
        }
        Ok(self.bytes <= MOST_BYTES)
    }
}
