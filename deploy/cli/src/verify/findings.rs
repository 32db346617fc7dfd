//! What a verification finds: how much was looked at, which promises are broken, and what cannot
//! be told.

use std::collections::BTreeMap;

use event_log::Position;
use schemas::Topic;
use serde::Serialize;
use uuid::Uuid;

/// How many violations of one kind are kept as examples.
pub const EXAMPLES: usize = 10;

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A record that cannot be read, or is of no type that the topic carries.
    Unreadable,
    /// A key in a partition that it does not belong to.
    WrongPartition,
    /// An event whose version is not the one after its predecessor's.
    Gap,
    /// An event that is in the log again.
    Repeat,
    /// Two different events with one version.
    Fork,
    /// An event id that does not follow from its command (or source) and index.
    WrongEventId,
    /// An event that the state before it does not allow.
    Contradiction,
    /// An event of a command that does not exist.
    UnknownCommand,
    /// An event that its command's outcome does not name.
    UnnamedEvent,
    /// A command that was consumed and has no outcome.
    LostOutcome,
    /// Two different outcomes of one command.
    ContradictingOutcome,
    /// More outcomes than commands of that id.
    SurplusOutcome,
    /// An outcome of a command that does not exist.
    UnknownOutcome,
    /// An outcome that names an event which is not in the log.
    MissingEvent,
    /// A state that is not the fold of the events.
    TornState,
    /// An aggregate with events and without state.
    MissingState,
    /// A classification that changes nothing.
    NoChange,
    /// A classification whose previous class is not that of the event before.
    WrongPrevious,
}

/// Why something cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    /// The command may have been deleted by its topic's retention.
    CommandExpired,
    /// The outcome may have been deleted by its topic's retention.
    OutcomeExpired,
    /// The state topic does not say that it is complete: it is being written anew.
    StateIncomplete,
    /// The command was repeated after more others than are remembered.
    Forgotten,
    /// The aggregate's events are broken: what its state should be is not known.
    EventsBroken,
    /// The record has no command id: the processor passes over it.
    Unanswerable,
}

impl Kind {
    /// One line for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable => "records that cannot be read",
            Self::WrongPartition => "keys in a partition that they do not belong to",
            Self::Gap => "events whose version does not follow",
            Self::Repeat => "events that are in the log again",
            Self::Fork => "different events with one version",
            Self::WrongEventId => "event ids that do not follow from their command or source",
            Self::Contradiction => "events that the state before them does not allow",
            Self::UnknownCommand => "events of commands that do not exist",
            Self::UnnamedEvent => "events that their command's outcome does not name",
            Self::LostOutcome => "consumed commands without outcome",
            Self::ContradictingOutcome => "different outcomes of one command",
            Self::SurplusOutcome => "more outcomes than commands",
            Self::UnknownOutcome => "outcomes of commands that do not exist",
            Self::MissingEvent => "outcomes that name events which are not in the log",
            Self::TornState => "states that are not the fold of the events",
            Self::MissingState => "aggregates with events and without state",
            Self::NoChange => "classifications that change nothing",
            Self::WrongPrevious => "classifications whose previous class is wrong",
        }
    }
}

impl Unclear {
    /// One line for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CommandExpired => "the command may have been deleted by retention",
            Self::OutcomeExpired => "the outcome may have been deleted by retention",
            Self::StateIncomplete => "the state topic is being written anew",
            Self::Forgotten => "repeated later than is remembered",
            Self::EventsBroken => "states of aggregates whose events are broken",
            Self::Unanswerable => "no command id: passed over",
        }
    }
}

/// One violation: where it is, and ids. Never the data of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Name of the topic, without the installation's prefix.
    pub topic: &'static str,
    /// Its partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The aggregate, or customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate_id: Option<String>,
    /// The version that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The version that must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<i64>,
    /// Id of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// Id of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Uuid>,
    /// What exactly is wrong, where the kind leaves it open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Finding {
    /// A violation by the record at a position.
    pub const fn at(position: Position) -> Self {
        Self {
            topic: position.partition.topic.name(),
            partition: position.partition.number,
            offset: position.offset,
            aggregate_id: None,
            version: None,
            expected_version: None,
            event_id: None,
            command_id: None,
            detail: None,
        }
    }

    /// Names the aggregate.
    pub fn of(self, aggregate_id: impl Into<String>) -> Self {
        Self { aggregate_id: Some(aggregate_id.into()), ..self }
    }

    /// Says what exactly is wrong.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// What was found on one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that were looked at.
    pub records: u64,
    /// Commands among them that were not consumed yet.
    pub under_way: u64,
    /// What cannot be told, and why.
    pub unclear: BTreeMap<Unclear, u64>,
    /// What is broken.
    pub violations: BTreeMap<Kind, Violations>,
}

/// All violations of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    /// How many.
    pub count: u64,
    /// Those that come first.
    pub examples: Vec<Finding>,
}

impl Violations {
    fn add(&mut self, count: u64, examples: impl IntoIterator<Item = Finding>) {
        self.count += count;
        self.examples.extend(examples);
        // Threads end in any order: the same log must give the same report.
        if self.examples.len() > EXAMPLES {
            self.examples.sort();
            self.examples.truncate(EXAMPLES);
        }
    }
}

/// What was found on all topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub BTreeMap<Topic, Tally>);

impl Findings {
    /// The tally of a topic.
    pub fn on(&mut self, topic: Topic) -> &mut Tally {
        self.0.entry(topic).or_default()
    }

    /// Notes a violation by a record of a topic.
    pub fn violation(&mut self, topic: Topic, kind: Kind, finding: Finding) {
        self.on(topic).violations.entry(kind).or_default().add(1, [finding]);
    }

    /// Notes that something about records of a topic cannot be told.
    pub fn unclear(&mut self, topic: Topic, why: Unclear, count: u64) {
        if count > 0 {
            *self.on(topic).unclear.entry(why).or_default() += count;
        }
    }

    /// Adds what somebody else found.
    pub fn merge(&mut self, other: Self) {
        for (topic, tally) in other.0 {
            let mine = self.on(topic);
            mine.records += tally.records;
            mine.under_way += tally.under_way;
            for (why, count) in tally.unclear {
                *mine.unclear.entry(why).or_default() += count;
            }
            for (kind, found) in tally.violations {
                mine.violations.entry(kind).or_default().add(found.count, found.examples);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use event_log::Partition;

    use super::*;

    fn finding(offset: i64) -> Finding {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        Finding::at(Position { partition, offset })
    }

    #[test]
    fn all_are_counted_and_the_first_are_shown() {
        let found = |offsets: std::ops::Range<i64>| {
            let mut findings = Findings::default();
            for offset in offsets {
                findings.violation(Topic::ORDER_EVENTS, Kind::Gap, finding(offset));
            }
            findings.unclear(Topic::ORDER_EVENTS, Unclear::CommandExpired, 3);
            findings
        };
        let (mut one, mut other) = (found(50..100), found(0..50));
        one.merge(found(0..50));
        other.merge(found(50..100));
        assert_eq!(one, other, "whoever ends first");
        let tally = &one.0[&Topic::ORDER_EVENTS];
        assert_eq!(tally.unclear[&Unclear::CommandExpired], 6);
        let gaps = &tally.violations[&Kind::Gap];
        assert_eq!(gaps.count, 100);
        let offsets: Vec<_> = gaps.examples.iter().map(|e| e.offset).collect();
        assert_eq!(offsets, (0..10).collect::<Vec<_>>());
    }
}
