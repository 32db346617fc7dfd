//! Sends each record to its aggregate type.

use event_log::{Error, OutRecord, Partition, Position, exactly_once::Step};
use rdkafka::message::BorrowedMessage;
use schemas::Topic;

/// What the processor needs of an aggregate type.
pub trait Aggregates {
    /// The topic of its commands.
    fn commands(&self) -> Topic;
    /// As [`Step::assigned`], for a partition of [`Aggregates::commands`].
    fn assigned(&mut self, partition: i32) -> Result<(), Error>;
    /// As [`Step::revoked`].
    fn revoked(&mut self, partition: i32);
    /// As [`Step::handle`].
    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error>;
    /// As [`Step::finish`].
    fn finish(&mut self, out: &mut dyn FnMut(OutRecord) -> Result<(), Error>) -> Result<(), Error>;
    /// As [`Step::committed`].
    fn committed(&mut self);
}

/// Every aggregate type.
pub struct Processor {
    types: Vec<Box<dyn Aggregates>>,
}

impl Processor {
    /// Takes the aggregate types.
    pub fn new(types: Vec<Box<dyn Aggregates>>) -> Self {
        Self { types }
    }

    fn of(&mut self, partition: Partition) -> Result<&mut Box<dyn Aggregates>, Error> {
        let mut types = self.types.iter_mut();
        let found = types.find(|aggregates| aggregates.commands() == partition.topic);
        found.ok_or(Error::NotOwned(partition))
    }
}

impl Step for Processor {
    fn assigned(&mut self, partition: Partition) -> Result<(), Error> {
        self.of(partition)?.assigned(partition.number)
    }

    fn revoked(&mut self, partition: Partition) {
        if let Ok(aggregates) = self.of(partition) {
            aggregates.revoked(partition.number);
        }
    }

    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.of(position.partition)?.handle(position, record, out)
    }

    fn finish(&mut self, out: &mut dyn FnMut(OutRecord) -> Result<(), Error>) -> Result<(), Error> {
        self.types.iter_mut().try_for_each(|aggregates| aggregates.finish(out))
    }

    fn committed(&mut self) {
        for aggregates in &mut self.types {
            aggregates.committed();
        }
    }
}
