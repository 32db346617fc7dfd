//! Finds records in topics by what their headers say: whole topics, or the newest of them.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
};

use event_log::{
    Error, MessageReader, Partition, Registry, Settings, partitioner, record,
    restore::PartitionReader, topics::partition_count,
};
use rdkafka::message::BorrowedMessage;
use schemas::{Envelope, Topic};
use tokio::runtime::Handle;

use crate::seen::Seen;

/// More threads than this do not make a broker any faster.
const MOST: usize = 8;

/// Topics with commands, what became of them, and events.
pub const SHOWN: [Topic; 10] = [
    Topic::CUSTOMER_EVENTS,
    Topic::ORDER_EVENTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::MAILING_EVENTS,
    Topic::CUSTOMER_COMMANDS,
    Topic::ORDER_COMMANDS,
    Topic::CAMPAIGN_COMMANDS,
    Topic::MAILING_COMMANDS,
    Topic::COMMAND_RESULTS,
];

/// How many of them carry events: the first ones.
pub const EVENTS: usize = 5;

/// Reads topics. Cheap to clone; whoever calls it is blocked.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Where Kafka and the registry are.
    pub settings: Settings,
    /// Where questions to the registry run.
    pub runtime: Handle,
}

/// What one thread reads with.
#[derive(Debug)]
pub struct Tools {
    /// Reads partitions.
    pub log: PartitionReader,
    /// Reads payloads.
    pub messages: MessageReader,
}

impl Tools {
    /// The record, if it has an envelope and is wanted.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn seen(
        messages: &mut MessageReader,
        partition: Partition,
        found: &BorrowedMessage<'_>,
        wanted: impl Fn(&Envelope<'_>, &[u8]) -> bool,
    ) -> Result<Option<Seen>, Error> {
        // What has no envelope belongs to nobody.
        let Ok(envelope) = record::envelope(found) else { return Ok(None) };
        let (key, _) = record::bytes(found);
        match wanted(&envelope, key) {
            true => Seen::read(messages, partition, found, &envelope).map(Some),
            false => Ok(None),
        }
    }
}

impl Scan {
    /// The partitions of some topics; of one key, if it is given: each topic has it in one.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub fn partitions(&self, topics: &[Topic], key: Option<&str>) -> Result<Vec<Partition>, Error> {
        let mut all = Vec::new();
        for topic in topics.iter().copied() {
            let count = partition_count(&self.settings, topic)?;
            let numbers = match key {
                Some(key) => {
                    let number = partitioner::partition_of(key.as_bytes(), count);
                    number..number + 1
                }
                None => 0..count,
            };
            all.extend(numbers.map(|number| Partition { topic, number }));
        }
        Ok(all)
    }

    /// Everything in these partitions that `wanted` takes by its envelope and key.
    ///
    /// # Errors
    /// When the brokers or the registry do not answer.
    pub fn run(
        &self,
        partitions: &[Partition],
        wanted: impl Fn(&Envelope<'_>, &[u8]) -> bool + Sync,
    ) -> Result<Vec<Seen>, Error> {
        let found = self.each(partitions, |Tools { log, messages }, partition| {
            let mut found = Vec::new();
            log.read_to_end(partition, |record| {
                found.extend(Tools::seen(messages, partition, record, &wanted)?);
                Ok(())
            })?;
            Ok(found)
        })?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What to read with.
    ///
    /// # Errors
    /// When a configuration is refused.
    pub fn tools(&self) -> Result<Tools, Error> {
        let registry = Registry::of(&self.settings);
        let messages = MessageReader::new(&registry, &self.runtime);
        Ok(Tools { log: PartitionReader::new(&self.settings)?, messages })
    }

    /// Does the same with each partition, several at once; the results are in no order.
    ///
    /// # Errors
    /// The first that one of them returns.
    pub fn each<T: Send>(
        &self,
        partitions: &[Partition],
        work: impl Fn(&mut Tools, Partition) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let waiting = partitions.iter().copied().collect::<VecDeque<_>>();
        let (waiting, done) = (Mutex::new(waiting), Mutex::new(Vec::new()));
        let work = || -> Result<(), Error> {
            let mut tools = self.tools()?;
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(partition) = next else { return Ok(()) };
                let result = work(&mut tools, partition)?;
                done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.min(MOST)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
