//! The state of a partition: read from its state topic or, when that does not say that it is
//! complete, folded from its events, which are the only truth.

use std::collections::HashMap;

use domain::Aggregate;
use event_log::{
    Error, MessageReader, Partition, reader::Unreadable, record::envelope, restore::PartitionReader,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    AggregateId, CommandId, Envelope, Messages, Timestamp,
    command::{AggregateState, RecentOutcome, STATE_COMPLETE_KEY},
};

use crate::shard::Shard;

type States<S> = HashMap<AggregateId, AggregateState<S>>;

/// Restores the shard of a partition.
pub fn shard<A: Aggregate>(
    log: &PartitionReader,
    reader: &mut MessageReader,
    number: i32,
) -> Result<Shard<A>, Error>
where
    AggregateState<A::State>: Messages,
{
    let (states, complete) = states::<A>(log, reader, number)?;
    if complete {
        return Ok(Shard::complete(states));
    }
    let mut folded = HashMap::new();
    let events = Partition { topic: A::Event::TOPIC, number };
    log.read_to_end(events, |record| fold::<A>(&mut folded, reader, events, record))?;
    if !folded.is_empty() {
        tracing::warn!(
            kafka.partition = %events,
            aggregates = folded.len(),
            "the state topic is not complete: restored from the events"
        );
    }
    Ok(Shard::rebuilt(states, folded))
}

/// What the state topic has, and whether it says that it lacks nothing.
fn states<A: Aggregate>(
    log: &PartitionReader,
    reader: &mut MessageReader,
    number: i32,
) -> Result<(States<A::State>, bool), Error>
where
    AggregateState<A::State>: Messages,
{
    let (mut states, mut complete) = (HashMap::new(), false);
    let partition = Partition { topic: AggregateState::<A::State>::TOPIC, number };
    log.read_to_end(partition, |record| {
        let corrupt = |reason: String| corrupt(partition, record, reason);
        let unreadable = |error: Unreadable| corrupt(error.0);
        if record.key() == Some(STATE_COMPLETE_KEY.as_bytes()) {
            complete = true;
            return Ok(());
        }
        let id = key(record).map_err(corrupt)?;
        let Some(payload) = record.payload() else {
            states.remove(&id);
            return Ok(());
        };
        let envelope = envelope(record).map_err(|error| corrupt(error.to_string()))?;
        let state = reader.read(envelope.message_type, payload)?.map_err(unreadable)?;
        states.insert(id, state.ok_or_else(|| corrupt("not a state record".into()))?);
        Ok(())
    })?;
    Ok((states, complete))
}

/// Folds one event. Outcomes of accepted commands come back with it, but for their fingerprint.
fn fold<A: Aggregate>(
    folded: &mut States<A::State>,
    reader: &mut MessageReader,
    partition: Partition,
    record: &BorrowedMessage<'_>,
) -> Result<(), Error> {
    let corrupt = |reason: String| corrupt(partition, record, reason);
    let unreadable = |error: Unreadable| corrupt(error.0);
    let id = key(record).map_err(corrupt)?;
    let envelope = envelope(record).map_err(|error| corrupt(error.to_string()))?;
    let payload = record.payload().unwrap_or_default();
    let event: Option<A::Event> =
        reader.read(envelope.message_type, payload)?.map_err(unreadable)?;
    let event = event.ok_or_else(|| corrupt(format!("unknown type {}", envelope.message_type)))?;
    let current = folded.entry(id).or_insert_with(AggregateState::absent);
    let expected = u64::try_from(current.version + 1).ok();
    if envelope.sequence != expected {
        let found = envelope.sequence;
        return Err(corrupt(format!("version {found:?} where {expected:?} must be")));
    }
    current.version += 1;
    current.state = A::evolve(current.state.take(), &event);
    recover_outcome(current, &envelope);
    Ok(())
}

fn recover_outcome<S>(current: &mut AggregateState<S>, envelope: &Envelope<'_>) {
    let Some(command_id) = envelope.causation_id.map(CommandId::from_key) else { return };
    match current.recent.last_mut().filter(|last| last.command_id == command_id) {
        Some(last) => {
            last.version = current.version;
            last.events += 1;
            last.latest_change = envelope.command_offset;
        }
        None => current.remember(RecentOutcome {
            command_id,
            fingerprint: 0,
            decided_at: envelope.time.unwrap_or_else(Timestamp::now),
            version: current.version,
            events: 1,
            rejection: None,
            latest_change: envelope.command_offset,
        }),
    }
}

fn key(record: &BorrowedMessage<'_>) -> Result<AggregateId, String> {
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
    key.and_then(|key| AggregateId::new(key).ok()).ok_or_else(|| "key is no aggregate id".into())
}

fn corrupt(partition: Partition, record: &BorrowedMessage<'_>, reason: String) -> Error {
    Error::Corrupt { partition, offset: record.offset(), reason }
}
