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

    fn of(&mut self, topic: Topic) -> Option<&mut Box<dyn Aggregates>> {
        self.types.iter_mut().find(|aggregates| aggregates.commands() == topic)
    }
}

impl Step for Processor {
    fn assigned(&mut self, partition: Partition) -> Result<(), Error> {
        self.of(partition.topic).map_or(Ok(()), |a| a.assigned(partition.number))
    }

    fn revoked(&mut self, partition: Partition) {
        if let Some(aggregates) = self.of(partition.topic) {
            aggregates.revoked(partition.number);
        }
    }

    fn handle(
        &mut self,
        position: Position,
        record: &BorrowedMessage<'_>,
        out: &mut dyn FnMut(OutRecord) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.of(position.partition.topic).map_or(Ok(()), |a| a.handle(position, record, out))
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
