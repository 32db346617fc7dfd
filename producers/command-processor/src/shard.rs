//! The aggregates of one partition: what is committed, and over it what the batch under way has
//! decided. Pure: time is an argument.

use std::collections::HashMap;

use domain::Aggregate;
use schemas::{
    AggregateId, CommandId, Timestamp,
    command::{AggregateState, RecentOutcome, Rejection, RejectionCode},
};

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
    committed: HashMap<AggregateId, AggregateState<A::State>>,
    overlay: HashMap<AggregateId, AggregateState<A::State>>,
    /// What the state topic lacks; `None` when it has been told to be complete.
    owed: Option<Vec<AggregateId>>,
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
    pub fn complete(states: HashMap<AggregateId, AggregateState<A::State>>) -> Self {
        Self { committed: states, overlay: HashMap::new(), owed: None }
    }

    /// A partition whose state topic may lack anything: the states that it has, and the fold of
    /// the events, which is the truth. A state that is up to date is kept, since it remembers
    /// more outcomes than the events tell.
    pub fn rebuilt(
        mut states: HashMap<AggregateId, AggregateState<A::State>>,
        folded: HashMap<AggregateId, AggregateState<A::State>>,
    ) -> Self {
        let mut owed = Vec::new();
        for (id, fold) in folded {
            if states.get(&id).is_none_or(|state| state.version != fold.version) {
                owed.push(id.clone());
                states.insert(id, fold);
            }
        }
        Self { committed: states, overlay: HashMap::new(), owed: Some(owed) }
    }

    /// Up to `most` of what the state topic lacks, to be written with the batch under way; `None`
    /// when it lacks nothing.
    pub fn pay(&mut self, most: usize) -> Option<Owed> {
        let owed = self.owed.as_mut()?;
        let aggregates = owed.split_off(owed.len().saturating_sub(most));
        let complete = owed.is_empty();
        if complete {
            self.owed = None;
        }
        Some(Owed { aggregates, complete })
    }

    /// The state of an aggregate, with what the batch under way has decided.
    pub fn state(&self, id: &AggregateId) -> Option<&AggregateState<A::State>> {
        self.overlay.get(id).or_else(|| self.committed.get(id))
    }

    /// Number of aggregates.
    pub fn len(&self) -> usize {
        self.committed.len()
    }

    /// Decides a command on the state that the commands before it made, committed or not.
    pub fn decide(
        &mut self,
        request: Request<'_, A::Command>,
        now: Timestamp,
    ) -> Decision<A::Event> {
        let absent = AggregateState::absent();
        let current = self.state(request.aggregate).unwrap_or(&absent);
        if let Some(earlier) = current.outcome_of(request.id) {
            let outcome = repeat(earlier, &request, current);
            return Decision { events: Vec::new(), outcome, repeated: true };
        }
        let decided = request.command.and_then(|command| {
            expect_version(request.expected_version, current.version)?;
            A::decide(current.state.as_ref(), &command, now)
        });
        let (events, rejection) = match decided {
            Ok(events) => (events, None),
            Err(rejection) => (Vec::new(), Some(rejection)),
        };
        let mut next = current.clone();
        next.state = events.iter().fold(next.state, A::evolve);
        next.version += i64::try_from(events.len()).unwrap_or(0);
        let outcome = RecentOutcome {
            command_id: request.id,
            fingerprint: request.fingerprint,
            decided_at: now,
            version: next.version,
            events: i32::try_from(events.len()).unwrap_or(0),
            rejection,
            latest_change: match events.is_empty() {
                true => current.latest_change(),
                false => Some(request.offset),
            },
        };
        next.remember(outcome.clone());
        self.overlay.insert(request.aggregate.clone(), next);
        Decision { events, outcome, repeated: false }
    }

    /// What the batch under way has changed.
    pub fn changed(&self) -> impl Iterator<Item = (&AggregateId, &AggregateState<A::State>)> {
        self.overlay.iter()
    }

    /// The batch is committed: what it decided becomes the state.
    pub fn commit(&mut self) {
        self.committed.extend(self.overlay.drain());
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
mod tests {
    use domain::Orders;
    use schemas::{
        Money,
        order::{ConfirmOrder, CreateOrder, OrderCommand},
    };

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T10:00:00Z".parse().unwrap()
    }

    fn create() -> OrderCommand {
        let customer_id = AggregateId::new("c1").unwrap();
        let value = Money::from_minor(1399);
        CreateOrder { customer_id, text: "a book".into(), value, ordered_at: None }.into()
    }

    fn request<'a>(
        key: &str,
        aggregate: &'a AggregateId,
        command: OrderCommand,
    ) -> Request<'a, OrderCommand> {
        let fingerprint = i64::try_from(command.wire_type().len()).unwrap();
        let id = CommandId::from_key(key);
        let (offset, command) = (0, Ok(command));
        Request { id, offset, aggregate, fingerprint, expected_version: None, command }
    }

    use schemas::Messages;

    #[test]
    fn a_batch_sees_what_it_decided_itself() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        let created = shard.decide(request("1", &order, create()), now());
        let confirmed = shard.decide(request("2", &order, ConfirmOrder {}.into()), now());
        assert_eq!((created.outcome.version, confirmed.outcome.version), (1, 2));
        assert_eq!(shard.len(), 0, "nothing is committed yet");
        shard.commit();
        assert_eq!((shard.len(), shard.changed().count()), (1, 0));
    }

    #[test]
    fn a_repeat_gets_the_original_answer_whatever_happened_since() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        let refused = shard.decide(request("2", &order, ConfirmOrder {}.into()), now());
        assert_eq!(refused.outcome.rejection.as_ref().unwrap().code, "not_found");
        let created = shard.decide(request("1", &order, create()), now());
        shard.commit();
        for (key, command, original) in
            [("1", create(), &created), ("2", ConfirmOrder {}.into(), &refused)]
        {
            let again = shard.decide(request(key, &order, command), now());
            assert_eq!((&again.outcome, again.repeated), (&original.outcome, true));
            assert!(again.events.is_empty());
        }
    }

    #[test]
    fn an_outcome_tells_which_command_made_the_latest_change() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        let mut latest = |key, command, offset| {
            let request = Request { offset, ..request(key, &order, command) };
            shard.decide(request, now()).outcome.latest_change
        };
        let confirm = || OrderCommand::from(ConfirmOrder {});
        assert_eq!(latest("1", confirm(), 4), None, "there is no order, and nothing to wait for");
        assert_eq!(latest("2", create(), 5), Some(5));
        assert_eq!(latest("3", create(), 6), Some(5), "refused: what stands was made by 5");
        assert_eq!(latest("4", confirm(), 7), Some(7));
        assert_eq!(latest("2", create(), 8), Some(5), "a repeat has the original's");
        assert_eq!(latest("2", confirm(), 9), Some(7), "refused for another reason than then");
    }

    #[test]
    fn a_command_id_stands_for_one_command() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        shard.decide(request("1", &order, create()), now());
        let other = shard.decide(request("1", &order, ConfirmOrder {}.into()), now());
        assert_eq!(other.outcome.rejection.unwrap().code, "command_id_reused");
    }

    #[test]
    fn the_expected_version_must_be_met() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        shard.decide(request("1", &order, create()), now());
        let mut wrong = request("2", &order, ConfirmOrder {}.into());
        wrong.expected_version = Some(7);
        let refused = shard.decide(wrong, now()).outcome;
        assert_eq!(
            (refused.rejection.unwrap().code.as_str(), refused.version),
            ("version_mismatch", 1)
        );
        let mut right = request("3", &order, ConfirmOrder {}.into());
        right.expected_version = Some(1);
        assert_eq!(shard.decide(right, now()).outcome.version, 2);
    }

    #[test]
    fn what_a_lost_state_topic_lacks_is_paid_bit_by_bit() {
        let id = |n: usize| AggregateId::new(&format!("o{n}")).unwrap();
        let at = |version| AggregateState { version, ..AggregateState::absent() };
        let folded = (0..5).map(|n| (id(n), at(2))).collect();
        // One state is up to date, one is not.
        let states = [(id(0), at(2)), (id(1), at(1))].into();
        let mut shard = Shard::<Orders>::rebuilt(states, folded);
        assert!((0..5).all(|n| shard.state(&id(n)).unwrap().version == 2));
        let mut paid = Vec::new();
        for (count, complete) in [(3, false), (1, true)] {
            let owed = shard.pay(3).unwrap();
            assert_eq!((owed.aggregates.len(), owed.complete), (count, complete));
            paid.extend(owed.aggregates);
        }
        paid.sort();
        assert_eq!(paid, [id(1), id(2), id(3), id(4)]);
        assert_eq!(shard.pay(3), None);
    }

    #[test]
    fn memory_of_outcomes_is_bounded() {
        let (mut shard, order) =
            (Shard::<Orders>::complete(HashMap::new()), AggregateId::new("o1").unwrap());
        for n in 0..100 {
            shard.decide(request(&n.to_string(), &order, create()), now());
        }
        let (_, state) = shard.changed().next().unwrap();
        assert_eq!(state.recent.len(), AggregateState::<()>::MEMORY);
    }
}
