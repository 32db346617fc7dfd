//! What the log says of each row of the read models: its events folded in memory, in the simplest
//! way there is, and with nothing that the consumers are made of. Blocks.

use std::collections::BTreeMap;

use event_log::{
    Error, MessageReader, Partition, Registry, Settings,
    record::{self, envelope},
    restore::PartitionReader,
    topics::partition_count,
};
use rdkafka::message::Message;
use schemas::{
    EventId, Messages, Timestamp, Topic,
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    customer::CustomerEvent,
    order::OrderEvent,
};
use tokio::runtime::Handle;

use super::rows::{Rows, row};

/// Revenue in cents from which a customer is of a class. The runs set the same for the consumer.
pub const A_FROM: i64 = 50_000;
/// As [`A_FROM`].
pub const B_FROM: i64 = 10_000;

/// The state of everything.
#[derive(Debug, Default)]
pub struct World {
    orders: BTreeMap<String, Order>,
    customers: BTreeMap<String, Customer>,
    /// What was published of each customer.
    classes: BTreeMap<String, Vec<(u64, CustomerClassificationUpdated)>>,
    /// The offset after the last record of each partition.
    pub ends: BTreeMap<(&'static str, i32), i64>,
    /// What must not be.
    pub violations: Vec<String>,
}

#[derive(Debug, Default)]
struct Order {
    customer: String,
    text: String,
    cents: i64,
    value: String,
    status: &'static str,
    ordered_at: i64,
    updated_at: i64,
    version: u64,
}

#[derive(Debug, Default)]
struct Customer {
    name: String,
    location: String,
    email: String,
    permission: bool,
    created_at: i64,
    updated_at: i64,
    version: u64,
}

/// An event with what its envelope says.
struct Happened<M> {
    key: String,
    version: u64,
    time: i64,
    event: M,
}

impl World {
    /// Reads orders and customers.
    ///
    /// # Errors
    /// When the log or the registry cannot be read.
    pub fn read(settings: &Settings, runtime: &Handle) -> Result<Self, Error> {
        let mut world = Self::default();
        for happened in world.events::<OrderEvent>(settings, runtime)? {
            world.order(happened);
        }
        for happened in world.events::<CustomerEvent>(settings, runtime)? {
            world.customer(happened);
        }
        Ok(world)
    }

    /// Reads what was published of the customers.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn read_classes(&mut self, settings: &Settings, runtime: &Handle) -> Result<(), Error> {
        for happened in self.events::<ClassificationEvent>(settings, runtime)? {
            let ClassificationEvent::Updated(updated) = happened.event;
            self.classes.entry(happened.key).or_default().push((happened.version, updated));
        }
        Ok(())
    }

    /// All events of a topic, in the order of each key.
    fn events<M: Messages>(
        &mut self,
        settings: &Settings,
        runtime: &Handle,
    ) -> Result<Vec<Happened<M>>, Error> {
        let mut messages = MessageReader::new(&Registry::of(settings), runtime);
        let reader = PartitionReader::new(settings)?;
        let mut events = Vec::new();
        for number in 0..partition_count(settings, M::TOPIC)? {
            reader.read_to_end(Partition { topic: M::TOPIC, number }, |record| {
                let offset = record.offset();
                self.ends.insert((M::TOPIC.name(), number), offset + 1);
                let (key, payload) = record::bytes(record);
                let read = match envelope(record) {
                    Ok(envelope) => match messages.read::<M>(envelope.message_type, payload)? {
                        Ok(Some(event)) => Some((envelope, event)),
                        _ => None,
                    },
                    Err(_) => None,
                };
                let Some((envelope, event)) = read else {
                    let topic = M::TOPIC.name();
                    self.violations.push(format!("{topic} {number}@{offset} cannot be read"));
                    return Ok(());
                };
                events.push(Happened {
                    key: String::from_utf8_lossy(key).into_owned(),
                    version: envelope.sequence.unwrap_or_default(),
                    time: envelope.time.map(Timestamp::micros).unwrap_or_default(),
                    event,
                });
                Ok(())
            })?;
        }
        Ok(events)
    }

