//! Where the cluster is and what this installation is called on it.

use std::borrow::Cow;

use schemas::{Namespace, Topic};
use service::{Env, Lifeline};

use crate::{registry::Access, security::Security};

/// Connection settings shared by every client of the event log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`, comma-separated.
    pub brokers: String,
    /// How the brokers are trusted, and asked.
    pub security: Security,
    /// Base URL of the schema registry's Confluent API.
    pub registry_url: String,
    /// How the registry is trusted and asked.
    pub registry_access: Access,
    /// Prefix of topics, groups and transactional ids.
    pub namespace: Namespace,
    /// Stable name of this instance, unique among those of its binary. With it a restarted
    /// process takes over its predecessor's partitions at once instead of after its session.
    pub instance: Option<String>,
    /// Only a debug build can be told so, by a test that proves that others would notice:
    /// transactions do not carry the membership that fences an instance which lost its partitions.
    pub unfenced: bool,
    /// Cut by a client that has lost every broker for good.
    pub lifeline: Lifeline,
}

impl Settings {
    /// Settings of a tool or a test: without a name among instances.
    #[must_use]
    pub fn new(brokers: &str, registry_url: &str, namespace: Namespace) -> Self {
        Self {
            brokers: brokers.to_owned(),
            security: Security::default(),
            registry_url: registry_url.to_owned(),
            registry_access: Access::default(),
            namespace,
            instance: None,
            unfenced: false,
            lifeline: Lifeline::default(),
        }
    }

    /// Reads `KAFKA_BROKERS` with what [`Security`] reads, `SCHEMA_REGISTRY_URL` with what
    /// [`Access`] reads, `ONEWAY_NAMESPACE`, `ONEWAY_INSTANCE` and, in a debug build, `ONEWAY_UNFENCED`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let namespace = env.optional("ONEWAY_NAMESPACE").unwrap_or_default();
        let namespace = Namespace::new(&namespace).unwrap_or_else(|error| {
            env.problem(format!("ONEWAY_NAMESPACE is malformed ({error})"));
            Namespace::default()
        });
        Self {
            brokers: env.required("KAFKA_BROKERS"),
            security: Security::from_env(env),
            registry_url: env.required("SCHEMA_REGISTRY_URL"),
            registry_access: Access::from_env(env),
            namespace,
            instance: env.optional("ONEWAY_INSTANCE"),
            unfenced: cfg!(debug_assertions) && env.parsed("ONEWAY_UNFENCED", false),
            lifeline: env.lifeline(),
        }
    }

    /// Name on the cluster of a group or transactional id.
    #[must_use]
    pub fn qualify(&self, name: &str) -> String {
        self.namespace.qualify(name)
    }
}

/// The names of the topics on the brokers, made once: a name per record would cost more than the
/// rest of handing it over.
#[derive(Clone, Debug)]
pub struct TopicNames {
    all: Vec<(Topic, String)>,
    namespace: Namespace,
}

impl TopicNames {
    /// The names under a namespace.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        let all = Topic::ALL.map(|topic| (topic, namespace.qualify(topic.name())));
        Self { all: all.to_vec(), namespace: namespace.clone() }
    }

    /// The name of a topic.
    #[must_use]
    pub fn of(&self, topic: Topic) -> Cow<'_, str> {
        match self.all.iter().find(|(known, _)| *known == topic) {
            Some((_, name)) => Cow::Borrowed(name),
            None => Cow::Owned(self.namespace.qualify(topic.name())),
        }
    }
}
