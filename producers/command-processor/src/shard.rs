//! The aggregates of one partition: what is committed, and over it what the batch under way has
//! decided. Pure: time is an argument.

use std::{borrow::Cow, collections::HashMap};

use domain::Aggregate;
use foldhash::fast::RandomState;
use schemas::{
    AggregateId, CommandId, Timestamp,
    command::{AggregateState, RecentOutcome, Rejection, RejectionCode},
};

use crate::states::{States, Stored};

/// A command as the shard needs it.
#[derive(Debug)]
pub struct Request<'a, C> {
    /// Its id.
    pub id: CommandId,
    /// Its offset in the commands topic.
    pub offset: i64,
    /// The aggregate that it is about.
    pub aggregate: &'a AggregateId,
    /// Hash of all that makes it this command and no other.
    pub fingerprint: i64,
    /// Refuse it unless the aggregate has this version.
    pub expected_version: Option<u64>,
    /// When it was made, which is never later than now: what is not said otherwise happened then,
    /// so that the same command means the same whenever it is decided.
    pub asked_at: Timestamp,
    /// The wish; absent with the reason when it cannot be read.
    pub command: Result<C, Rejection>,
}

/// What a shard answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision<E> {
    /// New events, in order; the first has version `outcome.version - events.len() + 1`.
    pub events: Vec<E>,
    /// What the sender gets.
    pub outcome: RecentOutcome,
    /// True when the command had been answered before.
    pub repeated: bool,
}

/// The aggregates of one partition.
pub struct Shard<A: Aggregate> {
    committed: States,
    overlay: HashMap<AggregateId, AggregateState<A::State>, RandomState>,
    /// The overlay once it is encoded: what the state topic is told with the batch under way.
    sealed: Vec<Change>,
    /// What the state topic lacks; `None` when it has been told to be complete.
    owed: Option<Vec<AggregateId>>,
}

/// One change of the state topic.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which aggregate.
    pub aggregate: AggregateId,
    /// Its new state; none when it is forgotten.
    pub stored: Option<Stored>,
}

/// What the state topic still has to be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Owed {
    /// States to be written.
    pub aggregates: Vec<AggregateId>,
    /// Nothing more is owed after these.
    pub complete: bool,
}

impl<A: Aggregate> Shard<A> {
    /// A partition whose state topic lacks nothing.
    pub fn complete(states: States) -> Self {
        Self { committed: states, overlay: HashMap::default(), sealed: Vec::new(), owed: None }
    }

    /// A partition whose state topic may lack anything: the states that it has, and after them
    /// `owed` of which it has none, or none that is up to date.
    pub fn rebuilt(states: States, owed: Vec<AggregateId>) -> Self {
        Self { owed: Some(owed), ..Self::complete(states) }
    }

    /// Up to `most` of what the state topic lacks, to be written with the batch under way; `None`
    /// when it lacks nothing. What the batch itself has changed is written with it anyway.
    pub fn pay(&mut self, most: usize) -> Option<Owed> {
        let owed = self.owed.as_mut()?;
        let mut aggregates = owed.split_off(owed.len().saturating_sub(most));
        aggregates.retain(|id| !self.overlay.contains_key(id));
        let complete = owed.is_empty();
        if complete {
            self.owed = None;
        }
        Some(Owed { aggregates, complete })
    }

    /// The committed state of an aggregate, encoded.
    pub fn committed(&self, id: &AggregateId) -> Option<&[u8]> {
        self.committed.get(id)
    }

    /// Number of aggregates.
    pub fn len(&self) -> usize {
        self.committed.len()
    }

    /// Bytes of their ids and states.
    pub fn bytes(&self) -> usize {
        self.committed.bytes()
    }