    fn order(&mut self, happened: Happened<OrderEvent>) {
        let Happened { key, version, time, event } = happened;
        let order = self.orders.entry(key).or_default();
        (order.version, order.updated_at) = (version, time);
        match event {
            OrderEvent::Created(created) => {
                order.customer = created.customer_id.to_string();
                order.text = created.text;
                (order.cents, order.value) = (created.value.minor(), created.value.to_string());
                order.ordered_at = created.ordered_at.micros();
                order.status = "new";
            }
            OrderEvent::TextCorrected(corrected) => order.text = corrected.text,
            OrderEvent::ConfirmationRequired(_) => order.status = "unconfirmed",
            OrderEvent::Confirmed(_) => order.status = "confirmed",
            OrderEvent::UsdRateAndValueAdded(_) => {}
        }
    }

    fn customer(&mut self, happened: Happened<CustomerEvent>) {
        let Happened { key, version, time, event } = happened;
        let customer = self.customers.entry(key).or_default();
        (customer.version, customer.updated_at) = (version, time);
        let (name, location, email) = match event {
            CustomerEvent::Created(created) => {
                customer.created_at = time;
                (created.name, created.location, created.email)
            }
            CustomerEvent::Updated(updated) => (updated.name, updated.location, updated.email),
            CustomerEvent::EmailPermissionGranted(_) => return customer.permission = true,
            CustomerEvent::EmailPermissionWithdrawn(_) => return customer.permission = false,
        };
        customer.name = name;
        customer.location = location.unwrap_or_default();
        customer.email = email.unwrap_or_default();
    }

    /// The rows that the read models must have.
    pub fn rows(&self) -> Rows {
        let mut rows = Rows::default();
        for (id, order) in &self.orders {
            let Order { customer, text, value, status, ordered_at, updated_at, version, .. } =
                order;
            let confirmed = *status == "confirmed";
            rows.put(
                "orders.customer_order",
                id,
                row!(customer, text, value, status, ordered_at, updated_at, version),
            );
            rows.put(
                "customer_classifier.customer_order",
                id,
                row!(customer, value, ordered_at, confirmed, version),
            );
        }
        for (id, customer) in &self.customers {
            let Customer { name, location, email, permission, created_at, updated_at, version } =
                customer;
            rows.put("orders.customer", id, row!(name, version));
            rows.put(
                "customers.customer",
                id,
                row!(name, location, email, permission, created_at, updated_at, version),
            );
        }
        for (id, cents, orders) in self.revenues() {
            let known = self.customers.get(&id);
            let (version, known) = (known.map_or(0, |known| known.version), known.is_some());
            let published = self.classes.get(&id);
            let sequence = published.map_or(0, Vec::len);
            let class = if known { class_of(cents).as_str() } else { "" };
            rows.put(
                "customer_classifier.customer",
                &id,
                row!(known, cents, orders, class, sequence, version),
            );
        }
        self.changes(&mut rows);
        rows
    }

    /// The history of the classes, which the classifier reads back.
    fn changes(&self, rows: &mut Rows) {
        for (id, published) in &self.classes {
            for (sequence, updated) in published {
                let key = EventId::of_sequence("customer-classifier", id, *sequence).to_string();
                let CustomerClassificationUpdated { class, confirmed_revenue: revenue, .. } =
                    updated;
                let previous = updated.previous_class.map_or("", CustomerClass::as_str);
                let reason = updated.reason.as_deref().unwrap_or_default();
                let (orders, rule) = (updated.confirmed_orders, &updated.rule_version);
                let at = updated.evaluated_at.micros();
                rows.put(
                    "customer_classifier.classification_change",
                    &key,
                    row!(id, sequence, class, previous, reason, revenue, orders, rule, at),
                );
            }
        }
    }

    /// Sum and number of the confirmed orders of everybody who ordered or is known.
    fn revenues(&self) -> Vec<(String, i64, u64)> {
        let mut revenues: BTreeMap<&str, (i64, u64)> =
            self.customers.keys().map(|id| (id.as_str(), (0, 0))).collect();
        for order in self.orders.values() {
            let (cents, orders) = revenues.entry(&order.customer).or_default();
            if order.status == "confirmed" {
                *cents += order.cents;
                *orders += 1;
            }
        }
        let revenues = revenues.into_iter();
        revenues.map(|(id, (cents, orders))| (id.to_owned(), cents, orders)).collect()
    }

