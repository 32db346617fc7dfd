use domain::Orders;
use schemas::{
    AggregateId, Money, Timestamp, Topic,
    order::{Order, OrderConfirmed, OrderCreated, OrderEvent, OrderStatus},
};

use super::*;
use crate::verify::{
    book::{Answer, End, Wish},
    retention::Kept,
    states::Accepted,
};

/// A partition whose commands each make one event.
struct Stage {
    book: Book,
    states: States<Order>,
    events: Vec<Seen<OrderEvent>>,
}

fn created() -> OrderEvent {
    OrderEvent::Created(OrderCreated {
        customer_id: AggregateId::new("c1").unwrap(),
        text: "a book".into(),
        value: Money::from_minor(1),
        ordered_at: Timestamp::from_micros(0).unwrap(),
    })
}

fn confirmed() -> OrderEvent {
    OrderEvent::Confirmed(OrderConfirmed::default())
}

impl Stage {
    fn new() -> Self {
        let states = States { of: [].into(), complete: true };
        Self { book: Book::new(Topic::ORDER_COMMANDS), states, events: Vec::new() }
    }

    /// An event as it should be.
    fn event(&mut self, order: &str, version: i64, event: OrderEvent) -> &mut Seen<OrderEvent> {
        let offset = i64::try_from(self.events.len()).unwrap();
        let command = CommandId::from_key(&format!("{order} {version}"));
        let subject = self.book.subject(order);
        let key = Key { command, subject };
        let (digest, decided, partition, end) = (0, 0, 0, End::Accepted(1));
        self.book.answer(key, Answer { digest, decided, version, end, partition, offset });
        self.book.command(key, Wish { partition, offset, consumed: true, outcome_kept: true });
        self.events.push(Seen {
            offset,
            subject,
            version,
            id: Some(EventId::of_command(command, 0).0),
            command: Some(command),
            made: 0,
            event: Ok(event),
        });
        self.events.last_mut().unwrap()
    }

    /// A new and confirmed order.
    fn order(&mut self, order: &str) {
        self.event(order, 1, created());
        self.event(order, 2, confirmed());
        self.state(order, 2, OrderStatus::Confirmed);
    }

    fn state(&mut self, order: &str, version: i64, status: OrderStatus) {
        let accepted = (1..=version)
            .map(|version| {
                let command = CommandId::from_key(&format!("{order} {version}"));
                Accepted { command, version, events: 1 }
            })
            .collect();
        let state = Some(Order { status });
        let subject = self.book.subject(order);
        self.states.of.insert(subject, Stated { offset: 100, version, state, accepted });
    }

    fn stated(&mut self, order: &str) -> &mut Stated<Order> {
        let subject = self.book.subject(order);
        self.states.of.get_mut(&subject).unwrap()
    }

    /// All that is found, when the events before `settled` must be known to the state topic.
    fn check(mut self, settled: i64) -> Found {
        self.book.seal(Kept::All);
        let mut findings = Findings::default();
        let mut history = History::<Orders>::new(0, settled, self.states);
        for seen in self.events {
            history.event(seen, &mut self.book, &mut findings);
        }
        let rest = history.finish(&self.book, &mut findings);
        let (mut kinds, mut unclear) = (Vec::new(), Vec::new());
        for tally in findings.0.into_values() {
            unclear.extend(tally.unclear);
            for (kind, found) in tally.violations {
                let details = found.examples.into_iter();
                kinds.extend(details.map(|e| (kind, e.offset, e.detail.unwrap_or_default())));
            }
        }
        let twins = rest.twins.into_iter().map(|twin| twin.at.offset).collect();
        let overdue = rest.overdue.into_iter().map(|o| (o.event.offset, o.stated)).collect();
        Found { kinds, unclear, twins, overdue }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    kinds: Vec<(Kind, i64, String)>,
    unclear: Vec<(Unclear, u64)>,
    twins: Vec<i64>,
    overdue: Vec<(i64, Option<(i64, i64)>)>,
}

fn only(kind: Kind, offset: i64, detail: &str) -> Found {
    Found { kinds: vec![(kind, offset, detail.to_owned())], ..Found::default() }
}

const ALL: i64 = 1_000;

#[test]
fn a_whole_history_is_clean() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.order("o2");
    assert_eq!(stage.check(ALL), Found::default());
}

#[test]
fn a_gap_is_told_once_and_the_state_is_not_judged_by_it() {
    let mut stage = Stage::new();
    stage.event("o1", 1, created());
    stage.event("o1", 3, confirmed());
    stage.event("o1", 4, confirmed());
    stage.state("o1", 4, OrderStatus::New);
    let unclear = vec![(Unclear::EventsBroken, 1)];
    assert_eq!(stage.check(ALL), Found { unclear, ..only(Kind::Gap, 1, "") });
}

