//! The rows of the tables, and what happens to a customer's sums.

use consumer_runtime::{AnyTables, Row, Table, TableSet, aggregate_row, columns, tables};
use schemas::{AggregateId, Money, Timestamp, Topic, classification::CustomerClass};

/// The read model of the report.
pub const CUSTOMERS: &str = "customers";

columns! {
    /// A customer as it is now.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// True from its first event on; not shown before.
        pub known: bool,
        /// Full name.
        pub name: String,
        /// Where the customer is.
        pub location: Option<String>,
        /// True while the customer may be written to.
        pub email_permission: bool,
        /// The class; `None` while none was published.
        pub class: Option<CustomerClass>,
        /// Time of the event that told it.
        pub class_since: Option<Timestamp>,
        /// Number of that event.
        pub class_sequence: i64,
        /// Number of all orders.
        pub orders: i64,
        /// Their value in EUR.
        pub revenue: Money,
        /// Number of the confirmed orders.
        pub confirmed_orders: i64,
        /// Their value in EUR.
        pub confirmed_revenue: Money,
        /// Value in USD of the orders that have one.
        pub usd_revenue: Money,
        /// When the first was ordered.
        pub first_order_at: Option<Timestamp>,
        /// When the last was ordered.
        pub last_order_at: Option<Timestamp>,
        /// Number of the customer's own events in this row.
        pub version: i64,
    }
}

impl Row for CustomerRow {
    const TABLE: &'static str = "customer";
    const READ_MODEL: Option<&'static str> = Some(CUSTOMERS);
    /// Orders and classes of one customer come from every partition.
    const SHARED: bool = true;
    const AGGREGATE: Option<Topic> = Some(Topic::CUSTOMER_EVENTS);

    fn is_listed(&self) -> bool {
        self.known
    }

    fn version(&mut self) -> Option<&mut i64> {
        Some(&mut self.version)
    }
}

impl CustomerRow {
    /// A row as the database makes it.
    #[must_use]
    pub const fn new(customer_id: AggregateId) -> Self {
        Self {
            customer_id,
            known: false,
            name: String::new(),
            location: None,
            email_permission: false,
            class: None,
            class_since: None,
            class_sequence: 0,
            orders: 0,
            revenue: Money::ZERO,
            confirmed_orders: 0,
            confirmed_revenue: Money::ZERO,
            usd_revenue: Money::ZERO,
            first_order_at: None,
            last_order_at: None,
            version: 0,
        }
    }

    /// The customer ordered.
    pub fn order(&mut self, value: Money, ordered_at: Timestamp) {
        self.orders += 1;
        self.revenue = self.revenue.capped_add(value);
        let earlier = |first: Timestamp| first.min(ordered_at);
        let later = |last: Timestamp| last.max(ordered_at);
        self.first_order_at = Some(self.first_order_at.map_or(ordered_at, earlier));
        self.last_order_at = Some(self.last_order_at.map_or(ordered_at, later));
    }

    /// One of its orders was confirmed.
    pub fn confirm(&mut self, value: Money) {
        self.confirmed_orders += 1;
        self.confirmed_revenue = self.confirmed_revenue.capped_add(value);
    }

    /// The value of one of its orders in USD became known, or changed by this much.
    pub fn value(&mut self, usd: Money) {
        self.usd_revenue = self.usd_revenue.capped_add(usd);
    }

    /// A class was published.
    pub fn classify(&mut self, class: CustomerClass, sequence: i64, at: Timestamp) {
        // Told in order; a repeat must not turn time back.
        if sequence > self.class_sequence {
            self.class = Some(class);
            self.class_since = Some(at);
            self.class_sequence = sequence;
        }
    }
}

columns! {
    /// An order.
    pub struct OrderRow {
        /// Its id.
        pub order_id: AggregateId,
        /// Who ordered.
        pub customer_id: AggregateId,
        /// Value in EUR.
        pub value: Money,
        /// When it was ordered.
        pub ordered_at: Timestamp,
        /// When it became known.
        pub created_at: Timestamp,
        /// When it was confirmed.
        pub confirmed_at: Option<Timestamp>,
        /// When its value in USD became known.
        pub valued_at: Option<Timestamp>,
        /// That value.
        pub first_usd: Option<Money>,
        /// The value in USD by now.
        pub usd: Option<Money>,
        /// Number of its events in this row.
        pub version: i64,
    }
}

aggregate_row!(OrderRow: "customer_order", Topic::ORDER_EVENTS);

columns! {
    /// An order was valued again.
    pub struct UsdChangeRow {
        /// See [`entry`].
        pub change_id: String,
        /// Who ordered.
        pub customer_id: AggregateId,
        /// When.
        pub at: Timestamp,
        /// By how much its value in USD changed.
        pub usd: Money,
    }
}

impl Row for UsdChangeRow {
    const TABLE: &'static str = "usd_change";
}

columns! {
    /// A customer after one of its events.
    pub struct StateRow {
        /// See [`entry`].
        pub state_id: String,
        /// The customer.
        pub customer_id: AggregateId,
        /// Its version.
        pub version: i64,
        /// Time of the event.
        pub at: Timestamp,
        /// Full name.
        pub name: String,
        /// Where the customer was.
        pub location: Option<String>,
        /// Whether the customer might be written to.
        pub email_permission: bool,
    }
}

