//! What the topics must be (`deploy/topics.yaml`) and what they are: the difference is a plan,
//! which creates what is missing and refuses what would endanger the event store.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    admin::{AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use serde::{Deserialize, Serialize};

use crate::{
    client::{self, ClientLog},
    error::Error,
    settings::Settings,
};

const CALL_LIMIT: Duration = Duration::from_secs(15);

/// The declared topics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// Partitions of every topic that names none: for life, since keys must not move.
    pub partitions: i32,
    /// Copies of each partition where a topic names none; capped by the number of brokers.
    pub replication: i32,
    /// By logical name.
    pub topics: BTreeMap<String, Topic>,
}

/// One declared topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// What it holds.
    pub holds: String,
    /// True for an event store: infinite retention, no compaction.
    #[serde(default)]
    pub event_store: bool,
    /// Partitions, when not the default.
    pub partitions: Option<i32>,
    /// Broker settings of the topic.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A declaration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeclarationError {
    /// It is no YAML of the expected form.
    #[error("topics declaration is malformed: {0}")]
    Malformed(String),
    /// An event store would forget.
    #[error("topic {topic} is an event store and must have {setting}={wanted}, not {declared}")]
    Forgetful {
        /// The topic.
        topic: String,
        /// The setting that endangers it.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What is declared.
        declared: String,
    },
}

/// What an event store must be set to: its records are the only truth.
const EVENT_STORE: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];

impl Declaration {
    /// Parses and checks a declaration.
    ///
    /// # Errors
    /// [`DeclarationError`] when it is malformed or an event store would forget.
    pub fn parse(yaml: &str) -> Result<Self, DeclarationError> {
        let mut declaration: Self = serde_saphyr::from_str(yaml)
            .map_err(|error| DeclarationError::Malformed(error.to_string()))?;
        for (name, topic) in &mut declaration.topics {
            if !topic.event_store {
                continue;
            }
            for (setting, wanted) in EVENT_STORE {
                let declared = topic.config.entry(setting.into()).or_insert_with(|| wanted.into());
                if declared != wanted {
                    let (topic, declared) = (name.clone(), declared.clone());
                    return Err(DeclarationError::Forgetful { topic, setting, wanted, declared });
                }
            }
        }
        Ok(declaration)
    }
}

/// What is to be done about one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// It exists as declared.
    Keep,
    /// It does not exist.
    Create {
        /// Partitions.
        partitions: i32,
        /// Copies of each.
        replication: i32,
        /// Settings.
        config: BTreeMap<String, String>,
    },
    /// It exists otherwise than declared; settings can be changed, the rest cannot.
    Drift {
        /// Setting, declared value, actual value.
        differences: Vec<Difference>,
    },
}

/// One deviation of a topic from its declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The setting, or `partitions`.
    pub setting: String,
    /// What is declared.
    pub declared: String,
    /// What the broker has.
    pub actual: String,
    /// True when it endangers the event store or moves keys: never applied, a person must act.
    pub dangerous: bool,
}

/// What is to be done, by name on the broker.
pub type Plan = BTreeMap<String, Action>;

/// Compares the declaration with the cluster.
///
/// # Errors
/// When the brokers do not answer in time.
pub async fn plan(settings: &Settings, declaration: &Declaration) -> Result<Plan, Error> {
    let (brokers, existing) = existing(settings)?;
    let mut plan = Plan::new();
    for (logical, topic) in &declaration.topics {
        let name = settings.qualify(logical);
        let partitions = topic.partitions.unwrap_or(declaration.partitions);
        let action = match existing.get(&name) {
            None => Action::Create {
                partitions,
                replication: declaration.replication.min(brokers).max(1),
                config: topic.config.clone(),
            },
            Some(actual) => {
                let config = config_of(settings, &name).await?;
                compare(topic, partitions, *actual, &config)
            }
        };
        plan.insert(name, action);
    }
    Ok(plan)
}

/// Creates what is missing. Drift is left to people.
///
/// # Errors
/// When a topic cannot be created; one that somebody else just created is fine.
pub async fn create_missing(settings: &Settings, plan: &Plan) -> Result<(), Error> {
    let new = plan.iter().filter_map(|(name, action)| match action {
        Action::Create { partitions, replication, config } => {
            let topic = NewTopic::new(name, *partitions, TopicReplication::Fixed(*replication));
            Some(config.iter().fold(topic, |topic, (key, value)| topic.set(key, value)))
        }
        _ => None,
    });
    let new: Vec<_> = new.collect();
    if new.is_empty() {
        return Ok(());
    }
    let options = AdminOptions::new().operation_timeout(Some(CALL_LIMIT));
    let created = client::admin(settings)?.create_topics(&new, &options).await;
    for result in created.map_err(|error| Error::kafka("create topics", error))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                let error = KafkaError::AdminOp(code);
                return Err(Error::kafka(format!("create topic {topic}"), error));
            }
        }
    }
    Ok(())
}

