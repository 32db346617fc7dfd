//! Reads the events of one partition, and looks again where one pass cannot tell.

use std::collections::HashSet;

use domain::Aggregate;
use event_log::{
    Error, MessageReader, Partition, Position,
    partitioner::partition_of,
    record::{self, envelope},
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{AggregateId, CommandId, Envelope, Messages, command::AggregateState};
use uuid::Uuid;

use super::{
    book::{Book, Subject},
    findings::{Finding, Findings, Kind},
    history::{History, Overdue, Seen},
    sequence::{SecondLook, Twin},
    snapshot::Snapshot,
    states::States,
    workers::{Tools, written},
};

/// An event record that has its place: where it belongs, with a version.
pub struct Placed<'m> {
    /// Its key.
    pub key: &'m str,
    /// Its metadata.
    pub envelope: Envelope<'m>,
    /// Its version.
    pub version: i64,
}

impl Placed<'_> {
    /// Its id.
    pub fn id(&self) -> Option<Uuid> {
        Uuid::parse_str(self.envelope.id).ok()
    }
}

/// Finds out where a record of a topic with so many partitions stands.
///
/// # Errors
/// What is wrong with it.
pub fn placed<'m>(
    record: &'m BorrowedMessage<'_>,
    at: Position,
    partitions: i32,
) -> Result<Placed<'m>, Box<(Kind, Finding)>> {
    let unreadable = |reason: String| Box::new((Kind::Unreadable, Finding::at(at).detail(reason)));
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.filter(|key| AggregateId::check(key).is_ok());
    let key = key.ok_or_else(|| unreadable("key is no aggregate id".to_owned()))?;
    let envelope = envelope(record).map_err(|error| unreadable(error.to_string()))?;
    let version = envelope.sequence.and_then(|version| i64::try_from(version).ok());
    let version = version.ok_or_else(|| {
        let (kind, finding) = *unreadable("it has no version".to_owned());
        Box::new((kind, finding.of(key)))
    })?;
    let placed = Placed { key, envelope, version };
    let belongs = partition_of(key.as_bytes(), partitions);
    if belongs != at.partition.number {
        let finding = Finding {
            version: Some(version),
            event_id: placed.id(),
            command_id: envelope.causation_id.map(|id| CommandId::from_key(id).0),
            ..Finding::at(at).of(key)
        };
        let finding = finding.detail(format!("it belongs to {belongs}"));
        return Err(Box::new((Kind::WrongPartition, finding)));
    }
    Ok(placed)
}

/// Reads the message of a record; the inner error says why it is none of the topic's.
///
/// # Errors
/// When the registry does not answer.
pub fn message<M: Messages>(
    reader: &mut MessageReader,
    placed: &Placed<'_>,
    record: &BorrowedMessage<'_>,
) -> Result<Result<M, String>, Error> {
    let (_, payload) = record::bytes(record);
    Ok(match reader.read(placed.envelope.message_type, payload)? {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err("message is of another type".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// When an event was made, in milliseconds.
pub fn made(placed: &Placed<'_>, record: &BorrowedMessage<'_>) -> i64 {
    placed.envelope.time.map_or_else(|| written(record), |time| time.micros() / 1_000)
}

/// Checks the events of one partition against themselves, the book and the states.
pub fn check<A: Aggregate>(
    tools: &mut Tools<'_>,
    snapshot: &Snapshot,
    number: i32,
    states: States<A::State>,
    book: &mut Book,
    findings: &mut Findings,
) -> Result<(), Error>
where
    AggregateState<A::State>: Messages,
{
    let partition = Partition { topic: A::Event::TOPIC, number };
    let partitions = snapshot.count(A::Command::TOPIC);
    let mut history = History::<A>::new(number, snapshot.settled(partition), states);
    tools.read(partition, snapshot.end(partition), |reader, record| {
        findings.on(partition.topic).records += 1;
        let at = Position { partition, offset: record.offset() };
        match placed(record, at, partitions) {
            Err(wrong) => findings.violation(partition.topic, wrong.0, wrong.1),
            Ok(placed) => {
                let seen = Seen {
                    offset: at.offset,
                    subject: book.subject(placed.key),
                    version: placed.version,
                    id: placed.id(),
                    command: placed.envelope.causation_id.map(CommandId::from_key),
                    made: made(&placed, record),
                    event: message::<A::Event>(reader, &placed, record)?,
                };
                history.event(seen, book, findings);
            }
        }
        Ok(())
    })?;
    let rest = history.finish(book, findings);
    tell_apart(tools, partition, partitions, rest.twins, findings)?;
    let states = Partition { topic: AggregateState::<A::State>::TOPIC, number };
    overdue(tools, states, snapshot.end(states), &rest.overdue, book, findings)
}

/// Reads a partition's events again, up to the last twin, to tell repeats from forks.
pub fn tell_apart(
    tools: &mut Tools<'_>,
    partition: Partition,
    partitions: i32,
    twins: Vec<Twin>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let Some(last) = twins.iter().map(|twin| twin.at.offset).max() else { return Ok(()) };
    let mut look = SecondLook::new(twins);
    let (oldest, _) = tools.log.watermarks(partition)?;
    tools.log.read_range(partition, oldest..last, |record| {
        let at = Position { partition, offset: record.offset() };
        if let Ok(placed) = placed(record, at, partitions) {
            look.event(placed.key, placed.version, placed.id());
        }
        Ok(())
    })?;
    for (kind, finding) in look.findings() {
        findings.violation(partition.topic, kind, finding);
    }
    Ok(())
}

/// States that are not what they should be, unless a newer one was written meanwhile: then the
/// broker may have compacted away the one that the end still had.
fn overdue(
    tools: &mut Tools<'_>,
    partition: Partition,
    end: i64,
    overdue: &[Overdue],
    book: &Book,
    findings: &mut Findings,
) -> Result<(), Error> {
    if overdue.is_empty() {
        return Ok(());
    }
    let mut open: HashSet<&str> = overdue.iter().map(|o| book.name(o.subject)).collect();
    let (_, now) = tools.log.watermarks(partition)?;
    tools.log.read_range(partition, end..now, |record| {
        if let Some(key) = record.key().and_then(|key| std::str::from_utf8(key).ok()) {
            open.remove(key);
        }
        Ok(())
    })?;
    let is_open = |subject: Subject| open.contains(book.name(subject));
    for Overdue { subject, version, event, stated } in overdue.iter().filter(|o| is_open(o.subject))
    {
        let (kind, at, found) = match stated {
            None => (Kind::MissingState, *event, None),
            Some((offset, version)) => {
                (Kind::TornState, Position { partition, offset: *offset }, Some(*version))
            }
        };
        let finding = Finding {
            version: found,
            expected_version: Some(*version),
            ..Finding::at(at).of(book.name(*subject))
        };
        let finding = match found {
            Some(_) => finding.detail("it lags behind the events"),
            None => finding,
        };
        findings.violation(partition.topic, kind, finding);
    }
    Ok(())
}
