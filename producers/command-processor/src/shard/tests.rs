use domain::Orders;
use schemas::{
    Decoder, Encoder, Messages, Money,
    order::{ConfirmOrder, CreateOrder, Order, OrderCommand, OrderEvent},
};

use super::*;
use crate::absent::REMEMBERED;

type State = AggregateState<Order>;

/// A shard with the codec around it that its writer has.
struct Bench {
    shard: Shard<Orders>,
    encoder: Encoder<State>,
    decoder: Decoder,
    /// Microseconds.
    clock: i64,
}

impl Bench {
    fn new(shard: Shard<Orders>) -> Self {
        let mut decoder = Decoder::default();
        decoder.add(1, State::FILES[0].text).unwrap();
        Self { shard, encoder: Encoder::new(&[1]).unwrap(), decoder, clock: 1_795_168_800_000_000 }
    }

    fn decide(&mut self, request: Request<'_, OrderCommand>) -> Decision<OrderEvent> {
        let wire_type = State::FILES[0].wire_type;
        let decode =
            |bytes: &[u8]| Ok::<_, ()>(self.decoder.decode(wire_type, bytes).unwrap().unwrap());
        self.clock += 1;
        let now = Timestamp::from_micros(self.clock).unwrap();
        self.shard.decide(request, now, decode).unwrap()
    }

    /// Seals and commits; what the state topic was told.
    fn commit(&mut self) -> Vec<(AggregateId, bool)> {
        let changes = self.shard.seal(usize::MAX, |state| self.encoder.encode(state)).unwrap();
        let told = changes.iter().map(|c| (c.aggregate.clone(), c.stored.is_some())).collect();
        self.shard.commit();
        told
    }

    fn stored(&self, id: &AggregateId, state: &State) -> Stored {
        Stored::new(id, &self.encoder.encode(state).unwrap())
    }
}

fn empty() -> Bench {
    Bench::new(Shard::complete(States::default()))
}

fn order(n: usize) -> AggregateId {
    AggregateId::new(&format!("o{n}")).unwrap()
}

fn create() -> OrderCommand {
    let customer_id = AggregateId::new("c1").unwrap();
    let value = Money::from_minor(1399);
    CreateOrder { customer_id, text: "a book".into(), value, ordered_at: None }.into()
}

fn confirm() -> OrderCommand {
    ConfirmOrder::default().into()
}

fn request<'a>(
    key: &str,
    aggregate: &'a AggregateId,
    command: OrderCommand,
) -> Request<'a, OrderCommand> {
    let fingerprint = i64::try_from(command.wire_type().len()).unwrap();
    let id = CommandId::from_key(key);
    let (offset, asked_at, command) = (0, asked_at(), Ok(command));
    Request { id, offset, aggregate, fingerprint, expected_version: None, asked_at, command }
}

fn asked_at() -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000).unwrap()
}

#[test]
fn what_is_not_dated_happened_when_the_command_was_made() {
    let (mut bench, order) = (empty(), order(1));
    let created = bench.decide(request("1", &order, create()));
    let [OrderEvent::Created(created)] = created.events.as_slice() else { panic!("{created:?}") };
    assert_eq!(created.ordered_at, asked_at());
}

#[test]
fn a_batch_sees_what_it_decided_itself() {
    let (mut bench, order) = (empty(), order(1));
    let created = bench.decide(request("1", &order, create()));
    let confirmed = bench.decide(request("2", &order, confirm()));
    assert_eq!((created.outcome.version, confirmed.outcome.version), (1, 2));
    assert_eq!(bench.shard.len(), 0, "nothing is committed yet");
    assert_eq!(bench.commit(), [(order.clone(), true)]);
    assert_eq!((bench.shard.len(), bench.shard.changes().len()), (1, 0));
    assert_eq!(bench.decide(request("3", &order, confirm())).outcome.version, 2, "after a decode");
}

#[test]
fn a_repeat_gets_the_original_answer_whatever_happened_since() {
    let (mut bench, order) = (empty(), order(1));
    let refused = bench.decide(request("2", &order, confirm()));
    assert_eq!(refused.outcome.rejection.as_ref().unwrap().code, "not_found");
    let created = bench.decide(request("1", &order, create()));
    bench.commit();
    for (key, command, original) in [("1", create(), &created), ("2", confirm(), &refused)] {
        let again = bench.decide(request(key, &order, command));
        assert_eq!((&again.outcome, again.repeated), (&original.outcome, true));
        assert!(again.events.is_empty());
    }
    assert_eq!(bench.commit(), [], "a repeat changes nothing");
}

