//! One search. It blocks.
//!
//! That a command is absent is only said when it is certain. Before anything else the search notes
//! how far the processor is. A command before that point was decided, and its outcome is before the
//! ends of `command.results` that are taken next; one behind that point is found on its own topic.
//!
//! Both are searched from the newest records back, in stretches of time: the time index of the
//! brokers tells where a stretch begins. An id that tells its time (UUID version 7) is looked for
//! from there on first. Clocks may be wrong: then the other stretches find it, later.

use std::time::{Duration, Instant};

use event_log::{
    Error, Partition, Registry, Settings,
    client::{self, ClientLog},
    record::envelope,
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Message},
};
use schemas::{AggregateId, CommandId, Timestamp, Topic, command::fingerprint};
use service::Shutdown;
use tokio::runtime::Handle;

use super::{
    Unsearched,
    scan::{Stretches, scan},
};
use crate::{
    command::{AGGREGATES, Identity},
    outcomes::{Known, Outcome, Pending, reused},
    reader::{kafka, partition_count},
    record::{OutcomeDecoder, command_of},
};

/// The group whose offsets tell which commands are decided.
const PROCESSOR: &str = "command-processor";

const CALL_LIMIT: Duration = Duration::from_secs(5);

/// How far a command's own time may be ahead of that of its records: clocks differ.
const CLOCK_SKEW_MS: i64 = 60_000;

/// How far back the first stretches reach, in ms; the last one is all that is left.
const BACK_MS: [i64; 3] = [60_000, 600_000, 3_600_000];

/// What every search shares.
pub struct Search {
    settings: Settings,
    registry: Registry,
    schema_id: u32,
    /// Asks for offsets. Reads nothing, so that it may see the very ends of partitions, beyond
    /// open transactions.
    scout: BaseConsumer<ClientLog>,
}

impl Search {
    /// Connects; `schema_id` is that of the outcomes.
    pub fn new(settings: &Settings, registry: Registry, schema_id: u32) -> Result<Self, Error> {
        let scout = client::consumer_config(settings)
            .set("group.id", settings.qualify(PROCESSOR))
            .set("isolation.level", "read_uncommitted")
            .create_with_context(ClientLog::new(settings))
            .map_err(|error| kafka("create a reader of offsets", error))?;
        Ok(Self { settings: settings.clone(), registry, schema_id, scout })
    }

    /// Looks for a command until the deadline.
    pub fn run(
        &self,
        command: CommandId,
        runtime: Handle,
        deadline: Instant,
    ) -> Result<Result<Option<Known>, Unsearched>, Error> {
        let consumer: BaseConsumer<ClientLog> = client::consumer_config(&self.settings)
            .set("group.id", self.settings.qualify("command-api"))
            .set("enable.partition.eof", "true")
            .create_with_context(ClientLog::new(&self.settings))
            .map_err(|error| kafka("create a reader of outcomes", error))?;
        let times = match made_at(command) {
            Some(made) => vec![made - CLOCK_SKEW_MS],
            None => BACK_MS.map(|back| Timestamp::system_now().micros() / 1_000 - back).to_vec(),
        };
        // First of all: see the top of this file.
        let mut undecided = Stretches::new();
        for topic in AGGREGATES.map(|(_, topic)| topic) {
            undecided.extend(self.undecided(topic)?);
        }
        let results = self.whole(Topic::COMMAND_RESULTS)?;

        // The trigger is dropped: a schema is asked for once, the budget has no room for more.
        let (_, once) = Shutdown::new();
        let registry = self.registry.clone();
        let mut decoder = OutcomeDecoder::new(self.schema_id, registry, runtime, once)?;
        for stretches in self.newest_first(&results, &times)? {
            let outcome =
                |_, record: &BorrowedMessage<'_>| outcome_of(command, record, &mut decoder);
            match scan(&consumer, &self.settings, &stretches, deadline, outcome)? {
                Ok(None) => {}
                end => return Ok(end.map(|found| found.map(Known::Decided))),
            }
        }
        for stretches in self.newest_first(&undecided, &times)? {
            let pending = |place, record: &BorrowedMessage<'_>| command_in(command, place, record);
            match scan(&consumer, &self.settings, &stretches, deadline, pending)? {
                Ok(None) => {}
                end => return Ok(end.map(|found| found.map(Known::Pending))),
            }
        }
        Ok(Ok(None))
    }

    /// All records of a topic that are there now, committed or not.
    fn whole(&self, topic: Topic) -> Result<Stretches, Error> {
        let name = self.settings.qualify(topic.name());
        let mut stretches = Stretches::new();
        for number in 0..partition_count(&self.scout, &name)? {
            let ends = client::watermarks(&self.scout, &name, number, CALL_LIMIT);
            let partition = Partition { topic, number };
            let ends = ends.map_err(|e| kafka(format!("read the ends of {partition}"), e))?;
            stretches.insert(partition, ends);
        }
        Ok(stretches)
    }

