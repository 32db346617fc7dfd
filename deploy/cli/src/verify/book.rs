//! The commands of one partition and what became of them: filled with their outcomes, then with
//! their records, asked about each event, and balanced at the end. Pure.

use std::collections::HashMap;

use event_log::{Partition, Position};
use indexmap::IndexSet;
use schemas::{CommandId, EventId, Topic, command::AggregateState};

use super::{
    findings::{Finding, Findings, Kind, Unclear},
    retention::Kept,
};

/// Number of an aggregate among those of its partition.
pub type Subject = u32;

/// A command: by its id *and* its aggregate, since a client's id may come to two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Its id.
    pub command: CommandId,
    /// Its aggregate.
    pub subject: Subject,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With so many events.
    Accepted(u32),
    /// Without.
    Rejected,
    /// It was another command under an id that had been used: says nothing of the first.
    Reused,
}

/// An outcome.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Hash of everything in it that a repeat must get again.
    pub digest: u64,
    /// When it was decided, in milliseconds.
    pub decided: i64,
    /// Version of the aggregate after it.
    pub version: i64,
    /// How it ended.
    pub end: End,
    /// Where it is.
    pub partition: i32,
    /// At which offset.
    pub offset: i64,
}

impl Answer {
    fn position(&self) -> Position {
        let partition = Partition { topic: Topic::COMMAND_RESULTS, number: self.partition };
        Position { partition, offset: self.offset }
    }

    /// Whether it names the event that its command made as the `index`-th.
    fn names(&self, index: u32, version: i64) -> bool {
        match self.end {
            End::Accepted(events) => {
                index < events && version == self.version - i64::from(events - index) + 1
            }
            End::Rejected | End::Reused => false,
        }
    }
}

/// A command record.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Where it is.
    pub partition: i32,
    /// At which offset.
    pub offset: i64,
    /// Whether the processor has consumed it.
    pub consumed: bool,
    /// Whether its outcome must still be there then.
    pub outcome_kept: bool,
}

/// What is known of a command.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// Where its first record is.
    partition: i32,
    /// At which offset.
    offset: i64,
    /// How many commands its aggregate had got before.
    place: u32,
    records: u32,
    consumed: u32,
    /// How many of those consumed must still have their outcome.
    certain: u32,
    answers: u32,
    /// The first outcome that tells what became of it.
    answer: Option<Answer>,
    /// Which of its events are in the log, as bits.
    seen: u32,
    /// A repeat came so late that it may have been decided anew.
    forgettable: bool,
    /// The same, if it was refused because its aggregate did not exist.
    forgettable_if_absent: bool,
}

/// More others than this, and a command may be forgotten: on its aggregate, and in its partition if
/// its aggregate does not exist.
const MEMORY: (usize, usize) = (AggregateState::<()>::MEMORY, AggregateState::<()>::ABSENT_MEMORY);

/// What is wrong with an event's cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This is broken.
    Broken(Kind),
    /// This cannot be told.
    Unclear(Unclear),
}

/// The commands of one partition.
#[derive(Debug)]
pub struct Book {
    topic: Topic,
    names: IndexSet<Box<str>>,
    entries: HashMap<Key, Entry>,
    /// Commands that each aggregate got.
    places: Vec<u32>,
    /// The second outcome of commands with two.
    contradictions: HashMap<Key, Answer>,
    /// Decisions whose commands are still there.
    decisions: Kept,
}

impl Book {
    /// An empty one, for commands on a topic.
    pub fn new(commands: Topic) -> Self {
        Self {
            topic: commands,
            names: IndexSet::new(),
            entries: HashMap::new(),
            places: Vec::new(),
            contradictions: HashMap::new(),
            decisions: Kept::Unknown,
        }
    }

    /// The number of an aggregate.
    pub fn subject(&mut self, name: &str) -> Subject {
        let index = match self.names.get_index_of(name) {
            Some(index) => index,
            None => self.names.insert_full(name.into()).0,
        };
        // Four billion aggregates in one partition would not fit into memory.
        Subject::try_from(index).unwrap_or(Subject::MAX)
    }

    /// The aggregate with a number.
    pub fn name(&self, subject: Subject) -> &str {
        let index = usize::try_from(subject).ok();
        index.and_then(|index| self.names.get_index(index)).map_or("", |name| name)
    }

    /// An outcome.
    pub fn answer(&mut self, key: Key, answer: Answer) {
        let entry = self.entries.entry(key).or_default();
        entry.answers += 1;
        match &entry.answer {
            Some(_) if answer.end == End::Reused => {}
            Some(first) if first.digest == answer.digest => {}
            Some(first) if first.end != End::Reused => {
                self.contradictions.entry(key).or_insert(answer);
            }
            _ => entry.answer = Some(answer),
        }
    }