    /// What is wrong with what was published: it is numbered without gap or repeat, begins at C,
    /// rises (orders are only ever added here), follows from its own figures, and ends at the
    /// class of all orders.
    pub fn wrong_classes(&self) -> Vec<String> {
        let revenues = self.revenues();
        let known = revenues.iter().filter(|(id, ..)| self.customers.contains_key(id));
        let mut wrong: Vec<_> = known
            .filter_map(|(id, cents, _)| {
                let published = self.classes.get(id).map(Vec::as_slice).unwrap_or_default();
                let reason = wrong_course(published, *cents)?;
                let course = published.iter().map(|(n, it)| format!("{n}:{}", it.class));
                let course = course.collect::<Vec<_>>().join(" ");
                Some(format!("classes of customer {id}: {reason}: {course}"))
            })
            .collect();
        let unknown = self.classes.keys().filter(|id| !self.customers.contains_key(*id));
        wrong.extend(unknown.map(|id| format!("classes of customer {id}: nobody knows it")));
        wrong
    }
}

fn wrong_course(
    published: &[(u64, CustomerClassificationUpdated)],
    cents: i64,
) -> Option<&'static str> {
    let mut before = None;
    for (number, (sequence, updated)) in (1..).zip(published) {
        if *sequence != number {
            return Some("a gap or a repeat");
        }
        if updated.previous_class != before {
            return Some("not what was before");
        }
        // The nearer to A the smaller.
        if before.map_or(updated.class != CustomerClass::C, |before| updated.class >= before) {
            return Some("no rise from C");
        }
        if updated.class != class_of(updated.confirmed_revenue.minor()) {
            return Some("not the class of its figures");
        }
        before = Some(updated.class);
    }
    (before != Some(class_of(cents))).then_some("not the class of all orders")
}

fn class_of(cents: i64) -> CustomerClass {
    match cents {
        A_FROM.. => CustomerClass::A,
        B_FROM.. => CustomerClass::B,
        _ => CustomerClass::C,
    }
}

/// Topics that each consumer reads, by schema.
pub const SOURCES: [(&str, &[Topic]); 3] = [
    ("orders", &[Topic::ORDER_EVENTS, Topic::CUSTOMER_EVENTS]),
    ("customers", &[Topic::CUSTOMER_EVENTS]),
    (
        "customer_classifier",
        &[Topic::ORDER_EVENTS, Topic::CUSTOMER_EVENTS, Topic::CUSTOMER_CLASSIFICATION_EVENTS],
    ),
];

#[cfg(test)]
mod tests {
    use CustomerClass::{A, B, C};
    use schemas::{AggregateId, Money};

    use super::*;

    fn course(
        classes: &[(u64, Option<CustomerClass>, CustomerClass, i64)],
    ) -> Option<&'static str> {
        let published = classes.iter().map(|(sequence, previous_class, class, cents)| {
            let updated = CustomerClassificationUpdated {
                customer_id: AggregateId::new("c1").unwrap(),
                class: *class,
                previous_class: *previous_class,
                confirmed_revenue: Money::from_minor(*cents),
                confirmed_orders: 1,
                window_days: None,
                rule_version: String::new(),
                evaluated_at: Timestamp::from_micros(1).unwrap(),
                reason: None,
                a_threshold: None,
                b_threshold: None,
            };
            (*sequence, updated)
        });
        wrong_course(&published.collect::<Vec<_>>(), 60_000)
    }

    #[test]
    fn classes_rise_to_the_last() {
        let c = (1, None, C, 0);
        assert_eq!(course(&[c, (2, Some(C), B, 10_000), (3, Some(B), A, 50_000)]), None);
        assert_eq!(course(&[c, (2, Some(C), A, 50_000)]), None);
        assert_eq!(course(&[c, (3, Some(C), A, 50_000)]), Some("a gap or a repeat"));
        assert_eq!(course(&[c, c]), Some("a gap or a repeat"));
        assert_eq!(course(&[c, (2, Some(B), A, 50_000)]), Some("not what was before"));
        assert_eq!(course(&[c, (2, Some(C), C, 0)]), Some("no rise from C"));
        assert_eq!(course(&[c, (2, Some(C), A, 10)]), Some("not the class of its figures"));
        assert_eq!(course(&[c]), Some("not the class of all orders"));
        assert_eq!(course(&[]), Some("not the class of all orders"));
    }
}
