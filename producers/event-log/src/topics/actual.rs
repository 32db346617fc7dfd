//! What the brokers have.

use std::collections::BTreeMap;

use rdkafka::{
    admin::{AdminOptions, ConfigResource, ResourceSpecifier},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::CALL_LIMIT;
use crate::{
    client::{self, ClientLog},
    error::Error,
    settings::Settings,
};

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// Number of its partitions.
    pub partitions: i32,
    /// Copies of its first partition; all have as many, but for the time of a reassignment.
    pub replication: i32,
    /// Its settings, with the brokers' defaults.
    pub config: BTreeMap<String, String>,
}

/// What the metadata tells of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    partitions: i32,
    replication: i32,
}

impl Shape {
    pub(super) fn with(self, config: BTreeMap<String, String>) -> Actual {
        Actual { partitions: self.partitions, replication: self.replication, config }
    }
}

/// Some topics as they are, and the settings of a broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The topics.
    pub topics: BTreeMap<schemas::Topic, Actual>,
    /// The settings of one of the brokers; all should have the same.
    pub broker: BTreeMap<String, String>,
}

/// Looks at some topics.
///
/// # Errors
/// When the brokers do not answer in time or have no such topic.
pub async fn describe(settings: &Settings, topics: &[schemas::Topic]) -> Result<Described, Error> {
    let existing = existing(settings)?;
    let names: Vec<_> = topics.iter().map(|topic| settings.qualify(topic.name())).collect();
    let mut resources: Vec<_> = names.iter().map(|n| ResourceSpecifier::Topic(n)).collect();
    resources.extend(existing.brokers.first().map(|id| ResourceSpecifier::Broker(*id)));
    let mut configs = configs(settings, &resources).await?.into_iter();
    let mut described = Described::default();
    for (topic, name) in topics.iter().zip(&names) {
        let config = configs.next().unwrap_or_default();
        described.topics.insert(*topic, existing.shape(name)?.with(config));
    }
    described.broker = configs.next().unwrap_or_default();
    Ok(described)
}

/// How many partitions a topic has.
///
/// # Errors
/// When the brokers do not answer in time or have no such topic.
pub fn partition_count(settings: &Settings, topic: schemas::Topic) -> Result<i32, Error> {
    existing(settings)?.shape(&settings.qualify(topic.name())).map(|shape| shape.partitions)
}

/// What the metadata tells of the cluster.
pub(super) struct Existing {
    /// Their ids.
    brokers: Vec<i32>,
    /// By name.
    pub(super) topics: BTreeMap<String, Shape>,
}

impl Existing {
    /// How many there are.
    pub(super) fn brokers(&self) -> i32 {
        count(self.brokers.len())
    }

    fn shape(&self, name: &str) -> Result<Shape, Error> {
        self.topics.get(name).copied().ok_or_else(|| {
            let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
            Error::kafka(format!("look at topic {name}"), unknown)
        })
    }
}

pub(super) fn existing(settings: &Settings) -> Result<Existing, Error> {
    let failed = |error| Error::kafka("list the topics", error);
    let client: BaseConsumer<ClientLog> =
        client::config(settings).create_with_context(ClientLog::new(settings)).map_err(failed)?;
    let metadata = client.fetch_metadata(None, CALL_LIMIT).map_err(failed)?;
    let topics = metadata.topics().iter().map(|topic| {
        let copies = topic.partitions().first().map_or(0, |first| first.replicas().len());
        let partitions = count(topic.partitions().len());
        (topic.name().to_owned(), Shape { partitions, replication: count(copies) })
    });
    let brokers = metadata.brokers().iter().map(|broker| broker.id()).collect();
    Ok(Existing { brokers, topics: topics.collect() })
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) async fn config_of(
    settings: &Settings,
    topic: &str,
) -> Result<BTreeMap<String, String>, Error> {
    let config = configs(settings, &[ResourceSpecifier::Topic(topic)]).await?;
    Ok(config.into_iter().next().unwrap_or_default())
}

/// The settings of each resource, in the order of the resources.
async fn configs(
    settings: &Settings,
    of: &[ResourceSpecifier<'_>],
) -> Result<Vec<BTreeMap<String, String>>, Error> {
    let doing = || "read the settings of topics".to_owned();
    let options = AdminOptions::new().request_timeout(Some(CALL_LIMIT));
    let described = client::admin(settings)?
        .describe_configs(of, &options)
        .await
        .map_err(|error| Error::kafka(doing(), error))?;
    let config = |resource: Result<ConfigResource, RDKafkaErrorCode>| {
        let resource = resource.map_err(|code| Error::kafka(doing(), KafkaError::AdminOp(code)))?;
        let entries = resource.entries.into_iter();
        Ok(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect())
    };
    described.into_iter().map(config).collect()
}
