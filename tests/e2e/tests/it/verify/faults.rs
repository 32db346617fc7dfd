//! Faults, each of them on an aggregate of its own.

use std::collections::BTreeSet;

use event_log::{Registry, Settings};
use schemas::{
    AggregateId, CommandId, Encoder, EventId, Money, Timestamp, Topic,
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    command::{AggregateState, CommandOutcome, Rejection, RejectionCode},
    order::{Order, OrderStatus},
};

use super::copy::{Copy, Place, Record};

const EVENTS: Topic = Topic::ORDER_EVENTS;
const RESULTS: Topic = Topic::COMMAND_RESULTS;
const STATE: Topic = Topic::ORDER_STATE;
const CLASSES: Topic = Topic::CUSTOMER_CLASSIFICATION_EVENTS;

/// What must be found: kind, aggregate, place.
pub type Expected = BTreeSet<(String, String, Place)>;

/// Writers of what is planted.
pub struct Encoders {
    outcomes: Encoder<CommandOutcome>,
    states: Encoder<AggregateState<Order>>,
    classes: Encoder<ClassificationEvent>,
}

/// A log that is being damaged.
pub struct Faults {
    pub copy: Copy,
    pub expected: Expected,
    encoders: Encoders,
}

impl Encoders {
    pub async fn new(settings: &Settings) -> Self {
        let (registry, namespace) = (Registry::of(settings), &settings.namespace);
        Self {
            outcomes: registry.encoder(namespace).await.unwrap(),
            states: registry.encoder(namespace).await.unwrap(),
            classes: registry.encoder(namespace).await.unwrap(),
        }
    }
}

/// The id of the `n`-th command on an aggregate.
pub fn command(aggregate: &str, n: u32) -> CommandId {
    CommandId::from_key(&format!("{aggregate} {n}"))
}

impl Faults {
    pub fn new(copy: Copy, encoders: Encoders) -> Self {
        Self { copy, expected: Expected::new(), encoders }
    }

    fn expect(&mut self, kind: &str, aggregate: &str, topic: Topic, index: usize) {
        let place = self.copy.place(topic, index);
        self.expect_at(kind, aggregate, place);
    }

    fn expect_at(&mut self, kind: &str, aggregate: &str, place: Place) {
        let added = self.expected.insert((kind.to_owned(), aggregate.to_owned(), place));
        assert!(added, "{kind} of {aggregate} is expected twice");
    }

    /// Indices of the outcomes of a command.
    fn outcomes(&self, command: CommandId) -> Vec<usize> {
        let key = command.to_string();
        let records = self.copy.0[&RESULTS].iter().enumerate();
        records.filter(|(_, record)| record.key == key).map(|(index, _)| index).collect()
    }

    fn outcome(&self, command: CommandId) -> usize {
        let found = self.outcomes(command);
        assert_eq!(found.len(), 1, "outcomes of {command}");
        found[0]
    }

    /// Puts another outcome in the place of one.
    fn answer(&mut self, index: usize, order: &str, event_ids: Vec<String>, refused: bool) {
        let rejection = refused.then(|| Rejection::new(RejectionCode::RuleViolated, "no"));
        let aggregate = "order".to_owned();
        let outcome = CommandOutcome {
            aggregate,
            aggregate_id: order.to_owned(),
            fingerprint: 1,
            version: 1,
            event_ids,
            rejection,
            latest_change: None,
        };
        let payload = self.encoders.outcomes.encode(&outcome).unwrap();
        self.copy.on(RESULTS)[index].payload = Some(payload);
    }

    /// Removes what makes later records move first: places are only right afterwards.
    pub fn removals(&mut self) {
        // An event in the middle, an outcome, a command, all states but the first, every state.
        let gap = self.copy.event(EVENTS, "gap", 2);
        self.copy.on(EVENTS).remove(gap);
        let lost = self.outcome(command("lost", 1));
        self.copy.on(RESULTS).remove(lost);
        let key = command("unknown", 2).to_string();
        let unknown = self.copy.find(Topic::ORDER_COMMANDS, |r| r.header("ce_id") == Some(&key));
        self.copy.on(Topic::ORDER_COMMANDS).remove(unknown);
        let mut states = 0;
        self.copy.on(STATE).retain(|record| {
            states += u32::from(record.key == "behind");
            record.key != "behind" || states == 1
        });
        self.copy.on(STATE).retain(|record| record.key != "stateless");
    }

