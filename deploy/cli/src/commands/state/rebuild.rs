//! Partition by partition: events folded, states read, differences written.

use std::collections::HashMap;

use domain::{Aggregate, Campaigns, Customers, Mailings, Orders, history};
use event_log::{
    Error, MessageReader, OutRecord, Partition, Registry, Settings, record::envelope,
    restore::PartitionReader, topics::partition_count,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    AggregateId, Encoder, Messages, Timestamp,
    command::{AggregateState, STATE_COMPLETE_KEY},
};
use tokio::runtime::Handle;

use super::{
    AggregateType,
    compare::{Correction, Found, Tally, compare},
    writer::Writer,
};
use crate::failure::{Failure, Result};

/// What is to be done.
pub struct Task {
    pub settings: Settings,
    pub runtime: Handle,
    /// Only this one.
    pub partition: Option<i32>,
    pub dry_run: bool,
}

impl Task {
    /// Does it. Blocks.
    pub fn run(
        &self,
        wanted: impl Fn(AggregateType) -> bool,
        each: &mut dyn FnMut(Tally),
    ) -> Result<()> {
        if wanted(AggregateType::Customer) {
            self.rebuild::<Customers>(each)?;
        }
        if wanted(AggregateType::Order) {
            self.rebuild::<Orders>(each)?;
        }
        if wanted(AggregateType::Campaign) {
            self.rebuild::<Campaigns>(each)?;
        }
        if wanted(AggregateType::Mailing) {
            self.rebuild::<Mailings>(each)?;
        }
        Ok(())
    }

    fn rebuild<A: Aggregate>(&self, each: &mut dyn FnMut(Tally)) -> Result<()>
    where
        AggregateState<A::State>: Messages,
    {
        let failed = |error: Error| Failure::Unavailable(error.into());
        let topic = A::Command::TOPIC;
        let count = partition_count(&self.settings, topic).map_err(failed)?;
        let numbers: Vec<_> =
            (0..count).filter(|number| self.partition.is_none_or(|only| only == *number)).collect();
        if numbers.is_empty() {
            let only = self.partition.unwrap_or_default();
            return Err(Failure::setup(format!("{topic} has no partition {only}")));
        }
        let owners: Vec<_> =
            numbers.iter().map(|number| Partition { topic, number: *number }).collect();
        let mut writer = match self.dry_run {
            true => None,
            false => Some(Writer::join(&self.settings, &[topic], &owners)?),
        };
        let mut history = History::<A>::new(&self.settings, &self.runtime).map_err(failed)?;
        for owner in owners {
            let mut alive = || match &mut writer {
                Some(writer) => writer.look_after_group(std::time::Duration::ZERO),
                None => Ok(()),
            };
            let (tally, corrections) = history.compare(owner.number, &mut alive).map_err(failed)?;
            if let Some(writer) = &mut writer {
                let records = history.records(owner.number, &tally, corrections).map_err(failed)?;
                writer.append(owner, records).map_err(failed)?;
            }
            each(tally);
        }
        Ok(())
    }
}

/// Reads and writes the history of one aggregate type.
struct History<A: Aggregate> {
    log: PartitionReader,
    reader: MessageReader,
    encoder: Encoder<AggregateState<A::State>>,
}

type Compared<A> = (Tally, Vec<Correction<<A as Aggregate>::State>>);

impl<A: Aggregate> History<A>
where
    AggregateState<A::State>: Messages,
{
    fn new(settings: &Settings, runtime: &Handle) -> Result<Self, Error> {
        let registry = Registry::of(settings);
        Ok(Self {
            log: PartitionReader::new(settings)?,
            reader: MessageReader::new(&registry, runtime),
            encoder: runtime.block_on(registry.encoder(&settings.namespace))?,
        })
    }

    /// What the states of a partition are, and what makes them right. Calls `alive` now and then.
    fn compare(
        &mut self,
        number: i32,
        alive: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<Compared<A>, Error> {
        let place = Partition { topic: AggregateState::<A::State>::TOPIC, number };
        let mut tally = Tally { place: place.to_string(), ..Tally::default() };
        let events = self.events(Partition { topic: A::Event::TOPIC, number }, alive)?;
        let mut latest: HashMap<AggregateId, Vec<u8>> = HashMap::new();
        let mut count = 0_u64;
        self.log.read_to_end(place, |record| {
            now_and_then(&mut count, alive)?;
            if record.key() == Some(STATE_COMPLETE_KEY.as_bytes()) {
                tally.is_complete = record.payload().is_some();
                return Ok(());
            }
            let id = id(place, record)?;
            match record.payload() {
                Some(payload) => drop(latest.insert(id, payload.to_vec())),
                None => drop(latest.remove(&id)),
            }
            Ok(())
        })?;
        let mut states = Vec::with_capacity(latest.len());
        for (id, payload) in latest {
            states.push((id, self.state(&payload)?));
        }
        let corrections = compare::<A>(events, states, &mut tally);
        Ok((tally, corrections))
    }

    fn state(&mut self, payload: &[u8]) -> Result<Found<A::State>, Error> {
        Ok(self.reader.read_sole(payload)?.map_err(|_| ()))
    }

    /// The fold of the events.
    fn events(
        &mut self,
        place: Partition,
        alive: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<HashMap<AggregateId, AggregateState<A::State>>, Error> {
        let Self { log, reader, .. } = self;
        let (mut folded, mut count) = (HashMap::new(), 0);
        log.read_to_end(place, |record| {
            now_and_then(&mut count, alive)?;
            let corrupt = |reason: String| corrupt(place, record, reason);
            let envelope = envelope(record).map_err(|error| corrupt(error.to_string()))?;
            let payload = record.payload().unwrap_or_default();
            let event = reader.read::<A::Event>(envelope.message_type, payload)?;
            let event = event.map_err(|error| corrupt(error.0))?;
            let event =
                event.ok_or_else(|| corrupt(format!("unknown type {}", envelope.message_type)))?;
            let state = folded.entry(id(place, record)?).or_insert_with(AggregateState::absent);
            history::add::<A>(state, &envelope, &event).map_err(|error| corrupt(error.to_string()))
        })?;
        Ok(folded)
    }

    /// The records that make the state topic right. It says anew that it is complete: whoever kept
    /// a copy of it from before must not go on from that.
    fn records(
        &self,
        number: i32,
        tally: &Tally,
        corrections: Vec<Correction<A::State>>,
    ) -> Result<Vec<OutRecord>, Error> {
        if corrections.is_empty() && tally.is_complete {
            return Ok(Vec::new());
        }
        let at = Partition { topic: AggregateState::<A::State>::TOPIC, number };
        let mut records = Vec::with_capacity(corrections.len() + 1);
        for (id, state) in corrections {
            let state = state.map(|state| self.encoder.encode(&state)).transpose()?;
            records.push(OutRecord::state(at, id.as_str(), state));
        }
        records.push(OutRecord::state_complete(at, "oneway state rebuild", Timestamp::now()));
        Ok(records)
    }
}

/// Every 100,000 records.
fn now_and_then(
    count: &mut u64,
    alive: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    *count += 1;
    if count.is_multiple_of(100_000) { alive() } else { Ok(()) }
}

fn id(place: Partition, record: &BorrowedMessage<'_>) -> Result<AggregateId, Error> {
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok());
    let id = key.and_then(|key| AggregateId::new(key).ok());
    id.ok_or_else(|| corrupt(place, record, "key is no aggregate id".into()))
}

fn corrupt(partition: Partition, record: &BorrowedMessage<'_>, reason: String) -> Error {
    Error::Corrupt { partition, offset: record.offset(), reason }
}