/// How many partitions a topic has.
///
/// # Errors
/// When the brokers do not answer in time or have no such topic.
pub fn partition_count(settings: &Settings, topic: schemas::Topic) -> Result<i32, Error> {
    let name = settings.qualify(topic.name());
    let (_, topics) = existing(settings)?;
    topics.get(&name).copied().ok_or_else(|| {
        let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
        Error::kafka(format!("count the partitions of topic {name}"), unknown)
    })
}

/// Number of brokers, and of partitions by topic.
fn existing(settings: &Settings) -> Result<(i32, BTreeMap<String, i32>), Error> {
    let failed = |error| Error::kafka("list the topics", error);
    let client: BaseConsumer<ClientLog> =
        client::config(settings).create_with_context(ClientLog::new(settings)).map_err(failed)?;
    let metadata = client.fetch_metadata(None, CALL_LIMIT).map_err(failed)?;
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let topics = metadata.topics().iter();
    let topics = topics.map(|t| (t.name().to_owned(), count(t.partitions().len()))).collect();
    Ok((count(metadata.brokers().len()), topics))
}

async fn config_of(settings: &Settings, topic: &str) -> Result<BTreeMap<String, String>, Error> {
    let doing = || format!("read the settings of topic {topic}");
    let options = AdminOptions::new().request_timeout(Some(CALL_LIMIT));
    let described = client::admin(settings)?
        .describe_configs([&ResourceSpecifier::Topic(topic)], &options)
        .await
        .map_err(|error| Error::kafka(doing(), error))?;
    let mut config = BTreeMap::new();
    for resource in described {
        let resource = resource.map_err(|code| Error::kafka(doing(), KafkaError::AdminOp(code)))?;
        let entries = resource.entries.into_iter();
        config.extend(entries.filter_map(|entry| Some((entry.name, entry.value?))));
    }
    Ok(config)
}

fn compare(
    topic: &Topic,
    partitions: i32,
    actual_partitions: i32,
    actual: &BTreeMap<String, String>,
) -> Action {
    let mut differences = Vec::new();
    if partitions != actual_partitions {
        differences.push(Difference {
            setting: "partitions".into(),
            declared: partitions.to_string(),
            actual: actual_partitions.to_string(),
            dangerous: true,
        });
    }
    for (setting, declared) in &topic.config {
        let actual = actual.get(setting).map_or("(unset)", String::as_str);
        if actual != declared {
            let guarded = EVENT_STORE.iter().any(|(guarded, _)| guarded == setting);
            differences.push(Difference {
                setting: setting.clone(),
                declared: declared.clone(),
                actual: actual.to_owned(),
                dangerous: topic.event_store && guarded,
            });
        }
    }
    if differences.is_empty() { Action::Keep } else { Action::Drift { differences } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
partitions: 4
replication: 3
topics:
  order.events: { holds: order events, event_store: true }
  order.state: { holds: states, config: { cleanup.policy: compact } }
";

    #[test]
    fn an_event_store_never_forgets() {
        let declaration = Declaration::parse(YAML).unwrap();
        let config = &declaration.topics["order.events"].config;
        assert_eq!(config["retention.ms"], "-1");
        for bad in ["retention.ms: '1000'", "cleanup.policy: compact", "retention.bytes: '9'"] {
            let yaml = YAML
                .replace("event_store: true", &format!("event_store: true, config: {{ {bad} }}"));
            let refused = Declaration::parse(&yaml).unwrap_err();
            assert!(matches!(refused, DeclarationError::Forgetful { .. }), "{bad}: {refused}");
        }
    }

    #[test]
    fn drift_names_what_differs_and_what_is_dangerous() {
        let declaration = Declaration::parse(YAML).unwrap();
        let topic = &declaration.topics["order.events"];
        let mut actual = topic.config.clone();
        assert_eq!(compare(topic, 4, 4, &actual), Action::Keep);
        actual.insert("retention.ms".into(), "604800000".into());
        let Action::Drift { differences } = compare(topic, 4, 8, &actual) else { panic!() };
        let dangerous: Vec<_> =
            differences.iter().map(|d| (d.setting.as_str(), d.dangerous)).collect();
        assert_eq!(dangerous, [("partitions", true), ("retention.ms", true)]);
    }
}
