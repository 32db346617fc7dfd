//! Whatever happens to a customer in whatever order: what is published is what the rule says.

use consumer_runtime::projection::Identity;
use proptest::prelude::*;

use super::*;
use crate::rule::Window;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Something happens, some hours after what happened before.
#[derive(Clone, Debug)]
enum Step {
    /// An order of so many cents is confirmed that was placed so many hours ago.
    Confirm { cents: i64, age: i64 },
    /// The customer's first event; a second one cannot come.
    Know,
    /// What is due is done.
    Age,
    /// The rule changes to the other one.
    Switch,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        6 => (1..3_000_i64, 0..60 * 24_i64).prop_map(|(cents, age)| Step::Confirm { cents, age }),
        1 => Just(Step::Know),
        2 => Just(Step::Age),
        1 => Just(Step::Switch),
    ];
    proptest::collection::vec((0..72_i64, step), 1..60)
}

/// The world: a customer, all its confirmed orders, and the clock.
struct World {
    customer: CustomerRow,
    orders: Vec<(Money, Timestamp)>,
    rules: [Rule; 2],
    now: Timestamp,
    out: Out,
}

impl World {
    fn new() -> Self {
        let (a, b) = (Money::from_minor(5_000), Money::from_minor(1_000));
        Self {
            customer: CustomerRow::new(AggregateId::new("c1").unwrap()),
            orders: Vec::new(),
            rules: [Rule::new(a, b, Window::Days(30)), Rule::new(a, b, Window::All)],
            now: Timestamp::from_micros(1_000 * DAY).unwrap(),
            out: Emissions::default(),
        }
    }

    fn step(&mut self, hours: i64, step: &Step) {
        self.now = Timestamp::from_micros(self.now.micros() + hours * HOUR).unwrap();
        let Self { customer, orders, rules, now, out } = self;
        match step {
            Step::Confirm { cents, age } => {
                let ordered_at = Timestamp::from_micros(now.micros() - age * HOUR).unwrap();
                orders.push((Money::from_minor(*cents), ordered_at));
                customer.count((Money::from_minor(*cents), ordered_at), &rules[0], *now, out);
            }
            Step::Know if !customer.known => customer.become_known(&rules[0], *now, out),
            Step::Know => {}
            Step::Age => self.age(),
            Step::Switch => rules.swap(0, 1),
        }
    }

    /// What the confirmed orders in the window sum up to.
    fn sum(&self) -> Sum {
        let horizon = self.rules[0].horizon(self.now);
        let counts = |at: Timestamp| horizon.is_none_or(|horizon| at > horizon);
        let counted: Vec<_> = self.orders.iter().filter(|(_, at)| counts(*at)).collect();
        Sum {
            revenue: Money::from_minor(counted.iter().map(|(value, _)| value.minor()).sum()),
            orders: i64::try_from(counted.len()).unwrap(),
            oldest: counted.iter().map(|(_, at)| *at).min(),
        }
    }

    /// As the chore does it: only what is due or was counted by another rule.
    fn age(&mut self) {
        let is_due = self.customer.next_due_at.is_some_and(|due| due <= self.now);
        let is_stale = !["", self.rules[0].version()].contains(&self.customer.rule.as_str());
        if is_due || is_stale {
            let sum = self.sum();
            self.customer.settle(sum, &self.rules[0], self.now, &mut self.out);
        }
    }

    /// Another build of the customer, once it is live; and how much it publishes anew.
    fn rebuild(&self) -> (CustomerRow, usize) {
        let Self { customer, orders, rules, now, .. } = self;
        let mut row = CustomerRow::new(customer.customer_id.clone());
        let (early, late) = orders.split_at(orders.len() / 2);
        for order in early {
            row.count_unpublished(*order, &rules[0], *now);
        }
        // From another topic: no order is known.
        for (published, number) in self.published().into_iter().zip(1..) {
            row.recall(number, published);
            // A second time changes nothing.
            row.recall(1, published);
        }
        if customer.known {
            row.become_known_unpublished();
        }
        for order in late {
            row.count_unpublished(*order, &rules[0], *now);
        }
        let mut out = Out::default();
        row.settle(self.sum(), &rules[0], *now, &mut out);
        (row, out.emitted().len())
    }

    fn published(&self) -> Vec<&CustomerClassificationUpdated> {
        let emitted = self.out.emitted().iter();
        emitted
            .map(|emission| match &emission.message {
                ClassificationEvent::Updated(updated) => updated,
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn every_event_is_a_change_and_every_change_an_event(steps in steps()) {
        let mut world = World::new();
        for (hours, step) in &steps {
            world.step(*hours, step);
            let (customer, sum) = (&world.customer, world.sum());
            if !customer.rule.is_empty() && customer.is_settled(&world.rules[0], world.now) {
                prop_assert_eq!((customer.revenue, customer.orders), (sum.revenue, sum.orders));
                let class = world.rules[0].class_of(sum.revenue);
                prop_assert!(!customer.known || customer.class == Some(class));
            }
        }
        world.age();
        let class = world.customer.class;
        let expected = world.rules[0].class_of(world.sum().revenue);
        prop_assert_eq!(class, world.customer.known.then_some(expected));

        let published = world.published();
        prop_assert_eq!(published.last().map(|updated| updated.class), class);
        let mut previous = None;
        for (updated, number) in published.iter().zip(1..) {
            prop_assert_eq!(updated.previous_class, previous);
            prop_assert_ne!(Some(updated.class), previous);
            let identity = Identity::Sequence(i64::try_from(number).unwrap());
            prop_assert_eq!(world.out.emitted()[number - 1].identity.clone(), identity);
            previous = Some(updated.class);
        }
        // The first is always a C.
        prop_assert!(published.first().is_none_or(|first| first.class == CustomerClass::C));

        let (rebuilt, anew) = world.rebuild();
        prop_assert_eq!(anew, 0);
        let publicly = |row: &CustomerRow| (row.class, row.sequence, row.classified_at);
        prop_assert_eq!(publicly(&rebuilt), publicly(&world.customer));
        prop_assert_eq!(rebuilt.revenue, world.sum().revenue);
    }
}
