//! The state of a partition: from its checkpoint and what the state topic has since, or from the
//! whole state topic, or, when that does not say that it is complete, folded from the events, which
//! are the only truth. States stay encoded but in the last case.

use std::{collections::HashMap, io, time::Instant};

use domain::{Aggregate, history};
use event_log::{
    Error, MessageReader, Partition, reader::Unreadable, record::envelope, restore::PartitionReader,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{AggregateId, Encoder, Messages, command::AggregateState};

use crate::{
    checkpoint::{
        CheckpointFile, Checkpoints, Frames, Handle, Mark, Open, Place, Position, Size, completion,
        newest_event, says_complete,
    },
    shard::Shard,
    states::{States, Stored},
};

/// States are handed to the checkpoint in pieces of this size.
const PIECE: usize = 1024 * 1024;

/// What a restore needs.
pub struct Restore<'a, A: Aggregate>
where
    AggregateState<A::State>: Messages,
{
    pub log: &'a PartitionReader,
    pub reader: &'a mut MessageReader,
    pub encoder: &'a Encoder<AggregateState<A::State>>,
    pub checkpoints: Option<&'a Checkpoints>,
}

/// What is known of a state topic, up to an offset.
#[derive(Default)]
struct Known {
    states: States,
    /// The record that says that it lacks nothing.
    complete: Option<Mark>,
    next: i64,
    file: Option<CheckpointFile>,
}

impl<A: Aggregate> Restore<'_, A>
where
    AggregateState<A::State>: Messages,
{
    /// Restores the shard of a partition, and goes on with its checkpoint.
    pub fn shard(&mut self, number: i32) -> Result<(Shard<A>, Option<Handle>), Error> {
        let place = Place {
            states: Partition { topic: AggregateState::<A::State>::TOPIC, number },
            events: Partition { topic: A::Event::TOPIC, number },
        };
        let started = Instant::now();
        let (known, mut source) = self.state_topic(place)?;
        let Known { states, complete, next, file } = known;
        let (shard, file, complete) = if let Some(complete) = complete {
            let event = newest_event(self.log, place)?;
            let aggregates = u64::try_from(states.len()).unwrap_or(0);
            let position = Position { next, aggregates, complete: complete.clone(), event };
            let file = self.still_good(place, file, |file| file.append_position(&position));
            (Shard::complete(states), file, Ok(complete))
        } else {
            let (states, owed) = self.fold(place, states)?;
            if states.len() > 0 {
                source = "events";
            }
            // What is owed is in no file yet. The next start begins one.
            let file = file.filter(|_| owed.is_empty());
            (Shard::rebuilt(states, owed), file, Err(next))
        };
        tracing::info!(
            kafka.partition = %place.states,
            source,
            aggregates = shard.len(),
            bytes = shard.bytes(),
            duration_ms = started.elapsed().as_millis(),
            "state restored"
        );
        let size = size(&shard);
        let handle = file
            .zip(self.checkpoints)
            .and_then(|(file, checkpoints)| checkpoints.keep(place, Open { file, complete, size }));
        Ok((shard, handle))
    }

    /// The state topic up to its end, and where most of it came from.
    fn state_topic(&self, place: Place) -> Result<(Known, &'static str), Error> {
        if let Some(mut known) = self.checkpoint(place)? {
            if self.catch_up(place, &mut known)? {
                return Ok((known, "checkpoint"));
            }
            let reason = "the state topic was written anew since";
            self.checkpoints.iter().for_each(|all| all.set_aside(place, reason));
        }
        let file = self.checkpoints.and_then(|checkpoints| checkpoints.begin(place));
        // There are no more aggregates than records.
        let (start, end) = self.log.watermarks(place.states)?;
        let states = States::with_room_for(u64::try_from(end - start).unwrap_or(0));
        let mut known = Known { states, file, ..Known::default() };
        self.catch_up(place, &mut known)?;
        Ok((known, "state topic"))
    }

    /// The content of the checkpoint, if there is one of this log.
    fn checkpoint(&self, place: Place) -> Result<Option<Known>, Error> {
        let Some(checkpoints) = self.checkpoints else { return Ok(None) };
        let Some((file, position)) = checkpoints.find(self.log, place)? else { return Ok(None) };
        let mut states = States::with_room_for(position.aggregates);
        let mut is_good = true;
        let read = file.read(|id, payload| is_good &= take(&mut states, id, payload).is_ok());
        let reason = match read {
            Ok(()) if is_good => {
                let Position { next, complete, .. } = position;
                return Ok(Some(Known {
                    states,
                    complete: Some(complete),
                    next,
                    file: Some(file),
                }));
            }
            Ok(()) => "it holds what is no state".to_owned(),
            Err(error) => error.to_string(),
        };
        checkpoints.set_aside(place, &reason);
        Ok(None)
    }

    /// Reads what the state topic has more, and writes it to the checkpoint too. False when it
    /// turns out that what was known is not of this topic: a second record that says that it is
    /// complete comes from a rebuild.
    fn catch_up(&self, place: Place, known: &mut Known) -> Result<bool, Error> {
        let Known { states, complete, next, file } = known;
        let (begins_at, mut is_same) = (*next, true);
        let mut frames = Frames::default();
        *next = self.log.read_from(place.states, begins_at, |record| {
            if says_complete(record) {
                is_same &= begins_at == 0;
                *complete = record.payload().map(|_| completion(record));
                return Ok(());
            }
            let key = record.key().unwrap_or_default();
            take(states, key, record.payload())
                .map_err(|reason| corrupt(place.states, record, reason))?;
            if file.is_some() {
                frames.push(key, record.payload());
                if frames.len() >= PIECE {
                    *file = self.still_good(place, file.take(), |f| f.append(&frames.take()));
                }
            }
            Ok(())
        })?;
        *file = self.still_good(place, file.take(), |file| file.append(&frames.take()));
        Ok(is_same)
    }

    /// The file, unless it cannot be written: then there is no checkpoint, and that is all.
    fn still_good(
        &self,
        place: Place,
        file: Option<CheckpointFile>,
        write: impl FnOnce(&mut CheckpointFile) -> io::Result<()>,
    ) -> Option<CheckpointFile> {
        let mut file = file?;
        match write(&mut file) {
            Ok(()) => Some(file),
            Err(error) => {
                self.checkpoints.iter().for_each(|all| all.cannot_write(place, &error));
                None
            }
        }
    }

    /// Folds the events. A state that is up to date is kept, since it remembers more outcomes than
    /// the events tell; all others are owed to the state topic.
    fn fold(
        &mut self,
        place: Place,
        mut states: States,
    ) -> Result<(States, Vec<AggregateId>), Error> {
        let mut folded = HashMap::new();
        let (log, reader) = (self.log, &mut *self.reader);
        log.read_to_end(place.events, |record| {
            add::<A>(&mut folded, reader, place.events, record)
        })?;
        if !folded.is_empty() {
            tracing::warn!(
                kafka.partition = %place.events,
                aggregates = folded.len(),
                "the state topic is not complete: restored from the events"
            );
        }
        let mut owed = Vec::new();
        for (id, fold) in folded {
            let known: Option<AggregateState<A::State>> = match states.get(&id) {
                // One that cannot be read is as good as none: its events are here.
                Some(bytes) => self.reader.read_sole(bytes)?.ok(),
                None => None,
            };
            if known.is_none_or(|known| known.version != fold.version) {
                states.put(Stored::new(&id, &self.encoder.encode(&fold)?));
                owed.push(id);
            }
        }
        Ok((states, owed))
    }
}

/// How much a shard holds.
pub fn size<A: Aggregate>(shard: &Shard<A>) -> Size {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Size { aggregates: number(shard.len()), bytes: number(shard.bytes()) }
}

fn take(states: &mut States, key: &[u8], payload: Option<&[u8]>) -> Result<(), String> {
    let text = |_| "key is no aggregate id".to_owned();
    match payload {
        Some(payload) => states.put(Stored::of_record(key, payload).map_err(text)?),
        None => states.remove(&id(key)?),
    }
    Ok(())
}

/// Adds one event to the fold.
fn add<A: Aggregate>(
    folded: &mut HashMap<AggregateId, AggregateState<A::State>>,
    reader: &mut MessageReader,
    partition: Partition,
    record: &BorrowedMessage<'_>,
) -> Result<(), Error> {
    let corrupt = |reason: String| corrupt(partition, record, reason);
    let unreadable = |error: Unreadable| corrupt(error.0);
    let id = id(record.key().unwrap_or_default()).map_err(corrupt)?;
    let envelope = envelope(record).map_err(|error| corrupt(error.to_string()))?;
    let payload = record.payload().unwrap_or_default();
    let event: Option<A::Event> =
        reader.read(envelope.message_type, payload)?.map_err(unreadable)?;
    let event = event.ok_or_else(|| corrupt(format!("unknown type {}", envelope.message_type)))?;
    let current = folded.entry(id).or_insert_with(AggregateState::absent);
    history::add::<A>(current, &envelope, &event).map_err(|error| corrupt(error.to_string()))
}

fn id(key: &[u8]) -> Result<AggregateId, String> {
    let id = std::str::from_utf8(key).ok().and_then(|key| AggregateId::new(key).ok());
    id.ok_or_else(|| "key is no aggregate id".into())
}

fn corrupt(partition: Partition, record: &BorrowedMessage<'_>, reason: String) -> Error {
    Error::Corrupt { partition, offset: record.offset(), reason }
}

#[cfg(test)]
mod tests;
