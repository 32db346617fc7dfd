//! Up to where each partition is looked at. The order in which the ends are taken is what makes a
//! system under load verifiable: see [`super`].

use std::collections::BTreeMap;

use domain::Aggregate;
use event_log::{
    Error, Partition, Settings, group, restore::PartitionReader, topics::partition_count,
};
use schemas::{Messages, Topic, command::AggregateState};

/// The group whose offsets say which commands are consumed.
const PROCESSOR: &str = "command-processor";

/// The topics of one aggregate type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Its name, such as `order`.
    pub name: &'static str,
    /// Its commands.
    pub commands: Topic,
    /// Its events.
    pub events: Topic,
    /// Its states.
    pub state: Topic,
}

impl Topics {
    /// The topics of `A`.
    pub const fn of<A: Aggregate>() -> Self
    where
        AggregateState<A::State>: Messages,
    {
        Self {
            name: A::NAME,
            commands: A::Command::TOPIC,
            events: A::Event::TOPIC,
            state: AggregateState::<A::State>::TOPIC,
        }
    }
}

/// Where everything ended.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Number of partitions.
    counts: BTreeMap<Topic, i32>,
    /// Each partition is read up to here.
    ends: BTreeMap<Partition, i64>,
    /// Events before this have their outcomes and states within the ends.
    settled: BTreeMap<Partition, i64>,
    /// Commands before this were consumed, and have their outcomes within the ends.
    consumed: BTreeMap<Partition, i64>,
}

impl Snapshot {
    /// Takes the ends of an installation with these aggregate types and further topics.
    pub fn take(
        settings: &Settings,
        log: &PartitionReader,
        types: &[Topics],
        others: &[Topic],
    ) -> Result<Self, Error> {
        let mut snapshot = Self::default();
        let of = |topic: fn(&Topics) -> Topic| types.iter().map(topic).collect::<Vec<_>>();
        let (commands, events, states) = (of(|t| t.commands), of(|t| t.events), of(|t| t.state));

        snapshot.settled = snapshot.ends(settings, log, &events)?;
        settle(log, &snapshot.settled)?;
        let partitions = snapshot.partitions(settings, &commands)?;
        let consumed = group::committed(settings, PROCESSOR, &partitions)?;
        snapshot.consumed =
            consumed.into_iter().map(|(partition, next)| (partition, next.unwrap_or(0))).collect();

        let answers = [states, vec![Topic::COMMAND_RESULTS]].concat();
        let answers = snapshot.ends(settings, log, &answers)?;
        settle(log, &answers)?;

        snapshot.ends = answers;
        for topics in [&events, &commands, others] {
            let ends = snapshot.ends(settings, log, topics)?;
            snapshot.ends.extend(ends);
        }
        Ok(snapshot)
    }

    fn partitions(
        &mut self,
        settings: &Settings,
        topics: &[Topic],
    ) -> Result<Vec<Partition>, Error> {
        let mut partitions = Vec::new();
        for topic in topics {
            let count = match self.counts.get(topic) {
                Some(count) => *count,
                None => partition_count(settings, *topic)?,
            };
            self.counts.insert(*topic, count);
            partitions.extend((0..count).map(|number| Partition { topic: *topic, number }));
        }
        Ok(partitions)
    }

    fn ends(
        &mut self,
        settings: &Settings,
        log: &PartitionReader,
        topics: &[Topic],
    ) -> Result<BTreeMap<Partition, i64>, Error> {
        let partitions = self.partitions(settings, topics)?.into_iter();
        partitions.map(|partition| Ok((partition, log.high_watermark(partition)?))).collect()
    }

    /// How many partitions a topic has.
    pub fn count(&self, topic: Topic) -> i32 {
        self.counts.get(&topic).copied().unwrap_or(0)
    }

    /// How many partitions the topics of an aggregate type have. They should all have as many; if
    /// not, none is left out, and keys belong where their commands do.
    pub fn widest(&self, topics: Topics) -> i32 {
        let Topics { commands, events, state, .. } = topics;
        [commands, events, state].map(|topic| self.count(topic)).into_iter().max().unwrap_or(0)
    }

    /// Up to where a partition is read.
    pub fn end(&self, partition: Partition) -> i64 {
        self.ends.get(&partition).copied().unwrap_or(0)
    }

    /// Events before this must have their outcomes and states.
    pub fn settled(&self, events: Partition) -> i64 {
        self.settled.get(&events).copied().unwrap_or(0)
    }

    /// Commands before this must have their outcomes.
    pub fn consumed(&self, commands: Partition) -> i64 {
        self.consumed.get(&commands).copied().unwrap_or(0)
    }

    /// Sum of all ends: for progress.
    pub fn total(&self) -> u64 {
        self.ends.values().map(|end| end.unsigned_abs()).sum()
    }
}

fn settle(log: &PartitionReader, ends: &BTreeMap<Partition, i64>) -> Result<(), Error> {
    ends.iter().try_for_each(|(partition, end)| log.settle(*partition, *end))
}
