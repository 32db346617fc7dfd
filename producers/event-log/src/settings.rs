//! Where the cluster is and what this installation is called on it.

use schemas::Namespace;
use service::Env;

/// Connection settings shared by every client of the event log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`, comma-separated.
    pub brokers: String,
    /// Base URL of the schema registry's Confluent API.
    pub registry_url: String,
    /// Prefix of topics, groups and transactional ids.
    pub namespace: Namespace,
    /// Stable name of this instance, unique among those of its binary. With it a restarted
    /// process takes over its predecessor's partitions at once instead of after its session.
    pub instance: Option<String>,
}

impl Settings {
    /// Reads `KAFKA_BROKERS`, `SCHEMA_REGISTRY_URL`, `ONEWAY_NAMESPACE` and `ONEWAY_INSTANCE`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let namespace = env.optional("ONEWAY_NAMESPACE").unwrap_or_default();
        let namespace = Namespace::new(&namespace).unwrap_or_else(|error| {
            env.problem(format!("ONEWAY_NAMESPACE is malformed ({error})"));
            Namespace::default()
        });
        Self {
            brokers: env.required("KAFKA_BROKERS"),
            registry_url: env.required("SCHEMA_REGISTRY_URL"),
            namespace,
            instance: env.optional("ONEWAY_INSTANCE"),
        }
    }

    /// Name on the cluster of a group or transactional id.
    #[must_use]
    pub fn qualify(&self, name: &str) -> String {
        self.namespace.qualify(name)
    }
}
