//! The commands of all partitions, read side by side and handed over in the order of their times.
//! Within a partition their order stays what it is in the log.

use std::{
    collections::BTreeMap,
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
};

use event_log::{
    Error, MessageReader, Partition, Position, Registry, Settings, record,
    restore::PartitionReader, topics::partition_count,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    Timestamp, Topic,
    any_command::{AnyCommand, TOPICS},
    recording::RecordedCommand,
};
use tokio::runtime::Handle;

/// Commands that may wait of each partition.
const AHEAD: usize = 1_000;

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub until: Option<Timestamp>,
    /// Of this aggregate type.
    pub aggregate: Option<String>,
    /// Of this aggregate.
    pub aggregate_id: Option<String>,
    /// Asked for by this actor.
    pub actor: Option<String>,
}

/// A record of a commands topic.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub at: Position,
    /// When it was made.
    pub time: Timestamp,
    /// The command, or why it is none.
    pub command: Result<RecordedCommand, String>,
}

impl Wanted {
    fn has_time(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }

    fn has(&self, command: &RecordedCommand) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        is(&self.aggregate, &command.aggregate_name)
            && is(&self.aggregate_id, &command.aggregate_id)
            && is(&self.actor, command.actor.as_deref().unwrap_or_default())
    }
}

/// Hands over what is wanted of everything that is committed now; stops when `each` says so by
/// returning false. Blocks.
///
/// # Errors
/// When Kafka or the registry fails.
pub fn merge(
    settings: &Settings,
    runtime: &Handle,
    wanted: &Wanted,
    mut each: impl FnMut(Found) -> bool,
) -> Result<(), Error> {
    let mut partitions = Vec::new();
    for topic in TOPICS {
        let numbers = 0..partition_count(settings, topic)?;
        partitions.extend(numbers.map(|number| Partition { topic, number }));
    }
    thread::scope(|scope| {
        let (mut threads, mut receivers) = (Vec::new(), Vec::new());
        for partition in partitions {
            let (sender, receiver) = mpsc::sync_channel(AHEAD);
            let reading = Reading { settings, runtime, partition, wanted };
            threads.push(scope.spawn(move || reading.run(&sender)));
            receivers.push(receiver);
        }
        hand_over(&receivers, &mut each);
        // Whoever still reads is told that nobody listens any more.
        drop(receivers);
        for thread in threads {
            let read = thread.join();
            read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}

/// The earliest of the next ones of all, again and again.
fn hand_over(receivers: &[Receiver<Found>], each: &mut impl FnMut(Found) -> bool) {
    let mut heads = BTreeMap::new();
    let next = |index: usize| {
        let found = receivers.get(index)?.recv().ok()?;
        Some(((found.time, index), found))
    };
    heads.extend((0..receivers.len()).filter_map(next));
    while let Some(((_, index), found)) = heads.pop_first() {
        if !each(found) {
            return;
        }
        heads.extend(next(index));
    }
}

/// Reads one partition, on a thread of its own.
struct Reading<'a> {
    settings: &'a Settings,
    runtime: &'a Handle,
    partition: Partition,
    wanted: &'a Wanted,
}

impl Reading<'_> {
    fn run(self, sender: &SyncSender<Found>) -> Result<(), Error> {
        let Self { settings, runtime, partition, wanted } = self;
        let log = PartitionReader::new(settings)?;
        let mut reader = MessageReader::new(&Registry::of(settings), runtime);
        let mut is_heard = true;
        let read = log.read_to_end(partition, |record| {
            let found = found(&mut reader, partition, record)?;
            let is_wanted = wanted.has_time(found.time)
                && found.command.as_ref().is_ok_and(|command| wanted.has(command));
            if (is_wanted || found.command.is_err()) && sender.send(found).is_err() {
                is_heard = false;
                // Only to end the reading.
                return Err(Error::NotOwned(partition));
            }
            Ok(())
        });
        if is_heard { read } else { Ok(()) }
    }
}

fn found(
    reader: &mut MessageReader,
    partition: Partition,
    record: &BorrowedMessage<'_>,
) -> Result<Found, Error> {
    let at = Position { partition, offset: record.offset() };
    let written = record.timestamp().to_millis().unwrap_or_default().saturating_mul(1_000);
    let written = Timestamp::from_micros(written).unwrap_or_else(|_| Timestamp::now());
    let envelope = match record::envelope(record) {
        Ok(envelope) => envelope,
        Err(error) => return Ok(Found { at, time: written, command: Err(error.to_string()) }),
    };
    let (key, payload) = record::bytes(record);
    let command = command(reader, partition.topic, envelope.message_type, payload)?;
    let command = command.and_then(|command| {
        let key = std::str::from_utf8(key).map_err(|_| "its key is no text".to_owned())?;
        Ok(RecordedCommand::new(key, &command, &envelope, written))
    });
    Ok(Found { at, time: envelope.time.unwrap_or(written), command })
}

fn command(
    reader: &mut MessageReader,
    topic: Topic,
    wire_type: &str,
    payload: &[u8],
) -> Result<Result<AnyCommand, String>, Error> {
    let read = match topic {
        Topic::CUSTOMER_COMMANDS => {
            reader.read(wire_type, payload)?.map(|read| read.map(AnyCommand::Customer))
        }
        _ => reader.read(wire_type, payload)?.map(|read| read.map(AnyCommand::Order)),
    };
    Ok(match read {
        Ok(Some(command)) => Ok(command),
        Ok(None) => Err(format!("no command is called {wire_type:?}")),
        Err(error) => Err(error.to_string()),
    })
}
