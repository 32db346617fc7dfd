//! An aggregate's state from its history: event after event, with what its envelopes tell.

use schemas::{
    CommandId, Envelope, Timestamp,
    command::{AggregateState, RecentOutcome},
};

use crate::Aggregate;

/// An event that does not follow the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder {
    /// The version that it must have.
    pub expected: i64,
    /// The version that it has.
    pub found: Option<u64>,
}

impl std::fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { expected, found } = self;
        write!(f, "version {found:?} where {expected} must be")
    }
}

impl std::error::Error for OutOfOrder {}

/// Adds the next event. Outcomes of accepted commands come back with it, but for their
/// fingerprint; those of rejected ones are not in the events.
///
/// # Errors
/// [`OutOfOrder`] when the event is not the next one.
pub fn add<A: Aggregate>(
    state: &mut AggregateState<A::State>,
    envelope: &Envelope<'_>,
    event: &A::Event,
) -> Result<(), OutOfOrder> {
    let expected = state.version + 1;
    if envelope.sequence != u64::try_from(expected).ok() {
        return Err(OutOfOrder { expected, found: envelope.sequence });
    }
    state.version = expected;
    state.state = A::evolve(state.state.take(), event);
    recover_outcome(state, envelope);
    Ok(())
}

fn recover_outcome<S>(state: &mut AggregateState<S>, envelope: &Envelope<'_>) {
    let Some(command_id) = envelope.causation_id.map(CommandId::from_key) else { return };
    match state.recent.last_mut().filter(|last| last.command_id == command_id) {
        Some(last) => {
            last.version = state.version;
            last.events += 1;
            last.latest_change = envelope.command_offset;
        }
        None => state.remember(RecentOutcome {
            command_id,
            fingerprint: 0,
            decided_at: envelope.time.unwrap_or_else(Timestamp::now),
            version: state.version,
            events: 1,
            rejection: None,
            latest_change: envelope.command_offset,
        }),
    }
}

#[cfg(test)]
mod tests {
    use schemas::{
        AggregateId, Money,
        order::{OrderConfirmed, OrderCreated, OrderEvent, OrderStatus},
    };

    use super::*;
    use crate::Orders;

    fn envelope(sequence: u64, command: &str) -> Envelope<'_> {
        let time = Some("2026-11-20T10:00:00Z".parse().unwrap());
        let (sequence, causation_id) = (Some(sequence), Some(command));
        Envelope { sequence, causation_id, time, ..Envelope::default() }
    }

    fn created() -> OrderEvent {
        let customer_id = AggregateId::new("c1").unwrap();
        let ordered_at = "2026-11-20T10:00:00Z".parse().unwrap();
        let value = Money::from_minor(1);
        OrderCreated { customer_id, text: "a book".into(), value, ordered_at }.into()
    }

    #[test]
    fn events_of_one_command_are_one_outcome() {
        let mut state = AggregateState::absent();
        add::<Orders>(&mut state, &envelope(1, "a"), &created()).unwrap();
        add::<Orders>(&mut state, &envelope(2, "a"), &OrderConfirmed::default().into()).unwrap();
        let [outcome] = state.recent.as_slice() else { panic!("{:?}", state.recent) };
        assert_eq!((state.version, outcome.version, outcome.events), (2, 2, 2));
        assert_eq!(state.state.unwrap().status, OrderStatus::Confirmed);
    }

    #[test]
    fn a_gap_and_a_repeat_are_told() {
        let mut state = AggregateState::absent();
        add::<Orders>(&mut state, &envelope(1, "a"), &created()).unwrap();
        for found in [1, 3] {
            let refused = add::<Orders>(&mut state, &envelope(found, "b"), &created());
            assert_eq!(refused, Err(OutOfOrder { expected: 2, found: Some(found) }));
        }
        assert_eq!(state.version, 1);
    }
}
