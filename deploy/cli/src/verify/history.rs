//! The events of one partition, folded aggregate by aggregate and compared with the states. Pure.

use domain::Aggregate;
use event_log::{Partition, Position};
use schemas::{CommandId, EventId, Messages, command::AggregateState};
use uuid::Uuid;

use super::{
    book::{Book, Fault, Key, Subject},
    findings::{Finding, Findings, Kind, Unclear},
    sequence::{Place, Twin, place},
    snapshot::Topics,
    states::{Stated, States},
};

/// Events of one command that are searched for an event's id where its index is not known, since
/// the event before it is missing.
const INDICES: u32 = 16;

/// An event record.
#[derive(Clone, Debug)]
pub struct Seen<E> {
    /// At which offset.
    pub offset: i64,
    /// Its aggregate.
    pub subject: Subject,
    /// Its version.
    pub version: i64,
    /// Its id.
    pub id: Option<Uuid>,
    /// The command that made it.
    pub command: Option<CommandId>,
    /// When it was made, in milliseconds.
    pub made: i64,
    /// What it says; absent when that cannot be read, with the reason.
    pub event: Result<E, String>,
}

/// What is known of an aggregate.
#[derive(Debug)]
struct Account<S> {
    version: i64,
    state: Option<S>,
    /// The command of its newest event, and the index of that event among the command's.
    cause: Option<(CommandId, u32)>,
    /// What its state should be cannot be told any more.
    is_broken: bool,
    stated: Option<Box<Stated<S>>>,
    /// An event that the state topic should know of and does not.
    overdue: Option<i64>,
}

/// An aggregate whose state lags behind its events, or is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The aggregate.
    pub subject: Subject,
    /// Its version by the events.
    pub version: i64,
    /// The event that its state should know of.
    pub event: Position,
    /// Offset and version of the state, when there is one.
    pub stated: Option<(i64, i64)>,
}

/// What is left to be told after all events are in.
#[derive(Debug)]
pub struct Rest {
    /// Events with a version that had been there.
    pub twins: Vec<Twin>,
    /// States that lag behind, if they are not written anew.
    pub overdue: Vec<Overdue>,
}

/// The aggregates of one partition.
#[derive(Debug)]
pub struct History<A: Aggregate> {
    partition: i32,
    /// Events before this offset are known to the state topic.
    settled: i64,
    topics: Topics,
    states_complete: bool,
    /// By [`Subject`].
    accounts: Vec<Account<A::State>>,
    twins: Vec<Twin>,
}

impl<S> Account<S> {
    const fn new() -> Self {
        Self { version: 0, state: None, cause: None, is_broken: false, stated: None, overdue: None }
    }
}

