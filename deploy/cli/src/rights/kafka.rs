//! Who may do what on Kafka. Whatever is not here is denied.

use std::fmt;

use schemas::{Namespace, Topic};

use crate::stack::catalog::Service;

/// The name of who prepares an installation: topics and their settings, before each roll-out.
pub const SETUP: &str = "setup";

/// The one service that looks at the settings of topics before it writes to them.
const GUARDIAN: &str = "command-processor";

/// The group of whoever reads partitions without a group: it is asked for, and never joined.
const READER: &str = "partition-reader";

/// Everything that one principal may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its name, as a user's.
    pub name: String,
    /// What it may do.
    pub grants: Vec<Grant>,
}

/// Operations on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub resource: Resource,
    pub operations: &'static [Operation],
}

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    Topic(String),
    Group(Name),
    TransactionalId(Name),
    Cluster,
}

/// One name, or all that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Exactly(String),
    Prefix(String),
}

/// What is done. The name is Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Read,
    Write,
    Create,
    Describe,
    DescribeConfigs,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

use Operation::{Create, Describe, DescribeConfigs, Read, Write};

/// What each service may, and whoever prepares the installation. Producing without loss asks for
/// no right of its own since Kafka 2.8: whoever may write to a topic may do so idempotently.
pub fn of(services: &[Service], namespace: &Namespace) -> Vec<Principal> {
    let speaking = services.iter().filter(|service| !service.reads.is_empty());
    let mut all: Vec<_> = speaking.map(|service| of_service(service, namespace)).collect();
    all.push(of_setup(namespace));
    all
}

fn of_service(service: &Service, namespace: &Namespace) -> Principal {
    let name = namespace.qualify(&service.name);
    let topic = |topic: &Topic| Resource::Topic(namespace.qualify(topic.name()));
    let grant = |resource, operations| Grant { resource, operations };
    let mut grants = Vec::new();
    grants.extend(service.reads.iter().map(|read| grant(topic(read), &[Read, Describe])));
    grants.extend(service.writes.iter().map(|written| grant(topic(written), &[Write, Describe])));
    // Its own group, and that of its relay, which is named after it.
    let (exactly, prefix) = (Name::Exactly(name.clone()), Name::Prefix(format!("{name}.")));
    for own in [exactly, prefix.clone()] {
        grants.push(grant(Resource::Group(own), &[Read, Describe]));
    }
    for other in service.groups.iter().map(String::as_str).chain([READER]) {
        let other = Name::Exactly(namespace.qualify(other));
        grants.push(grant(Resource::Group(other), &[Describe]));
    }
    if !service.writes.is_empty() {
        grants.push(grant(Resource::TransactionalId(prefix), &[Write, Describe]));
    }
    if service.name == GUARDIAN {
        let settings = service.reads.iter().chain(&service.writes);
        let mut seen = Vec::new();
        for one in settings {
            if !seen.contains(one) {
                seen.push(*one);
                grants.push(grant(topic(one), &[DescribeConfigs]));
            }
        }
        grants.push(grant(Resource::Cluster, &[DescribeConfigs]));
    }
    Principal { name, grants }
}

fn of_setup(namespace: &Namespace) -> Principal {
    let topic = |topic: Topic| Grant {
        resource: Resource::Topic(namespace.qualify(topic.name())),
        operations: &[Create, Read, Describe, DescribeConfigs],
    };
    let mut grants: Vec<_> = Topic::ALL.into_iter().map(topic).collect();
    let reader = Name::Exactly(namespace.qualify(READER));
    grants.push(Grant { resource: Resource::Group(reader), operations: &[Describe] });
    grants.push(Grant { resource: Resource::Cluster, operations: &[Describe, DescribeConfigs] });
    Principal { name: namespace.qualify(SETUP), grants }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A consumer that emits, under a namespace.
    pub fn classifier() -> Principal {
        let service = Service {
            name: "customer-classifier".into(),
            reads: vec![Topic::ORDER_EVENTS],
            writes: vec![Topic::CHANGE_NOTIFICATIONS],
            ..Service::default()
        };
        of_service(&service, &Namespace::new("t1").unwrap())
    }

    #[test]
    fn a_consumer_reads_its_topics_and_writes_its_own() {
        let Principal { name, grants } = classifier();
        assert_eq!(name, "t1.customer-classifier");
        let told: Vec<_> = grants
            .iter()
            .map(|grant| format!("{:?} {:?}", grant.operations, grant.resource))
            .collect();
        assert_eq!(
            told,
            [
                r#"[Read, Describe] Topic("t1.order.events")"#,
                r#"[Write, Describe] Topic("t1.change-notifications")"#,
                r#"[Read, Describe] Group(Exactly("t1.customer-classifier"))"#,
                r#"[Read, Describe] Group(Prefix("t1.customer-classifier."))"#,
                r#"[Describe] Group(Exactly("t1.partition-reader"))"#,
                r#"[Write, Describe] TransactionalId(Prefix("t1.customer-classifier."))"#,
            ]
        );
    }

    #[test]
    fn nobody_but_the_processor_writes_events_and_nobody_but_setup_makes_topics() {
        let text = include_str!("../../../services.yaml");
        let services = crate::stack::catalog::parse(text).unwrap();
        for Principal { name, grants } in of(&services, &Namespace::default()) {
            for Grant { resource, operations } in grants {
                let Resource::Topic(topic) = &resource else { continue };
                let is_store =
                    topic.ends_with(".events") && topic != "customer-classification.events";
                if is_store && operations.contains(&Write) {
                    assert_eq!(name, "command-processor", "{topic}");
                }
                assert!(!operations.contains(&Create) || name == SETUP, "{name} {resource:?}");
            }
        }
    }
}
