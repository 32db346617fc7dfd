//! The tables, and what events make of their rows.

use consumer_runtime::{
    AnyTables, Emissions, Projection, ProjectionError, Recorded, Row, Source, Table, TableSet,
    aggregate_row, columns, tables,
};
use schemas::{
    AggregateId, Message, Money, Timestamp, Topic,
    classification::ClassificationEvent,
    customer::{CustomerCreated, CustomerEvent},
    order::{OrderConfirmed, OrderCreated, OrderEvent},
};

use crate::{account::CustomerRow, change::ChangeRow, rule::Rule};

columns! {
    /// An order, as far as it counts.
    pub struct OrderRow {
        /// Its id.
        pub order_id: AggregateId,
        /// Who ordered.
        pub customer_id: AggregateId,
        /// Value in EUR.
        pub value: Money,
        /// When it was ordered.
        pub ordered_at: Timestamp,
        /// Only then it counts.
        pub confirmed: bool,
        /// Number of its events in this row.
        pub version: i64,
    }
}

aggregate_row!(OrderRow: "customer_order", Topic::ORDER_EVENTS);

impl Row for CustomerRow {
    const TABLE: &'static str = "customer";
    const READ_MODEL: Option<&'static str> = Some("classification");
    /// Orders of one customer come from every partition.
    const SHARED: bool = true;
    const AGGREGATE: Option<Topic> = Some(Topic::CUSTOMER_EVENTS);

    fn version(&mut self) -> Option<&mut i64> {
        Some(&mut self.version)
    }
}

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Orders.
    pub order: Table<OrderRow>,
    /// Customers.
    pub customer: Table<CustomerRow>,
    /// The history of their classes.
    pub change: Table<ChangeRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.order, &mut self.customer, &mut self.change]
    }
}

/// The events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Of an order.
    Order(OrderEvent),
    /// Of a customer.
    Customer(CustomerEvent),
    /// Of a class: what this consumer itself has published.
    Classification(ClassificationEvent),
}

const OF_ORDERS: &[&str] = &[OrderCreated::FILE.wire_type, OrderConfirmed::FILE.wire_type];
const OF_CUSTOMERS: &[&str] = &[CustomerCreated::FILE.wire_type];

/// The projection.
#[derive(Clone, Debug)]
pub struct Classifier {
    rule: Rule,
    is_live: bool,
}

impl Classifier {
    /// Classifies by a rule.
    #[must_use]
    pub const fn new(rule: Rule) -> Self {
        Self { rule, is_live: true }
    }

    /// For a build that is not live: classes are those that were published.
    #[must_use]
    pub const fn not_live(rule: Rule) -> Self {
        Self { rule, is_live: false }
    }
}

impl Projection for Classifier {
    type Event = Event;
    type Tables = Tables;
    type Emission = ClassificationEvent;

    fn sources(&self) -> Vec<Source<Event>> {
        vec![
            Source::of(Event::Order).only(OF_ORDERS),
            Source::of(Event::Customer).only(OF_CUSTOMERS),
            Source::of(Event::Classification),
        ]
    }

    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        match &happened.event {
            // For its confirmation, which may be in the same batch.
            Event::Order(OrderEvent::Created(created)) => {
                tables.customer.want(&created.customer_id);
            }
            Event::Order(OrderEvent::Confirmed(_)) => {
                if let Some(order) = tables.order.peek(&happened.key) {
                    tables.customer.want(&order.customer_id);
                }
            }
            Event::Classification(_) => {
                tables.change.want(&happened.id.0.into());
                if !self.is_live {
                    tables.customer.want(&happened.key);
                }
            }
            Event::Order(_) | Event::Customer(_) => {}
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        now: Timestamp,
        tables: &mut Tables,
        out: &mut Emissions<ClassificationEvent>,
    ) -> Result<(), ProjectionError> {
        match &happened.event {
            Event::Order(OrderEvent::Created(created)) => {
                tables.order.put(placed(&happened.key, created))?;
            }
            Event::Order(OrderEvent::Confirmed(_)) => {
                let order = tables.order.require(&happened.key)?;
                // Counted once, whatever the log says.
                if !std::mem::replace(&mut order.confirmed, true) {
                    let customer = tables.customer.require(&order.customer_id)?;
                    let order = (order.value, order.ordered_at);
                    if self.is_live {
                        customer.count(order, &self.rule, now, out);
                    } else {
                        customer.count_unpublished(order, &self.rule, now);
                    }
                }
            }
            Event::Customer(CustomerEvent::Created(_)) => {
                let customer = tables.customer.require(&happened.key)?;
                if self.is_live {
                    customer.become_known(&self.rule, now, out);
                } else {
                    customer.become_known_unpublished();
                }
            }
            Event::Classification(ClassificationEvent::Updated(updated)) => {
                let change = ChangeRow::of(happened, updated)?;
                let sequence = change.sequence;
                tables.change.put(change)?;
                // Live rows knew it before the log did.
                if !self.is_live {
                    tables.customer.require(&happened.key)?.recall(sequence, updated);
                }
            }
            Event::Order(_) | Event::Customer(_) => {}
        }
        Ok(())
    }
}

fn placed(id: &AggregateId, created: &OrderCreated) -> OrderRow {
    OrderRow {
        order_id: id.clone(),
        customer_id: created.customer_id.clone(),
        value: created.value,
        ordered_at: created.ordered_at,
        confirmed: false,
        version: 0,
    }
}