    pub fn events(&mut self) {
        let at = |faults: &Self, order: &str, version| faults.copy.event(EVENTS, order, version);
        let record = |faults: &Self, index: usize| faults.copy.0[&EVENTS][index].clone();

        let behind = at(self, "gap", 3);
        self.expect("gap", "gap", EVENTS, behind);
        let outcome = self.outcome(command("gap", 2));
        self.expect("missing_event", "gap", RESULTS, outcome);

        let repeated = record(self, at(self, "repeat", 1));
        let index = self.copy.append(EVENTS, repeated);
        self.expect("repeat", "repeat", EVENTS, index);

        let other = EventId::of_command(CommandId::from_key("fork"), 0).to_string();
        let forked = record(self, at(self, "fork", 2));
        let forked = forked.with("ce_id", &other).with("ce_causationid", "fork");
        let index = self.copy.append(EVENTS, forked);
        self.expect("fork", "fork", EVENTS, index);

        let mut stray = record(self, at(self, "stray", 2));
        stray.partition = (stray.partition + 1) % 4;
        let index = self.copy.append(EVENTS, stray);
        self.expect("wrong_partition", "stray", EVENTS, index);

        let index = at(self, "garbage", 2);
        self.copy.on(EVENTS)[index].payload = Some(b"what is this".to_vec());
        self.expect("unreadable", "garbage", EVENTS, index);

        let index = at(self, "wrong-id", 2);
        let wrong = record(self, index).with("ce_id", &uuid::Uuid::from_u128(7).to_string());
        self.copy.on(EVENTS)[index] = wrong;
        self.expect("wrong_event_id", "wrong-id", EVENTS, index);
        let outcome = self.outcome(command("wrong-id", 2));
        self.expect("missing_event", "wrong-id", RESULTS, outcome);
    }

    pub fn outcomes_and_commands(&mut self) {
        let key = command("lost", 1).to_string();
        let lost = self.copy.find(Topic::ORDER_COMMANDS, |r| r.header("ce_id") == Some(&key));
        self.expect("lost_outcome", "lost", Topic::ORDER_COMMANDS, lost);

        let index = self.outcome(command("double", 1));
        let double = self.copy.0[&RESULTS][index].clone();
        self.copy.append(RESULTS, double);
        self.expect("surplus_outcome", "double", RESULTS, index);

        let [_, second] = self.outcomes(command("contradiction", 1))[..] else {
            panic!("the command was sent twice")
        };
        self.answer(second, "contradiction", Vec::new(), true);
        self.expect("contradicting_outcome", "contradiction", RESULTS, second);

        let index = self.outcome(command("unnamed", 1));
        self.answer(index, "unnamed", Vec::new(), false);
        let event = self.copy.event(EVENTS, "unnamed", 1);
        self.expect("unnamed_event", "unnamed", EVENTS, event);

        let index = self.outcome(command("unknown", 2));
        self.expect("unknown_outcome", "unknown", RESULTS, index);
        let event = self.copy.event(EVENTS, "unknown", 2);
        self.expect("unknown_command", "unknown", EVENTS, event);
    }

    pub fn states(&mut self) {
        for (order, version, status) in
            [("torn", 2, OrderStatus::New), ("ahead", 3, OrderStatus::Confirmed)]
        {
            let index = self.copy.0[&STATE].iter().rposition(|r| r.key == order).unwrap();
            let state = AggregateState { version, state: Some(Order { status }), recent: vec![] };
            let payload = self.encoders.states.encode(&state).unwrap();
            let torn = Record { payload: Some(payload), ..self.copy.0[&STATE][index].clone() };
            let index = self.copy.append(STATE, torn);
            self.expect("torn_state", order, STATE, index);
        }
        let older = self.copy.0[&STATE].iter().rposition(|r| r.key == "behind").unwrap();
        self.expect("torn_state", "behind", STATE, older);
        let event = self.copy.event(EVENTS, "stateless", 1);
        let place = self.copy.place(EVENTS, event);
        self.expect_at("missing_state", "stateless", place);
    }

    /// Each of these customers has one event, by which it is a C.
    pub fn classifications(&mut self) {
        use CustomerClass::{A, B, C};
        for (kind, customer, version, previous, class) in [
            ("no_change", "c-1", 2, C, C),
            ("wrong_previous", "c-2", 2, B, A),
            ("gap", "c-3", 3, C, B),
        ] {
            let first = self.copy.event(CLASSES, customer, 1);
            let id = EventId::of_sequence("customer-classifier", customer, version).to_string();
            let event = CustomerClassificationUpdated {
                customer_id: AggregateId::new(customer).unwrap(),
                class,
                previous_class: Some(previous),
                confirmed_revenue: Money::ZERO,
                confirmed_orders: 0,
                window_days: None,
                rule_version: "planted".into(),
                evaluated_at: Timestamp::now(),
                reason: None,
                a_threshold: None,
                b_threshold: None,
            };
            let payload = self.encoders.classes.encode(&event.into()).unwrap();
            let first = self.copy.0[&CLASSES][first].clone();
            let planted = first.with("ce_id", &id).with("ce_sequence", &version.to_string());
            let index = self.copy.append(CLASSES, Record { payload: Some(payload), ..planted });
            self.expect(kind, customer, CLASSES, index);
        }
    }
}