#[test]
fn a_version_that_was_there_is_looked_at_again() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.event("o1", 1, created());
    assert_eq!(stage.check(ALL), Found { twins: vec![2], ..Found::default() });
}

#[test]
fn an_event_id_follows_from_its_command() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.events[1].id = Some(Uuid::from_u128(7));
    assert_eq!(stage.check(ALL), only(Kind::WrongEventId, 1, ""));
    let mut stage = Stage::new();
    stage.order("o1");
    let second = EventId::of_command(CommandId::from_key("o1 2"), 1);
    stage.events[1].id = Some(second.0);
    assert_eq!(stage.check(ALL), only(Kind::WrongEventId, 1, ""), "its command made one event");
    let mut stage = Stage::new();
    stage.event("o1", 1, created()).command = None;
    assert_eq!(stage.check(0), only(Kind::WrongEventId, 0, ""));
}

#[test]
fn the_first_event_creates_and_no_other_does() {
    let mut stage = Stage::new();
    stage.event("o1", 1, confirmed());
    let mut expected = only(Kind::Contradiction, 0, "nothing exists before it");
    expected.unclear = vec![(Unclear::EventsBroken, 1)];
    assert_eq!(stage.check(0), expected);
    let mut stage = Stage::new();
    stage.event("o1", 1, created());
    stage.event("o1", 2, created());
    expected.kinds = vec![(Kind::Contradiction, 1, "it creates what exists".into())];
    assert_eq!(stage.check(0), expected);
}

#[test]
fn an_event_that_cannot_be_read_still_has_its_version() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.events[1].event = Err("bytes are left".into());
    stage.event("o1", 3, confirmed());
    let unclear = vec![(Unclear::EventsBroken, 1)];
    assert_eq!(stage.check(ALL), Found { unclear, ..only(Kind::Unreadable, 1, "bytes are left") });
}

#[test]
fn a_state_is_the_fold_at_its_version() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.stated("o1").state = Some(Order { status: OrderStatus::New });
    assert_eq!(
        stage.check(ALL),
        only(Kind::TornState, 100, "it differs from the fold of the events")
    );
    // Also at an older version, with which it may stand when the events came after the start.
    for (status, found) in [
        (OrderStatus::New, Found::default()),
        (
            OrderStatus::Confirmed,
            only(Kind::TornState, 100, "it differs from the fold of the events"),
        ),
    ] {
        let mut stage = Stage::new();
        stage.order("o1");
        stage.state("o1", 1, status);
        assert_eq!(stage.check(1), found);
    }
}

#[test]
fn a_state_remembers_the_commands_of_its_events() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.stated("o1").accepted[0].command = CommandId::from_key("another");
    let found = only(Kind::TornState, 100, "it remembers another command for this version");
    assert_eq!(stage.check(ALL), found);
    let mut stage = Stage::new();
    stage.order("o1");
    stage.stated("o1").accepted[1].version = 3;
    // It no longer says who made version 2, and what it says of version 3 cannot be.
    stage.stated("o1").version = 1;
    stage.stated("o1").state = Some(Order { status: OrderStatus::New });
    let found = only(Kind::TornState, 100, "it remembers a command of a later version");
    assert_eq!(stage.check(1), found);
}

#[test]
fn no_state_is_ahead_of_its_events() {
    let mut stage = Stage::new();
    stage.order("o1");
    stage.state("o1", 3, OrderStatus::Confirmed);
    stage.state("o2", 1, OrderStatus::New);
    let detail = "it has a version that the events have not reached".to_owned();
    let kinds = vec![(Kind::TornState, 100, detail.clone()), (Kind::TornState, 100, detail)];
    assert_eq!(stage.check(ALL), Found { kinds, ..Found::default() });
    // Rejected commands leave a state without events, but not one that exists.
    let mut stage = Stage::new();
    stage.state("o1", 0, OrderStatus::New);
    stage.state("o2", 0, OrderStatus::New);
    stage.stated("o2").state = None;
    assert_eq!(stage.check(ALL), only(Kind::TornState, 100, "it exists without an event"));
}

#[test]
fn a_state_that_lags_or_is_missing_is_overdue_unless_the_event_is_young() {
    let stage = || {
        let mut stage = Stage::new();
        stage.order("o1");
        stage.order("o2");
        stage.state("o1", 1, OrderStatus::New);
        stage.states.of.retain(|_, stated| stated.version == 1);
        stage
    };
    let overdue = vec![(1, Some((100, 1))), (2, None)];
    assert_eq!(stage().check(ALL), Found { overdue, ..Found::default() });
    assert_eq!(stage().check(1), Found::default(), "only the first event is known to it");
    let mut incomplete = stage();
    incomplete.states.complete = false;
    let unclear = vec![(Unclear::StateIncomplete, 2)];
    assert_eq!(incomplete.check(ALL), Found { unclear, ..Found::default() });
}
