//! Which installation a command works on: flags or environment, else the local stack that runs.

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use event_log::{Access, Security, Settings};
use schemas::Namespace;
use service::Env;

use crate::{
    failure::{Failure, Result},
    stack::{
        Endpoints,
        document::{self, Stack},
    },
};

/// Where the installation is; what is left out is taken from the local stack.
#[derive(Clone, Debug, Args)]
pub struct Cluster {
    /// Bootstrap servers of Kafka
    #[arg(long, env = "KAFKA_BROKERS", value_name = "HOST:PORT,…", hide_env_values = true)]
    pub brokers: Option<String>,
    /// Base URL of the schema registry's Confluent API
    #[arg(long, env = "SCHEMA_REGISTRY_URL", value_name = "URL", hide_env_values = true)]
    pub registry: Option<String>,
    /// Prefix of the installation's topics on a shared cluster
    #[arg(long, env = "ONEWAY_NAMESPACE", value_name = "NAME", hide_env_values = true)]
    pub namespace: Option<String>,
}

impl Cluster {
    /// Completes the options from the stack that runs on the state folder.
    pub fn settings(self, state: &Path) -> Result<Settings> {
        let Self { brokers, registry, namespace } = self;
        if let (Some(brokers), Some(registry)) = (&brokers, &registry) {
            return settings(brokers, registry, namespace.as_deref().unwrap_or_default());
        }
        let stack = running(state)?.ok_or_else(|| {
            Failure::setup(
                "no stack runs here: start one with `cargo oneway up`, or name the servers by \
                 --brokers and --registry (KAFKA_BROKERS, SCHEMA_REGISTRY_URL)",
            )
        })?;
        of_stack(
            &brokers.unwrap_or(stack.kafka_brokers),
            &registry.unwrap_or(stack.schema_registry_url),
            &namespace.unwrap_or(stack.namespace),
            &stack.client_environment,
        )
    }
}

/// The stack that runs on a state folder, as its `stack.json` tells.
pub fn running(state: &Path) -> Result<Option<Stack>> {
    let file = state.join("stack.json");
    document::read(&file).map_err(|error| {
        Failure::Internal(
            anyhow::Error::new(error).context(format!("cannot read {}", file.display())),
        )
    })
}

/// Settings of the event log for some servers, which are asked as the variables of services say
/// that have their names: `KAFKA_SECURITY_PROTOCOL` and the like.
pub fn settings(brokers: &str, registry: &str, namespace: &str) -> Result<Settings> {
    of_stack(brokers, registry, namespace, &BTreeMap::new())
}

/// Settings of the event log for the servers of a stack.
pub fn of_endpoints(endpoints: &Endpoints, namespace: &str) -> Result<Settings> {
    let Endpoints { kafka_brokers, schema_registry_url, client_environment, .. } = endpoints;
    of_stack(kafka_brokers, schema_registry_url, namespace, client_environment)
}

/// As [`settings`], for servers of a stack that says itself how they are asked.
pub fn of_stack(
    brokers: &str,
    registry: &str,
    namespace: &str,
    variables: &BTreeMap<String, String>,
) -> Result<Settings> {
    let namespace = Namespace::new(namespace).map_err(|error| Failure::setup(error.to_string()))?;
    let env = match variables.is_empty() {
        true => Env::of_process("oneway"),
        false => Env::new("oneway", variables.clone().into_iter().collect()),
    };
    let settings = Settings {
        security: Security::from_env(&env),
        registry_access: Access::from_env(&env),
        ..Settings::new(brokers, registry, namespace)
    };
    env.finish().map_err(|bad| Failure::Setup(bad.into()))?;
    Ok(settings)
}

/// Turns an error of the event log into the end of a command.
pub fn failed(error: event_log::Error) -> Failure {
    use event_log::{Error, registry::RegistryError};
    match error {
        // It is there, and says no: waiting mends nothing.
        Error::Registry(RegistryError::Refused { .. }) => Failure::Setup(error.into()),
        _ => Failure::Unavailable(error.into()),
    }
}
