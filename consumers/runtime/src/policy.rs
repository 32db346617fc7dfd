//! Policies: events are answered by commands. A policy is a consumer like the others, only without
//! tables: its answers go through the outbox, in one Postgres transaction with the offsets, and the
//! relay brings them into the log. What it cannot read or answer is parked, key by key.
//!
//! A command's id follows from the event and the name of the policy, so that whoever answers an
//! event again gives the same command. That is why nothing has to be carried over to an empty
//! schema: all events are answered again then, and the aggregate refuses or recognises what it has
//! decided before: as a repeat, as long as it remembers the command, and later by its rules, as an
//! order that is neither new nor unconfirmed refuses to be confirmed.

use refinery::Runner;
use schemas::{AggregateId, Messages, Timestamp};
use service::{Failure, Shell};

use crate::{
    projection::{Emissions, Projection, ProjectionError},
    recorded::{Recorded, Source},
    run::{self, Consumer},
    settings::Settings,
};

/// Answers events with commands. Synchronous and pure.
pub trait Policy: Send + Sync + 'static {
    /// The events that it handles.
    type Event: Send + Sync + 'static;

    /// The commands that it gives.
    type Command: Messages;

    /// The topics that it reads.
    fn sources(&self) -> Vec<Source<Self::Event>>;

    /// Answers an event: by one command, or not at all.
    fn react(&self, event: &Recorded<Self::Event>) -> Option<Reaction<Self::Command>>;
}

/// A command to an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction<C> {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The command.
    pub command: C,
}

/// Runs a policy until the shutdown.
///
/// # Errors
/// The first failure of any of its parts.
pub async fn run<P: Policy>(shell: Shell, settings: Settings, policy: P) -> Result<(), Failure> {
    let consumer = Consumer::without_queries(Answering(policy), no_migrations);
    run::run(shell, settings, consumer).await
}

/// A policy as what the engine knows: a projection whose rows are none.
#[derive(Clone, Copy, Debug)]
pub struct Answering<P>(pub P);

impl<P: Policy> Projection for Answering<P> {
    type Event = P::Event;
    type Tables = ();
    type Emission = P::Command;

    fn sources(&self) -> Vec<Source<P::Event>> {
        self.0.sources()
    }

    fn keys(&self, _: &Recorded<P::Event>, (): &mut ()) {}

    fn apply(
        &self,
        event: &Recorded<P::Event>,
        _: Timestamp,
        (): &mut (),
        out: &mut Emissions<P::Command>,
    ) -> Result<(), ProjectionError> {
        if let Some(Reaction { aggregate, command }) = self.0.react(event) {
            out.answer(event.into(), &aggregate, command);
        }
        Ok(())
    }
}

/// A policy has no tables but those of the runtime.
#[must_use]
pub fn no_migrations() -> Runner {
    Runner::new(&[])
}