#[test]
fn an_outcome_tells_which_command_made_the_latest_change() {
    let (mut bench, order) = (empty(), order(1));
    let mut latest = |key, command, offset| {
        let request = Request { offset, ..request(key, &order, command) };
        bench.decide(request).outcome.latest_change
    };
    assert_eq!(latest("1", confirm(), 4), None, "there is no order, and nothing to wait for");
    assert_eq!(latest("2", create(), 5), Some(5));
    assert_eq!(latest("3", create(), 6), Some(5), "refused: what stands was made by 5");
    assert_eq!(latest("4", confirm(), 7), Some(7));
    assert_eq!(latest("2", create(), 8), Some(5), "a repeat has the original's");
    assert_eq!(latest("2", confirm(), 9), Some(7), "refused for another reason than then");
}

#[test]
fn a_command_id_stands_for_one_command() {
    let (mut bench, order) = (empty(), order(1));
    bench.decide(request("1", &order, create()));
    let other = bench.decide(request("1", &order, confirm()));
    assert_eq!(other.outcome.rejection.unwrap().code, "command_id_reused");
}

#[test]
fn the_expected_version_must_be_met() {
    let (mut bench, order) = (empty(), order(1));
    bench.decide(request("1", &order, create()));
    let mut wrong = request("2", &order, confirm());
    wrong.expected_version = Some(7);
    let refused = bench.decide(wrong).outcome;
    assert_eq!(
        (refused.rejection.unwrap().code.as_str(), refused.version),
        ("version_mismatch", 1)
    );
    let mut right = request("3", &order, confirm());
    right.expected_version = Some(1);
    assert_eq!(bench.decide(right).outcome.version, 2);
}

#[test]
fn what_a_lost_state_topic_lacks_is_paid_bit_by_bit() {
    let mut bench = empty();
    let mut states = States::default();
    for n in 0..5 {
        let state = State { version: 2, ..State::absent() };
        states.put(bench.stored(&order(n), &state));
    }
    bench.shard = Shard::rebuilt(states, (1..5).map(order).collect());
    // The batch under way changes one of them: it is told with the batch, not after it as it was.
    bench.decide(request("x", &order(4), create()));
    let mut paid = Vec::new();
    for (count, complete) in [(2, false), (1, true)] {
        let owed = bench.shard.pay(3).unwrap();
        assert_eq!((owed.aggregates.len(), owed.complete), (count, complete));
        paid.extend(owed.aggregates);
    }
    paid.sort();
    assert_eq!(paid, [order(1), order(2), order(3)]);
    assert_eq!(bench.shard.pay(3), None);
}

#[test]
fn memory_of_outcomes_is_bounded() {
    let (mut bench, order) = (empty(), order(1));
    for n in 0..100 {
        bench.decide(request(&n.to_string(), &order, create()));
        bench.commit();
    }
    let newest = 100 - State::MEMORY;
    let repeated = |bench: &mut Bench, n: usize| {
        bench.decide(request(&n.to_string(), &order, create())).repeated
    };
    assert!(repeated(&mut bench, newest) && !repeated(&mut bench, newest - 1));
}

#[test]
fn refusals_on_absent_aggregates_are_remembered_for_a_time() {
    let mut bench = empty();
    for n in 0..REMEMBERED {
        bench.decide(request(&n.to_string(), &order(n), confirm()));
    }
    bench.commit();
    bench.decide(request("c", &order(1), create()));
    let told = bench.commit();
    assert_eq!((told.len(), &told[0]), (1, &(order(1), true)), "all of them are remembered");
    assert!(bench.decide(request("0", &order(0), confirm())).repeated);

    // Two more: now the oldest goes; the one after it exists meanwhile.
    for n in 0..2 {
        bench.decide(request("n", &order(REMEMBERED + n), confirm()));
    }
    bench.commit();
    assert_eq!(bench.commit(), [(order(0), false)]);
    assert_eq!(bench.shard.len(), REMEMBERED + 1);
    assert!(!bench.decide(request("0", &order(0), confirm())).repeated);
    assert!(bench.decide(request("1", &order(1), confirm())).repeated);
}
