//! What the states of a partition are against what its events say.

use std::collections::HashMap;

use domain::Aggregate;
use schemas::{AggregateId, command::AggregateState};

/// What was found in one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Which partition.
    pub place: String,
    /// Aggregates with events.
    pub aggregates: usize,
    /// States that are not there.
    pub missing: usize,
    /// States that cannot be read.
    pub unreadable: usize,
    /// States with another version or content.
    pub different: usize,
    /// States of aggregates without events that claim to have some.
    pub surplus: usize,
    /// Whether the topic says that it lacks nothing.
    pub is_complete: bool,
}

impl Tally {
    /// How many states are written or taken away.
    pub fn changed(&self) -> usize {
        let Self { missing, unreadable, different, surplus, .. } = self;
        missing + unreadable + different + surplus
    }
}

/// A state as it is in the topic; an error when it cannot be read.
pub type Found<S> = Result<AggregateState<S>, ()>;

/// What the state topic has to be told: a state, or that there is none.
pub type Correction<S> = (AggregateId, Option<AggregateState<S>>);

/// Compares, and returns what makes the states right.
pub fn compare<A: Aggregate>(
    mut events: HashMap<AggregateId, AggregateState<A::State>>,
    states: impl IntoIterator<Item = (AggregateId, Found<A::State>)>,
    tally: &mut Tally,
) -> Vec<Correction<A::State>> {
    tally.aggregates = events.len();
    let mut corrections = Vec::new();
    for (id, found) in states {
        let correct = match (events.remove(&id), found) {
            (Some(truth), Ok(found)) => {
                if (truth.version, &truth.state) == (found.version, &found.state) {
                    continue;
                }
                tally.different += 1;
                // Of the same length: its outcomes are right, and more than the events tell.
                let recent =
                    if truth.version == found.version { found.recent } else { truth.recent };
                Some(AggregateState { recent, ..truth })
            }
            (Some(truth), Err(())) => {
                tally.unreadable += 1;
                Some(truth)
            }
            // It does not exist; commands on it were refused.
            (None, Ok(found)) if found.version == 0 && found.state.is_none() => continue,
            (None, Ok(_)) => {
                tally.surplus += 1;
                None
            }
            (None, Err(())) => {
                tally.unreadable += 1;
                None
            }
        };
        corrections.push((id, correct));
    }
    tally.missing = events.len();
    corrections.extend(events.into_iter().map(|(id, truth)| (id, Some(truth))));
    corrections
}

#[cfg(test)]
mod tests {
    use domain::Orders;
    use schemas::{
        CommandId, Timestamp,
        command::RecentOutcome,
        order::{Order, OrderStatus},
    };

    use super::*;

    type State = AggregateState<Order>;

    fn id(text: &str) -> AggregateId {
        AggregateId::new(text).unwrap()
    }

    fn at(version: i64, status: OrderStatus) -> State {
        State { version, state: Some(Order { status }), recent: Vec::new() }
    }

    fn remembering(mut state: State, command: &str) -> State {
        state.remember(RecentOutcome {
            command_id: CommandId::from_key(command),
            fingerprint: 1,
            decided_at: Timestamp::from_micros(0).unwrap(),
            version: state.version,
            events: 0,
            rejection: None,
            latest_change: None,
        });
        state
    }

    #[test]
    fn only_what_is_wrong_is_made_right() {
        use OrderStatus::{Confirmed, New};
        let events = ["right", "older", "torn", "missing", "other"];
        let events = events.map(|name| (id(name), remembering(at(2, Confirmed), "event")));
        let states = [
            (id("right"), Ok(remembering(at(2, Confirmed), "refused"))),
            (id("older"), Ok(remembering(at(1, New), "refused"))),
            (id("other"), Ok(remembering(at(2, New), "refused"))),
            (id("torn"), Err(())),
            (id("stranger"), Ok(remembering(State::absent(), "refused"))),
            (id("surplus"), Ok(at(1, New))),
        ];
        let mut tally = Tally::default();
        let mut corrections = compare::<Orders>(events.into(), states, &mut tally);
        corrections.sort_by(|a, b| a.0.cmp(&b.0));
        let truth = |command| Some(remembering(at(2, Confirmed), command));
        assert_eq!(
            corrections,
            [
                (id("missing"), truth("event")),
                (id("older"), truth("event")),
                (id("other"), truth("refused")),
                (id("surplus"), None),
                (id("torn"), truth("event")),
            ]
        );
        let counts = (tally.missing, tally.unreadable, tally.different, tally.surplus);
        assert_eq!((counts, tally.aggregates, tally.changed()), ((1, 1, 2, 1), 5, 5));
    }
}
