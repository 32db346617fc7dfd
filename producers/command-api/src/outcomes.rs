//! Outcomes on their way back: who waits for which command, and which outcomes came lately.
//!
//! One lock guards it all; it is held for a few map operations and never over an await.
//! Invariants: a waiter is in the map exactly as long as its [`Waiter`] lives; there are never
//! more than `in_flight` of them; an outcome reaches every waiter of its command.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::{
    CommandId,
    command::{CommandOutcome, RejectionCode},
};
use tokio::sync::oneshot;

use crate::{bounded::Bounded, command::Identity, metrics, settings::Limits};

/// An outcome as it was read from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of the command.
    pub outcome: CommandOutcome,
    /// Joins it with its command.
    pub correlation_id: Option<String>,
}

/// What this instance knows of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is in the log, and its outcome has not come yet.
    Pending(Pending),
    /// It was decided.
    Decided(Outcome),
}

/// A command in the log without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What it is.
    pub identity: Identity,
    /// Joins it with its outcome.
    pub correlation_id: String,
}

/// Why nobody can wait for the outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many commands are under way.
    Full,
    /// Another command has the same id.
    Reused,
}

/// The waiters and the outcomes of late. Shared by the requests and the reader.
#[derive(Debug)]
pub struct Outcomes {
    in_flight: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    groups: HashMap<CommandId, Group>,
    waiters: usize,
    next: u64,
    pending: Bounded<CommandId, Pending>,
    decided: Bounded<CommandId, Outcome>,
}

/// Everybody who waits for one command: the same one may be sent several times in parallel.
#[derive(Debug)]
struct Group {
    identity: Identity,
    senders: Vec<(u64, oneshot::Sender<CommandOutcome>)>,
}

/// Waits for the outcome of one command; gives its place up when dropped.
#[derive(Debug)]
pub struct Waiter {
    outcomes: Arc<Outcomes>,
    command: CommandId,
    number: u64,
    receiver: oneshot::Receiver<CommandOutcome>,
}

impl Outcomes {
    /// Nobody waits, nothing is known.
    pub fn new(limits: &Limits) -> Arc<Self> {
        let state = State {
            groups: HashMap::new(),
            waiters: 0,
            next: 0,
            pending: Bounded::new(limits.remembered),
            decided: Bounded::new(limits.remembered),
        };
        let in_flight = limits.in_flight;
        Arc::new(Self { in_flight, state: Mutex::new(state) })
    }

    /// Begins to wait; called before the command is appended, so that no outcome is missed.
    pub fn wait_for(
        self: &Arc<Self>,
        command: CommandId,
        identity: &Identity,
    ) -> Result<Waiter, Refusal> {
        let mut state = self.lock();
        if state.waiters >= self.in_flight {
            return Err(Refusal::Full);
        }
        if state.is_reused(command, identity) {
            return Err(Refusal::Reused);
        }
        let (sender, receiver) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.waiters += 1;
        gauge(state.waiters);
        let group = state.groups.entry(command).or_insert_with(|| Group {
            identity: identity.clone(),
            senders: Vec::with_capacity(1),
        });
        group.senders.push((number, sender));
        drop(state);
        Ok(Waiter { outcomes: Arc::clone(self), command, number, receiver })
    }

    /// The command is in the log, and who sent it does not wait any longer.
    pub fn left(&self, command: CommandId, pending: Pending) {
        let mut state = self.lock();
        // The outcome may have come at this very moment.
        if state.decided.get(&command).is_none() {
            state.pending.insert(command, pending);
        }
    }

    /// An outcome came: it is remembered and handed to all who wait for it.
    pub fn decided(&self, command: CommandId, outcome: Outcome) {
        let mut state = self.lock();
        state.pending.remove(&command);
        let waiting = state.take_waiting(command, &outcome.outcome);
        // That an id was used twice says nothing of the command that had it first.
        let is_about_another = reused(&outcome.outcome) && state.decided.get(&command).is_some();
        let answer = outcome.outcome.clone();
        if !is_about_another {
            state.decided.insert(command, outcome);
        }
        drop(state);
        for sender in waiting {
            // Who stopped waiting at this very moment needs no answer.
            let _ = sender.send(answer.clone());
        }
    }

    /// What is known of a command.
    pub fn known(&self, command: CommandId) -> Option<Known> {
        let state = self.lock();
        let decided = state.decided.get(&command).cloned().map(Known::Decided);
        decided.or_else(|| state.pending.get(&command).cloned().map(Known::Pending))
    }

    fn forget(&self, command: CommandId, number: u64) {
        let mut state = self.lock();
        state.waiters = state.waiters.saturating_sub(1);
        gauge(state.waiters);
        if let Some(group) = state.groups.get_mut(&command) {
            group.senders.retain(|(other, _)| *other != number);
            if group.senders.is_empty() {
                state.groups.remove(&command);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True when this very instance can tell that the id belongs to another command. All other
    /// cases are the command processor's to find.
    fn is_reused(&self, command: CommandId, identity: &Identity) -> bool {
        let waiting = self.groups.get(&command).map(|group| &group.identity);
        let pending = self.pending.get(&command).map(|pending| &pending.identity);
        let decided = self.decided.get(&command);
        waiting.or(pending).is_some_and(|other| other != identity)
            || decided.is_some_and(|other| !concerns(identity, &other.outcome))
    }

    fn take_waiting(
        &mut self,
        command: CommandId,
        outcome: &CommandOutcome,
    ) -> Vec<oneshot::Sender<CommandOutcome>> {
        let is_theirs = |group: &Group| concerns(&group.identity, outcome);
        if !self.groups.get(&command).is_some_and(is_theirs) {
            return Vec::new();
        }
        let group = self.groups.remove(&command);
        let senders = group.map(|group| group.senders).unwrap_or_default();
        senders.into_iter().map(|(_, sender)| sender).collect()
    }
}

impl Waiter {
    /// Returns when the outcome is there; can be called again after being cut off by a deadline.
    pub async fn outcome(&mut self) -> CommandOutcome {
        match (&mut self.receiver).await {
            Ok(outcome) => outcome,
            // The map gives a sender up only with an outcome, or to the drop of this waiter.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.outcomes.forget(self.command, self.number);
    }
}

fn concerns(identity: &Identity, outcome: &CommandOutcome) -> bool {
    identity.aggregate == outcome.aggregate
        && identity.aggregate_id.as_str() == outcome.aggregate_id
        && identity.fingerprint == outcome.fingerprint
}

/// True when the outcome only says that the command's id was taken.
pub fn reused(outcome: &CommandOutcome) -> bool {
    let code = outcome.rejection.as_ref().and_then(|r| r.known_code());
    code == Some(RejectionCode::CommandIdReused)
}

fn gauge(waiters: usize) {
    let waiters = u32::try_from(waiters).unwrap_or(u32::MAX);
    ::metrics::gauge!(metrics::IN_FLIGHT).set(f64::from(waiters));
}

#[cfg(test)]
mod tests;
