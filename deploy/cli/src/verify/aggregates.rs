//! One partition of one aggregate type: commands, outcomes, events and states against each other.

use domain::Aggregate;
use event_log::{Error, Partition};
use schemas::{Messages, command::AggregateState};

use super::{
    commands::{self, Outcomes},
    events,
    findings::Findings,
    outcomes::Books,
    snapshot::Snapshot,
    states,
    workers::{Done, Tools},
};

/// Checks the aggregates in one partition.
pub fn check<A: Aggregate>(
    tools: &mut Tools<'_>,
    snapshot: &Snapshot,
    number: i32,
    outcomes: &Outcomes,
    books: &Books,
) -> Result<Done, Error>
where
    AggregateState<A::State>: Messages,
{
    let partition = Partition { topic: A::Command::TOPIC, number };
    let mut findings = Findings::default();
    let mut book = books.take(partition);
    let states = states::read::<A>(tools, snapshot, number, &mut book, &mut findings)?;
    let into = (&mut book, &books.unaddressed);
    let kept = commands::read(tools, snapshot, partition, outcomes, into, &mut findings)?;
    book.seal(kept);
    events::check::<A>(tools, snapshot, number, states, &mut book, &mut findings)?;
    book.balance(&mut findings);
    Ok(Done { partition, kept, findings })
}