impl<A: Aggregate> History<A>
where
    AggregateState<A::State>: Messages,
{
    /// Begins with what the state topic says. Events before `settled` must be known to it.
    pub fn new(partition: i32, settled: i64, states: States<A::State>) -> Self {
        let mut history = Self {
            partition,
            settled,
            topics: Topics::of::<A>(),
            states_complete: states.complete,
            accounts: Vec::new(),
            twins: Vec::new(),
        };
        for (subject, stated) in states.of {
            history.account(subject).stated = Some(Box::new(stated));
        }
        history
    }

    fn account(&mut self, subject: Subject) -> &mut Account<A::State> {
        let index = usize::try_from(subject).unwrap_or(usize::MAX);
        if self.accounts.len() <= index {
            self.accounts.resize_with(index + 1, Account::new);
        }
        #[expect(clippy::indexing_slicing, reason = "the line above has made it")]
        &mut self.accounts[index]
    }

    fn event_at(&self, offset: i64) -> Position {
        let partition = Partition { topic: self.topics.events, number: self.partition };
        Position { partition, offset }
    }

    fn state_at(&self, offset: i64) -> Position {
        let partition = Partition { topic: self.topics.state, number: self.partition };
        Position { partition, offset }
    }

    /// An event, in the order of the log.
    pub fn event(&mut self, seen: Seen<A::Event>, book: &mut Book, findings: &mut Findings) {
        let at = self.event_at(seen.offset);
        let finding = Finding {
            version: Some(seen.version),
            event_id: seen.id,
            command_id: seen.command.map(|command| command.0),
            ..Finding::at(at).of(book.name(seen.subject))
        };
        let topic = self.topics.events;
        let account = self.account(seen.subject);
        match place(account.version, seen.version) {
            Place::Next => {}
            Place::Gap => {
                let expected_version = Some(account.version + 1);
                let finding = Finding { expected_version, ..finding.clone() };
                findings.violation(topic, Kind::Gap, finding);
                account.is_broken = true;
            }
            Place::Past => {
                let key = book.name(seen.subject).to_owned();
                let command = seen.command.map(|command| command.0);
                self.twins.push(Twin { at, key, version: seen.version, id: seen.id, command });
                return;
            }
        }
        let follows = account.version + 1 == seen.version;
        account.version = seen.version;
        match account.index_of(&seen, follows) {
            None => findings.violation(topic, Kind::WrongEventId, finding.clone()),
            Some((command, index)) => {
                account.cause = Some((command, index));
                let key = Key { command, subject: seen.subject };
                match book.event(key, index, seen.version, seen.made) {
                    Ok(()) => {}
                    Err(Fault::Broken(kind)) => findings.violation(topic, kind, finding.clone()),
                    Err(Fault::Unclear(why)) => findings.unclear(topic, why, 1),
                }
            }
        }
        if let Err((kind, detail)) = account.evolve::<A>(seen.version, seen.event) {
            findings.violation(topic, kind, finding.detail(detail));
        }
        self.compare(seen.subject, seen.offset, seen.command, book, findings);
    }

    /// Compares the state topic with the fold as it is after the event at this offset.
    fn compare(
        &mut self,
        subject: Subject,
        offset: i64,
        command: Option<CommandId>,
        book: &Book,
        findings: &mut Findings,
    ) {
        let is_settled = offset < self.settled;
        let account = self.account(subject);
        let version = account.version;
        let mut torn = None;
        match account.stated.as_deref_mut() {
            Some(stated) if stated.version >= version => {
                let cause = stated.cause_of(version);
                if cause.is_some() && cause != command {
                    torn = Some((stated.offset, "it remembers another command for this version"));
                }
                if stated.version == version {
                    if stated.state != account.state {
                        torn = Some((stated.offset, "it differs from the fold of the events"));
                    } else if let Some(detail) = beyond(stated) {
                        torn = Some((stated.offset, detail));
                    }
                    // Not needed any more; versions and places are.
                    (stated.state, stated.accepted) = (None, Box::default());
                }
            }
            _ if is_settled => account.overdue = account.overdue.or(Some(offset)),
            _ => {}
        }
        if account.is_broken {
            return;
        }
        if let Some((offset, detail)) = torn {
            let at = Finding::at(self.state_at(offset)).of(book.name(subject));
            let finding = Finding { version: Some(version), ..at.detail(detail) };
            findings.violation(self.topics.state, Kind::TornState, finding);
        }
    }

    /// All events are in.
    pub fn finish(mut self, book: &Book, findings: &mut Findings) -> Rest {
        let topic = self.topics.state;
        let mut overdue = Vec::new();
        for (subject, account) in (0..).zip(std::mem::take(&mut self.accounts)) {
            let Account { version, stated, is_broken, .. } = account;
            if is_broken {
                findings.unclear(topic, Unclear::EventsBroken, 1);
                continue;
            }
            if let Some(detail) = stated.as_ref().and_then(|stated| ahead(stated, version)) {
                let offset = stated.as_ref().map_or(0, |stated| stated.offset);
                let at = Finding::at(self.state_at(offset)).of(book.name(subject));
                let finding = Finding {
                    version: stated.as_ref().map(|stated| stated.version),
                    expected_version: Some(version),
                    ..at.detail(detail)
                };
                findings.violation(topic, Kind::TornState, finding);
            } else if let Some(event) = account.overdue {
                let stated = stated.map(|stated| (stated.offset, stated.version));
                let event = self.event_at(event);
                overdue.push(Overdue { subject, version, event, stated });
            }
        }
        if !self.states_complete {
            findings.unclear(topic, Unclear::StateIncomplete, overdue.len() as u64);
            overdue.clear();
        }
        Rest { twins: self.twins, overdue }
    }
}

impl<S> Account<S> {
    /// The command of an event and the event's index among those of the command, when its id
    /// follows from them.
    fn index_of<E>(&self, seen: &Seen<E>, follows: bool) -> Option<(CommandId, u32)> {
        let (command, id) = (seen.command?, seen.id?);
        let expected = match self.cause {
            Some((cause, index)) if cause == command => index + 1,
            _ => 0,
        };
        let mut candidates = if follows { expected..expected + 1 } else { 0..INDICES };
        let index = candidates.find(|index| EventId::of_command(command, *index).0 == id)?;
        Some((command, index))
    }

    /// Folds an event, which is the `version`-th. The first event, and no other, creates.
    fn evolve<A: Aggregate<State = S>>(
        &mut self,
        version: i64,
        event: Result<A::Event, String>,
    ) -> Result<(), (Kind, String)> {
        let event = event.map_err(|reason| {
            self.is_broken = true;
            (Kind::Unreadable, reason)
        })?;
        let creates = version > 1 && A::evolve(None, &event).is_some();
        self.state = A::evolve(self.state.take(), &event);
        if self.is_broken || (self.state.is_some() && !creates) {
            return Ok(());
        }
        self.is_broken = true;
        let detail = if creates { "it creates what exists" } else { "nothing exists before it" };
        Err((Kind::Contradiction, detail.to_owned()))
    }
}

/// What is wrong with a state that no event can follow.
fn ahead<S>(stated: &Stated<S>, version: i64) -> Option<&'static str> {
    if stated.version > version {
        return Some("it has a version that the events have not reached");
    }
    if stated.version == 0 && stated.state.is_some() {
        return Some("it exists without an event");
    }
    beyond(stated)
}

/// What is wrong with the memory of a state.
fn beyond<S>(stated: &Stated<S>) -> Option<&'static str> {
    let newest = stated.accepted.iter().map(|accepted| accepted.version).max();
    (newest > Some(stated.version)).then_some("it remembers a command of a later version")
}

#[cfg(test)]
mod tests;
