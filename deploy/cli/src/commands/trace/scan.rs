//! Finds records in whole topics, by what their headers say.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
};

use event_log::{
    Error, MessageReader, Partition, Position, Registry, Settings, record,
    restore::PartitionReader, topics::partition_count,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    Envelope, Timestamp, Topic,
    command::CommandOutcome,
    notification::{ChangeKind, ReadModelChanged},
};
use tokio::runtime::Handle;

/// More threads than this do not make a broker any faster.
const MOST: usize = 8;

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it is; absent for what is in no topic.
    pub at: Option<Position>,
    /// When it was made.
    pub time: Timestamp,
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub source: String,
    /// Wire name of its type.
    pub message_type: String,
    /// Its key.
    pub key: String,
    /// Version of the aggregate after it.
    pub sequence: Option<u64>,
    /// Who asked for it.
    pub actor: Option<String>,
    /// Id of what caused it.
    pub causation_id: Option<String>,
    /// What joins it with others.
    pub correlation_id: Option<String>,
    /// What else its kind says.
    pub kind: Kind,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Command,
    Event,
    /// Of the command whose id is the key: the version after it, or why it was refused.
    Outcome(Result<i64, String>),
    /// Of a row: which, and the event that changed it.
    Change {
        what: String,
        by: Option<(String, i32, i64)>,
    },
    /// What was done outside because of an event.
    Effect(Effect),
    /// A record that cannot be read.
    Unreadable(String),
}

/// What a ledger says of an effect; it began at the time of its [`Seen`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it is about.
    pub subject: String,
    /// `begun`, `completed` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i32,
    /// When the last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// What came of the last attempt that ended.
    pub outcome: Option<String>,
}

/// Reads topics.
#[derive(Debug)]
pub struct Scan {
    pub settings: Settings,
    pub runtime: Handle,
}

impl Scan {
    /// The partitions of some topics, each with how many there are of its topic.
    pub fn partitions(&self, topics: &[Topic]) -> Result<Vec<(Partition, i32)>, Error> {
        let mut all = Vec::new();
        for topic in topics.iter().copied() {
            let count = partition_count(&self.settings, topic)?;
            all.extend((0..count).map(|number| (Partition { topic, number }, count)));
        }
        Ok(all)
    }

    /// Everything in these partitions that `wanted` takes by its envelope and key. Blocks.
    pub fn run(
        &self,
        partitions: &[(Partition, i32)],
        wanted: impl Fn(&Envelope<'_>, &[u8]) -> bool + Sync,
    ) -> Result<Vec<Seen>, Error> {
        let waiting = partitions.iter().map(|(partition, _)| *partition).collect::<VecDeque<_>>();
        let (waiting, found) = (Mutex::new(waiting), Mutex::new(Vec::new()));
        let work = || -> Result<(), Error> {
            let log = PartitionReader::new(&self.settings)?;
            let registry = Registry::new(&self.settings.registry_url);
            let mut reader = MessageReader::new(&registry, &self.runtime);
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(partition) = next else { return Ok(()) };
                log.read_to_end(partition, |record| {
                    if let Some(seen) = look(&mut reader, partition, record, &wanted)? {
                        found.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                    }
                    Ok(())
                })?;
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.min(MOST)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn look(
    reader: &mut MessageReader,
    partition: Partition,
    record: &BorrowedMessage<'_>,
    wanted: &impl Fn(&Envelope<'_>, &[u8]) -> bool,
) -> Result<Option<Seen>, Error> {
    // What has no envelope belongs to nobody.
    let Ok(envelope) = record::envelope(record) else { return Ok(None) };
    let (key, payload) = record::bytes(record);
    if !wanted(&envelope, key) {
        return Ok(None);
    }
    let written = record.timestamp().to_millis().unwrap_or_default().saturating_mul(1_000);
    let written = Timestamp::from_micros(written).unwrap_or_else(|_| Timestamp::now());
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Some(Seen {
        at: Some(Position { partition, offset: record.offset() }),
        time: envelope.time.unwrap_or(written),
        id: envelope.id.to_owned(),
        source: envelope.source.to_owned(),
        message_type: envelope.message_type.to_owned(),
        key: String::from_utf8_lossy(key).into_owned(),
        sequence: envelope.sequence,
        actor: owned(envelope.actor),
        causation_id: owned(envelope.causation_id),
        correlation_id: owned(envelope.correlation_id),
        kind: kind(reader, partition.topic, payload)?,
    }))
}

fn kind(reader: &mut MessageReader, topic: Topic, payload: &[u8]) -> Result<Kind, Error> {
    let kind = match topic {
        Topic::COMMAND_RESULTS => reader.read_sole::<CommandOutcome>(payload)?.map(|outcome| {
            Kind::Outcome(match outcome.rejection {
                None => Ok(outcome.version),
                Some(rejection) => Err(rejection.message),
            })
        }),
        Topic::CHANGE_NOTIFICATIONS => reader.read_sole::<ReadModelChanged>(payload)?.map(change),
        topic if topic.events_of_commands().is_some() => Ok(Kind::Command),
        _ => Ok(Kind::Event),
    };
    Ok(kind.unwrap_or_else(|error| Kind::Unreadable(error.to_string())))
}

fn change(changed: ReadModelChanged) -> Kind {
    let verb = match changed.kind {
        ChangeKind::All => "anything may have changed",
        ChangeKind::AddRow => "new row",
        ChangeKind::UpdateRow => "row changed",
        ChangeKind::DeleteRow => "row gone",
    };
    let row = changed.row_id.map(|row| format!(" {row}")).unwrap_or_default();
    let by = changed.topic.zip(changed.partition).zip(changed.offset);
    Kind::Change {
        what: format!("{}/{}: {verb}{row}", changed.endpoint, changed.read_model),
        by: by.map(|((topic, partition), offset)| (topic, partition, offset)),
    }
}