    /// Decides a command on the state that the commands before it made, committed or not. A
    /// committed state is given to `decode`.
    ///
    /// # Errors
    /// What `decode` returns: then nothing was decided.
    pub fn decide<E>(
        &mut self,
        request: Request<'_, A::Command>,
        now: Timestamp,
        decode: impl FnOnce(&[u8]) -> Result<AggregateState<A::State>, E>,
    ) -> Result<Decision<A::Event>, E> {
        let current = match self.overlay.get(request.aggregate) {
            Some(state) => Cow::Borrowed(state),
            None => Cow::Owned(match self.committed.get(request.aggregate) {
                Some(bytes) => decode(bytes)?,
                None => AggregateState::absent(),
            }),
        };
        if let Some(earlier) = current.outcome_of(request.id) {
            let outcome = repeat(earlier, &request, &current);
            return Ok(Decision { events: Vec::new(), outcome, repeated: true });
        }
        let decided = request.command.and_then(|command| {
            expect_version(request.expected_version, current.version)?;
            A::decide(current.state.as_ref(), &command, request.asked_at)
        });
        let (events, rejection) = match decided {
            Ok(events) => (events, None),
            Err(rejection) => (Vec::new(), Some(rejection)),
        };
        let latest_change = match events.is_empty() {
            true => current.latest_change(),
            false => Some(request.offset),
        };
        let mut next = current.into_owned();
        next.state = events.iter().fold(next.state, A::evolve);
        next.version += i64::try_from(events.len()).unwrap_or(0);
        let outcome = RecentOutcome {
            command_id: request.id,
            fingerprint: request.fingerprint,
            decided_at: now,
            version: next.version,
            events: i32::try_from(events.len()).unwrap_or(0),
            rejection,
            latest_change,
        };
        next.remember(outcome.clone());
        self.overlay.insert(request.aggregate.clone(), next);
        Ok(Decision { events, outcome, repeated: false })
    }

    /// Ends the batch under way: encodes what it has changed, and lets go of up to `most` absent
    /// aggregates that are remembered for too long. Returns what the state topic must be told.
    ///
    /// # Errors
    /// What `encode` returns.
    pub fn seal<E>(
        &mut self,
        most: usize,
        mut encode: impl FnMut(&AggregateState<A::State>) -> Result<Vec<u8>, E>,
    ) -> Result<&[Change], E> {
        self.sealed.clear();
        // Absent aggregates last, as they came: their order is how they are forgotten.
        let (exist, mut absent): (Vec<_>, Vec<_>) =
            self.overlay.iter().partition(|(_, state)| state.version > 0);
        absent.sort_by_key(|(_, state)| state.recent.last().map(|outcome| outcome.decided_at));
        for (id, state) in exist.into_iter().chain(absent) {
            let stored = Some(Stored::new(id, &encode(state)?));
            self.sealed.push(Change { aggregate: id.clone(), stored });
        }
        let overdue = self.committed.overdue(most).into_iter();
        let overdue = overdue.filter(|id| !self.overlay.contains_key(id));
        self.sealed.extend(overdue.map(|aggregate| Change { aggregate, stored: None }));
        Ok(&self.sealed)
    }

    /// What the batch under way has changed, once it is sealed.
    pub fn changes(&self) -> &[Change] {
        &self.sealed
    }

    /// The batch is committed: what it decided becomes the state.
    pub fn commit(&mut self) {
        self.overlay.clear();
        for Change { aggregate, stored } in self.sealed.drain(..) {
            match stored {
                Some(stored) => self.committed.put(stored),
                None => self.committed.remove(&aggregate),
            }
        }
    }
}

/// The original answer, unless the id was taken for another command. A fingerprint of zero is of
/// an outcome that was recovered from its events and stands for any.
fn repeat<C, S>(
    earlier: &RecentOutcome,
    request: &Request<'_, C>,
    current: &AggregateState<S>,
) -> RecentOutcome {
    let answer = RecentOutcome { fingerprint: request.fingerprint, ..earlier.clone() };
    if earlier.fingerprint == request.fingerprint || earlier.fingerprint == 0 {
        return answer;
    }
    let message = "the command id was used for another command; take a new one";
    let rejection = Some(Rejection::new(RejectionCode::CommandIdReused, message));
    let (version, latest_change) = (current.version, current.latest_change());
    RecentOutcome { version, events: 0, rejection, latest_change, ..answer }
}

fn expect_version(expected: Option<u64>, actual: i64) -> Result<(), Rejection> {
    match expected {
        Some(expected) if i64::try_from(expected) != Ok(actual) => {
            let message = format!("the version is {actual}, not {expected}");
            Err(Rejection::new(RejectionCode::VersionMismatch, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