impl Row for StateRow {
    const TABLE: &'static str = "customer_state";
}

columns! {
    /// A class was published.
    pub struct ClassChangeRow {
        /// See [`entry`].
        pub change_id: String,
        /// Of whom.
        pub customer_id: AggregateId,
        /// Its number among those of the customer.
        pub sequence: i64,
        /// The class from then on.
        pub class: CustomerClass,
        /// The class until then.
        pub previous_class: Option<CustomerClass>,
        /// Confirmed revenue in the window: what decided.
        pub confirmed_revenue: Money,
        /// Number of the orders in it.
        pub confirmed_orders: i64,
        /// Length of the window in days; `None`: all orders.
        pub window_days: Option<i32>,
        /// The rule.
        pub rule_version: String,
        /// When the rule was applied.
        pub evaluated_at: Timestamp,
        /// Time of the event.
        pub at: Timestamp,
    }
}

impl Row for ClassChangeRow {
    const TABLE: &'static str = "class_change";
}

/// Key of a row that an event of an aggregate makes. Ids have no slash: no two of them are equal.
#[must_use]
pub fn entry(id: &AggregateId, sequence: i64) -> String {
    format!("{id}/{sequence}")
}

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Customers as they are.
    pub customer: Table<CustomerRow>,
    /// Orders.
    pub order: Table<OrderRow>,
    /// Orders that were valued again.
    pub usd_change: Table<UsdChangeRow>,
    /// Customers as they were.
    pub state: Table<StateRow>,
    /// Their classes.
    pub class_change: Table<ClassChangeRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        let Self { customer, order, usd_change, state, class_change } = self;
        tables![customer, order, usd_change, state, class_change]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An order of so many cents and its fate: confirmed or not, in USD or not, again or not.
    type Fate = (i64, i64, bool, Option<i64>, Option<i64>);

    fn steps((cents, at, confirmed, usd, again): Fate) -> Vec<(u8, i64, i64)> {
        let mut steps = vec![(0, cents, at)];
        steps.extend(confirmed.then_some((1, cents, at)));
        steps.extend(usd.map(|usd| (2, usd, at)));
        steps.extend(usd.zip(again).map(|(usd, again)| (2, again - usd, at)));
        steps
    }

    fn fold(steps: &[(u8, i64, i64)]) -> CustomerRow {
        let mut row = CustomerRow::new(AggregateId::new("c1").unwrap());
        for (kind, cents, at) in steps {
            let value = Money::from_minor(*cents);
            match kind {
                0 => row.order(value, Timestamp::from_micros(*at).unwrap()),
                1 => row.confirm(value),
                _ => row.value(value),
            }
        }
        row
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order_of_topics_and_partitions(
            fates in proptest::collection::vec(
                (1..9_999_i64, 0..99_i64, any::<bool>(), any::<Option<u8>>(), any::<Option<u8>>()),
                1..20,
            ),
            seed in any::<u64>(),
        ) {
            let fates = fates.into_iter().map(|(cents, at, confirmed, usd, again)| {
                (cents, at, confirmed, usd.map(i64::from), again.map(i64::from))
            });
            let fates: Vec<Fate> = fates.collect();
            let in_order: Vec<_> = fates.iter().copied().flat_map(steps).collect();
            let mut shuffled: Vec<_> = (0_u64..).zip(in_order.clone()).collect();
            shuffled.sort_by_key(|(n, _)| (n + 1).wrapping_mul(seed | 1).rotate_left(17));
            let shuffled: Vec<_> = shuffled.into_iter().map(|(_, step)| step).collect();
            let row = fold(&in_order);
            prop_assert_eq!(&row, &fold(&shuffled));

            let all: i64 = fates.iter().map(|fate| fate.0).sum();
            let usd: i64 = fates.iter().filter_map(|fate| fate.3.map(|usd| fate.4.unwrap_or(usd))).sum();
            prop_assert_eq!((row.revenue.minor(), row.usd_revenue.minor()), (all, usd));
            prop_assert_eq!(row.first_order_at.map(Timestamp::micros), fates.iter().map(|f| f.1).min());
            prop_assert_eq!(row.last_order_at.map(Timestamp::micros), fates.iter().map(|f| f.1).max());
        }
    }

    #[test]
    fn huge_sums_are_cut_and_a_class_never_goes_back() {
        let mut row = fold(&[(0, i64::MAX, 0), (0, 1, 0)]);
        assert_eq!((row.revenue, row.orders), (Money::LARGEST, 2));
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        row.classify(CustomerClass::B, 2, at(2));
        row.classify(CustomerClass::C, 1, at(3));
        assert_eq!((row.class, row.class_since), (Some(CustomerClass::B), Some(at(2))));
    }

    #[test]
    fn keys_of_entries_are_unambiguous() {
        let id = |text| AggregateId::new(text).unwrap();
        assert_ne!(entry(&id("a:1"), 2), entry(&id("a"), 12));
        assert!(AggregateId::new("a/1").is_err());
    }
}