    /// A command record; in the order of their offsets.
    pub fn command(&mut self, key: Key, wish: Wish) {
        let index = usize::try_from(key.subject).unwrap_or(usize::MAX);
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        let mut place = 0;
        if let Some(count) = self.places.get_mut(index) {
            place = *count;
            *count += 1;
        }
        let entry = self.entries.entry(key).or_default();
        if entry.records == 0 {
            (entry.partition, entry.offset, entry.place) = (wish.partition, wish.offset, place);
        }
        let others = usize::try_from(place - entry.place).unwrap_or(usize::MAX);
        entry.forgettable |= others > MEMORY.0;
        // Offsets count more than the commands between, never less.
        let others = usize::try_from(wish.offset - entry.offset).unwrap_or(usize::MAX);
        entry.forgettable_if_absent |= others > MEMORY.1;
        entry.records += 1;
        entry.consumed += u32::from(wish.consumed);
        entry.certain += u32::from(wish.consumed && wish.outcome_kept);
    }

    /// All commands are in; says whether some may have been deleted.
    ///
    /// A partition's commands are decided in their order. When one of them was decided, all that
    /// had been deleted before it were, too: any later decision is of a command that is there.
    pub fn seal(&mut self, commands: Kept) {
        let sole = |entry: &&Entry| (entry.records, entry.consumed, entry.answers) == (1, 1, 1);
        let first = self.entries.values().filter(sole).min_by_key(|entry| entry.offset);
        self.decisions = match (commands, first.and_then(|entry| entry.answer)) {
            (Kept::All, _) => Kept::All,
            (_, Some(answer)) => Kept::Since(answer.decided),
            (_, None) => Kept::Unknown,
        };
    }

    /// An event that a command made as its `index`-th, at this time.
    pub fn event(&mut self, key: Key, index: u32, version: i64, made: i64) -> Result<(), Fault> {
        let unknown = if self.decisions.surely(made) {
            Fault::Broken(Kind::UnknownCommand)
        } else {
            Fault::Unclear(Unclear::CommandExpired)
        };
        let Some(entry) = self.entries.get_mut(&key) else { return Err(unknown) };
        let bit = 1_u32.checked_shl(index).unwrap_or(0);
        let again = entry.seen & bit != 0;
        entry.seen |= bit;
        if entry.forgettable {
            return Err(Fault::Unclear(Unclear::Forgotten));
        }
        let is_named = match &entry.answer {
            // Nothing of it is known, or two things: that is told elsewhere.
            None | Some(Answer { end: End::Reused, .. }) => true,
            Some(_) if self.contradictions.contains_key(&key) => true,
            Some(answer) => answer.names(index, version),
        };
        match is_named {
            _ if again => Err(Fault::Broken(Kind::Repeat)),
            _ if entry.records == 0 => Err(unknown),
            true => Ok(()),
            false => Err(Fault::Broken(Kind::UnnamedEvent)),
        }
    }

    /// All events are in: balances commands and outcomes.
    pub fn balance(&self, findings: &mut Findings) {
        let results = Topic::COMMAND_RESULTS;
        for (key, entry) in &self.entries {
            if entry.answers < entry.certain {
                let partition = Partition { topic: self.topic, number: entry.partition };
                let at = Position { partition, offset: entry.offset };
                findings.violation(self.topic, Kind::LostOutcome, self.finding(*key, at));
            } else if entry.answers < entry.consumed {
                let expired = u64::from(entry.consumed - entry.answers);
                findings.unclear(self.topic, Unclear::OutcomeExpired, expired);
            }
            let Some(answer) = &entry.answer else { continue };
            let finding = || self.finding(*key, answer.position());
            if entry.answers > entry.records {
                if !self.decisions.surely(answer.decided) {
                    let expired = u64::from(entry.answers - entry.records);
                    findings.unclear(results, Unclear::CommandExpired, expired);
                } else if entry.records == 0 {
                    findings.violation(results, Kind::UnknownOutcome, finding());
                } else {
                    let detail =
                        format!("{} outcomes of {} commands", entry.answers, entry.records);
                    findings.violation(results, Kind::SurplusOutcome, finding().detail(detail));
                }
            }
            self.missing_events(*key, entry, answer, findings);
        }
        for (key, answer) in &self.contradictions {
            let entry = self.entries.get(key);
            let absent = |answer: &Answer| answer.version == 0 && answer.end == End::Rejected;
            let is_forgotten = entry.is_some_and(|entry| {
                let was_absent = absent(answer) || entry.answer.as_ref().is_some_and(absent);
                entry.forgettable || (entry.forgettable_if_absent && was_absent)
            });
            if is_forgotten {
                findings.unclear(results, Unclear::Forgotten, 1);
            } else {
                let finding = self.finding(*key, answer.position());
                findings.violation(results, Kind::ContradictingOutcome, finding);
            }
        }
    }

    fn missing_events(&self, key: Key, entry: &Entry, answer: &Answer, findings: &mut Findings) {
        let End::Accepted(events) = answer.end else { return };
        for index in (0..events.min(u32::BITS)).filter(|index| entry.seen & (1 << index) == 0) {
            let finding = Finding {
                event_id: Some(EventId::of_command(key.command, index).0),
                version: Some(answer.version - i64::from(events - index) + 1),
                ..self.finding(key, answer.position())
            };
            findings.violation(Topic::COMMAND_RESULTS, Kind::MissingEvent, finding);
        }
    }

    fn finding(&self, key: Key, at: Position) -> Finding {
        let finding = Finding::at(at).of(self.name(key.subject));
        Finding { command_id: Some(key.command.0), ..finding }
    }
}

#[cfg(test)]
mod tests;
