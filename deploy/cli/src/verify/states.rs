//! The states of one partition, as its state topic has them.

use std::collections::HashMap;

use domain::Aggregate;
use event_log::{Error, MessageReader, Partition, Position};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    AggregateId, CommandId, Messages,
    command::{AggregateState, RecentOutcome, STATE_COMPLETE_KEY},
};

use super::{
    book::{Book, Subject},
    findings::{Finding, Findings, Kind},
    snapshot::Snapshot,
    workers::Tools,
};

/// What a state topic says of an aggregate.
#[derive(Debug, PartialEq, Eq)]
pub struct Stated<S> {
    /// Where.
    pub offset: i64,
    /// Its version.
    pub version: i64,
    /// Its state after that many events.
    pub state: Option<S>,
    /// The newest commands that made events.
    pub accepted: Box<[Accepted]>,
}

/// A command that made events, as the state remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The command.
    pub command: CommandId,
    /// Version of the aggregate after it.
    pub version: i64,
    /// How many events it made.
    pub events: i32,
}

/// All of a partition.
#[derive(Debug)]
pub struct States<S> {
    /// By aggregate.
    pub of: HashMap<Subject, Stated<S>>,
    /// Whether the topic says that it lacks nothing.
    pub complete: bool,
}

impl<S> Stated<S> {
    fn new(offset: i64, state: AggregateState<S>) -> Self {
        let made_events = |r: &&RecentOutcome| r.rejection.is_none() && r.events > 0;
        let accepted = state.recent.iter().filter(made_events);
        let accepted = accepted
            .map(|r| Accepted { command: r.command_id, version: r.version, events: r.events })
            .collect();
        Self { offset, version: state.version, state: state.state, accepted }
    }

    /// The command that made the event with this version, when the state remembers it.
    pub fn cause_of(&self, version: i64) -> Option<CommandId> {
        let mut accepted = self.accepted.iter().rev();
        accepted
            .find(|a| (a.version - i64::from(a.events) + 1..=a.version).contains(&version))
            .map(|a| a.command)
    }
}

/// Reads the states in one partition.
pub fn read<A: Aggregate>(
    tools: &mut Tools<'_>,
    snapshot: &Snapshot,
    number: i32,
    book: &mut Book,
    findings: &mut Findings,
) -> Result<States<A::State>, Error>
where
    AggregateState<A::State>: Messages,
{
    let partition = Partition { topic: AggregateState::<A::State>::TOPIC, number };
    let mut states = States { of: HashMap::new(), complete: false };
    tools.read(partition, snapshot.end(partition), |reader, record| {
        findings.on(partition.topic).records += 1;
        if record.key() == Some(STATE_COMPLETE_KEY.as_bytes()) {
            states.complete = true;
            return Ok(());
        }
        match state::<A>(reader, record)? {
            Ok((id, Some(state))) => {
                states.of.insert(book.subject(id), Stated::new(record.offset(), state));
            }
            Ok((id, None)) => {
                states.of.remove(&book.subject(id));
            }
            Err(reason) => {
                let at = Position { partition, offset: record.offset() };
                let finding = Finding::at(at).detail(reason);
                findings.violation(partition.topic, Kind::Unreadable, finding);
            }
        }
        Ok(())
    })?;
    Ok(states)
}

type Read<'m, S> = Result<(&'m str, Option<AggregateState<S>>), String>;

/// Reads one record; the inner error says why it is no state.
fn state<'m, A: Aggregate>(
    reader: &mut MessageReader,
    record: &'m BorrowedMessage<'_>,
) -> Result<Read<'m, A::State>, Error>
where
    AggregateState<A::State>: Messages,
{
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
    let Some(id) = key.filter(|key| AggregateId::check(key).is_ok()) else {
        return Ok(Err("key is no aggregate id".to_owned()));
    };
    let Some(payload) = record.payload() else { return Ok(Ok((id, None))) };
    let state = reader.read_sole(payload)?;
    Ok(state.map(|state| (id, Some(state))).map_err(|error| error.to_string()))
}