    /// The records of a commands topic that the processor has not decided.
    fn undecided(&self, topic: Topic) -> Result<Stretches, Error> {
        let name = self.settings.qualify(topic.name());
        let mut list = TopicPartitionList::new();
        for number in 0..partition_count(&self.scout, &name)? {
            list.add_partition(&name, number);
        }
        let decided = self.scout.committed_offsets(list, CALL_LIMIT);
        let decided = decided.map_err(|e| kafka(format!("read what is decided of {name}"), e))?;
        let mut stretches = self.whole(topic)?;
        for (partition, (from, _)) in &mut stretches {
            let element = decided.find_partition(&name, partition.number);
            if let Some(Offset::Offset(offset)) = element.map(|element| element.offset()) {
                *from = offset.max(*from);
            }
        }
        Ok(stretches)
    }

    /// The same records in parts, the newest first: those since each of the `times`, latest first,
    /// and then the rest.
    fn newest_first(&self, whole: &Stretches, times: &[i64]) -> Result<Vec<Stretches>, Error> {
        let mut rest = whole.clone();
        let mut parts = Vec::new();
        for time in times {
            rest.retain(|_, (from, to)| from < to);
            if rest.is_empty() {
                break;
            }
            let mut part = Stretches::new();
            for (partition, since) in self.since(&rest, *time)? {
                let Some((from, to)) = rest.get_mut(&partition) else { continue };
                let since = since.clamp(*from, *to);
                part.insert(partition, (since, *to));
                *to = since;
            }
            parts.push(part);
        }
        parts.push(rest);
        Ok(parts)
    }

    /// The first offset of each partition that is not older than a time, in ms since 1970; its end
    /// where all are older.
    fn since(&self, partitions: &Stretches, time: i64) -> Result<Vec<(Partition, i64)>, Error> {
        let failed = |error| kafka("search by time", error);
        let mut list = TopicPartitionList::new();
        for partition in partitions.keys() {
            let name = self.settings.qualify(partition.topic.name());
            let time = Offset::Offset(time.max(0));
            list.add_partition_offset(&name, partition.number, time).map_err(failed)?;
        }
        let found = self.scout.offsets_for_times(list, CALL_LIMIT).map_err(failed)?;
        let offset = |(partition, (_, end)): (&Partition, &(i64, i64))| {
            let name = self.settings.qualify(partition.topic.name());
            match found.find_partition(&name, partition.number).map(|element| element.offset()) {
                Some(Offset::Offset(offset)) => (*partition, offset),
                _ => (*partition, *end),
            }
        };
        Ok(partitions.iter().map(offset).collect())
    }
}

/// The command's outcome, if that is what the record is. That its id was used again says nothing
/// of the command that had it first.
fn outcome_of(
    command: CommandId,
    record: &BorrowedMessage<'_>,
    decoder: &mut OutcomeDecoder,
) -> Option<Outcome> {
    if command_of(record) != Some(command) {
        return None;
    }
    match decoder.decode(record) {
        Ok((_, outcome)) => Some(outcome).filter(|outcome| !reused(&outcome.outcome)),
        Err(error) => {
            tracing::warn!(%error, "a record of the results is no outcome");
            None
        }
    }
}

/// The command itself, if that is what the record is.
fn command_in(
    command: CommandId,
    partition: Partition,
    record: &BorrowedMessage<'_>,
) -> Option<Pending> {
    let envelope = envelope(record).ok()?;
    if CommandId::from_key(envelope.id) != command {
        return None;
    }
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok())?;
    let (aggregate, _) = AGGREGATES.into_iter().find(|(_, topic)| *topic == partition.topic)?;
    let payload = record.payload().unwrap_or_default();
    let identity = Identity {
        aggregate,
        aggregate_id: AggregateId::new(key).ok()?,
        fingerprint: fingerprint(envelope.message_type, envelope.expected_version, payload),
    };
    let correlation_id = envelope.correlation_id.unwrap_or(envelope.id).to_owned();
    Some(Pending { identity, correlation_id })
}

/// When a command id was made, in ms since 1970, if it tells (UUID version 7).
fn made_at(command: CommandId) -> Option<i64> {
    if command.0.get_version_num() != 7 {
        return None;
    }
    let (seconds, nanos) = command.0.get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
    Some(millis + i64::from(nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_some_ids_tell_their_time() {
        let uuid: Uuid = "01932f6b-8c00-7000-8000-000000000000".parse().unwrap();
        assert_eq!(made_at(CommandId(uuid)), Some(1_731_667_397_632));
        assert_eq!(made_at(CommandId::from_key("order-17")), None);
        assert_eq!(made_at(CommandId(Uuid::new_v4())), None);
    }
}
