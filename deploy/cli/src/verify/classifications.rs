//! Classification events: per customer 1..n, each of them a real change.

use std::collections::HashMap;

use event_log::{Error, Partition, Position};
use rdkafka::message::Message;
use schemas::{
    EventId, Topic,
    classification::{ClassificationEvent, CustomerClass},
};
use uuid::Uuid;

use super::{
    events::{message, placed, tell_apart},
    findings::{Finding, Findings, Kind},
    sequence::{Place, Twin, place},
    snapshot::Snapshot,
    workers::{Done, Tools},
};

/// The topic: its events are made by no command.
pub const TOPIC: Topic = Topic::CUSTOMER_CLASSIFICATION_EVENTS;

/// A classification event.
#[derive(Clone, Debug)]
struct Seen<'a> {
    at: Position,
    customer: &'a str,
    version: i64,
    id: Option<Uuid>,
    source: &'a str,
    event: Result<Change, String>,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    customer: String,
    previous: Option<CustomerClass>,
    class: CustomerClass,
}

/// The customers of one partition.
#[derive(Debug, Default)]
struct Customers {
    /// Version and class; the latter unknown after an event that cannot be read or is missing.
    known: HashMap<Box<str>, (i64, Option<CustomerClass>)>,
    twins: Vec<Twin>,
}

/// Checks the classification events in one partition.
pub fn check(tools: &mut Tools<'_>, snapshot: &Snapshot, number: i32) -> Result<Done, Error> {
    let mut findings = Findings::default();
    let partition = Partition { topic: TOPIC, number };
    let partitions = snapshot.count(TOPIC);
    let mut customers = Customers::default();
    let kept = tools.read(partition, snapshot.end(partition), |reader, record| {
        findings.on(TOPIC).records += 1;
        let at = Position { partition, offset: record.offset() };
        match placed(record, at, partitions) {
            Err(wrong) => findings.violation(TOPIC, wrong.0, wrong.1),
            Ok(placed) => {
                let event = message::<ClassificationEvent>(reader, &placed, record)?;
                let seen = Seen {
                    at,
                    customer: placed.key,
                    version: placed.version,
                    id: placed.id(),
                    source: placed.envelope.source,
                    event: event.map(Change::from),
                };
                customers.event(seen, &mut findings);
            }
        }
        Ok(())
    })?;
    tell_apart(tools, partition, partitions, customers.twins, &mut findings)?;
    Ok(Done { partition, kept, findings })
}

impl From<ClassificationEvent> for Change {
    fn from(event: ClassificationEvent) -> Self {
        let ClassificationEvent::Updated(updated) = event;
        Self {
            customer: updated.customer_id.to_string(),
            previous: updated.previous_class,
            class: updated.class,
        }
    }
}

impl Customers {
    fn event(&mut self, seen: Seen<'_>, findings: &mut Findings) {
        let Seen { at, customer, version, id, source, event } = seen;
        let finding =
            Finding { version: Some(version), event_id: id, ..Finding::at(at).of(customer) };
        let mut violation = |kind, finding| findings.violation(TOPIC, kind, finding);
        let (current, before) = self.known.get(customer).copied().unwrap_or((0, None));
        let place = place(current, version);
        match place {
            Place::Next => {}
            Place::Gap => {
                let expected_version = Some(current + 1);
                violation(Kind::Gap, Finding { expected_version, ..finding.clone() });
            }
            Place::Past => {
                let key = customer.to_owned();
                self.twins.push(Twin { at, key, version, id, command: None });
                return;
            }
        }
        let right = EventId::of_sequence(source, customer, version.unsigned_abs()).0;
        if id != Some(right) {
            violation(Kind::WrongEventId, finding.clone());
        }
        let class = match event {
            Err(reason) => {
                violation(Kind::Unreadable, finding.detail(reason));
                None
            }
            Ok(change) => {
                let is_known = version == 1 || before.is_some();
                if change.customer != customer {
                    let detail = "its key is not the customer it is about";
                    violation(Kind::Contradiction, finding.clone().detail(detail));
                }
                if change.previous == Some(change.class) {
                    violation(Kind::NoChange, finding.clone());
                }
                if place == Place::Next && is_known && change.previous != before {
                    violation(Kind::WrongPrevious, finding);
                }
                Some(change.class)
            }
        };
        self.known.insert(customer.into(), (version, class));
    }
}

#[cfg(test)]
mod tests {
    use CustomerClass::{A, B, C};

    use super::*;

    /// Checks the events of customer c1: version, previous class, class.
    fn kinds(events: &[(i64, Option<CustomerClass>, CustomerClass)]) -> Vec<(Kind, i64)> {
        let (mut customers, mut findings) = (Customers::default(), Findings::default());
        let partition = Partition { topic: TOPIC, number: 0 };
        for (offset, (version, previous, class)) in (0..).zip(events.iter().copied()) {
            let id = EventId::of_sequence("customer-classifier", "c1", version.unsigned_abs());
            let seen = Seen {
                at: Position { partition, offset },
                customer: "c1",
                version,
                id: Some(id.0),
                source: "customer-classifier",
                event: Ok(Change { customer: "c1".to_owned(), previous, class }),
            };
            customers.event(seen, &mut findings);
        }
        let mut kinds: Vec<_> = findings
            .on(TOPIC)
            .violations
            .iter()
            .flat_map(|(kind, found)| found.examples.iter().map(|e| (*kind, e.offset)))
            .collect();
        kinds.extend(customers.twins.iter().map(|twin| (Kind::Repeat, twin.at.offset)));
        kinds
    }

    #[test]
    fn changes_follow_one_another() {
        assert_eq!(kinds(&[(1, None, C), (2, Some(C), A), (3, Some(A), B)]), []);
    }

    #[test]
    fn each_is_a_change_of_what_was_before() {
        assert_eq!(kinds(&[(1, None, C), (2, Some(C), C)]), [(Kind::NoChange, 1)]);
        assert_eq!(kinds(&[(1, None, C), (2, Some(B), A)]), [(Kind::WrongPrevious, 1)]);
        assert_eq!(kinds(&[(1, None, C), (2, None, A)]), [(Kind::WrongPrevious, 1)]);
        assert_eq!(kinds(&[(1, Some(B), C)]), [(Kind::WrongPrevious, 0)]);
    }

    #[test]
    fn the_sequence_is_whole() {
        // What was missed is not held against the event behind the gap.
        assert_eq!(kinds(&[(1, None, C), (3, Some(B), A)]), [(Kind::Gap, 1)]);
        assert_eq!(kinds(&[(1, None, C), (1, None, C), (2, Some(C), B)]), [(Kind::Repeat, 1)]);
    }

    #[test]
    fn ids_follow_from_source_customer_and_version() {
        let (mut customers, mut findings) = (Customers::default(), Findings::default());
        let partition = Partition { topic: TOPIC, number: 0 };
        let change =
            |customer: &str| Change { customer: customer.to_owned(), previous: None, class: C };
        for (offset, customer, version) in [(0, "c1", 1), (1, "c2", 2)] {
            let seen = Seen {
                at: Position { partition, offset },
                customer,
                version: 1,
                id: Some(EventId::of_sequence("s", customer, version).0),
                source: "s",
                event: Ok(change("c1")),
            };
            customers.event(seen, &mut findings);
        }
        let violations = &findings.on(TOPIC).violations;
        let kinds: Vec<_> = violations.iter().map(|(kind, v)| (*kind, v.count)).collect();
        assert_eq!(kinds, [(Kind::WrongEventId, 1), (Kind::Contradiction, 1)]);
    }
}
