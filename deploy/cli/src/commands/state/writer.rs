//! The single writer of the state topics while no command processor runs: a member of their group,
//! like them, so that none of them can own a partition at the same time.

use std::time::{Duration, Instant};

use event_log::{
    Consumer, Error, OutRecord, Partition, Settings, TransactionalProducer,
    consumer::{Change, Polled},
};
use schemas::Topic;

use super::GROUP;
use crate::failure::{Failure, Result};

/// Longest wait for the partitions.
const LIMIT: Duration = Duration::from_secs(60);

/// Records in one transaction.
const TRANSACTION: usize = 1_000;

/// Owns partitions of the commands topics, of which it reads nothing.
pub struct Writer {
    consumer: Consumer,
    producer: TransactionalProducer,
    /// The group's offsets, which stay as they are.
    offsets: Vec<(Partition, i64)>,
    /// What the group wants back; it waits for it.
    wanted_back: Vec<Partition>,
}

impl Writer {
    /// Joins the group and waits until it owns all of these partitions.
    pub fn join(settings: &Settings, topics: &[Topic], wanted: &[Partition]) -> Result<Self> {
        let unavailable = |error: Error| Failure::Unavailable(error.into());
        let producer = TransactionalProducer::new(settings, "state-rebuild");
        let producer = producer.map_err(unavailable)?;
        let consumer = Consumer::join(settings, GROUP, topics).map_err(unavailable)?;
        let (offsets, wanted_back) = (Vec::new(), Vec::new());
        let mut writer = Self { consumer, producer, offsets, wanted_back };
        let deadline = Instant::now() + LIMIT;
        while !wanted.iter().all(|partition| writer.owns(*partition)) {
            if Instant::now() > deadline {
                return Err(Failure::unavailable(
                    "the partitions do not become free: does a command processor run?",
                ));
            }
            writer.look_after_group(Duration::from_millis(100)).map_err(unavailable)?;
        }
        Ok(writer)
    }

    fn owns(&self, partition: Partition) -> bool {
        self.offsets.iter().any(|(owned, _)| *owned == partition)
    }

    /// Takes over what the group gives; to be called now and then, or the group goes on without.
    /// What it wants back it gets when this ends.
    pub fn look_after_group(&mut self, limit: Duration) -> Result<(), Error> {
        match self.consumer.poll(limit)? {
            Polled::Change => {}
            Polled::Record(_) | Polled::Nothing => return Ok(()),
        }
        match self.consumer.next_change() {
            Some(Change::Assigned(partitions)) => {
                // Stable: what an earlier owner's last transaction wrote is in the log by then.
                let offsets = self.consumer.committed(&partitions)?;
                self.consumer.assign(&offsets)?;
                self.consumer.pause(&partitions)?;
                self.offsets.extend(offsets);
            }
            Some(Change::Revoked { partitions, .. }) => self.wanted_back.extend(partitions),
            None => {}
        }
        Ok(())
    }

    /// Appends records to topics that belong to a partition of a commands topic.
    pub fn append(&mut self, owner: Partition, records: Vec<OutRecord>) -> Result<(), Error> {
        let offset = self.offsets.iter().find(|(owned, _)| *owned == owner);
        let offset = [*offset.ok_or(Error::NotOwned(owner))?];
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            self.look_after_group(Duration::ZERO)?;
            let membership = self.consumer.group_metadata()?;
            self.producer.begin()?;
            for record in records.by_ref().take(TRANSACTION) {
                self.producer.produce(record)?;
            }
            // Moves nothing, but is refused if the partitions have another owner.
            self.producer.send_offsets(&offset, &membership)?;
            self.producer.commit()?;
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Fails only for a consumer that is out of the group anyway.
        let _ = self.consumer.unassign(&self.wanted_back);
    }
}
