//! What the topics must be (`deploy/topics.yaml`) and what they are: the difference is a plan,
//! which creates what is missing and refuses what would endanger the event store.

mod actual;

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    admin::{AdminOptions, NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
};
use serde::{Deserialize, Serialize};

use crate::{client, error::Error, settings::Settings};

pub use actual::{Actual, Described, describe, partition_count};

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

impl Topic {
    /// Its settings with so many copies. Where there are several, two must have a record before it
    /// counts as written: else the loss of one broker loses what was acknowledged.
    fn config_for(&self, replication: i32) -> BTreeMap<String, String> {
        let mut config = self.config.clone();
        if replication > 1 {
            config.entry("min.insync.replicas".into()).or_insert_with(|| "2".into());
        }
        config
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
    let existing = actual::existing(settings)?;
    let mut plan = Plan::new();
    for (logical, topic) in &declaration.topics {
        let name = settings.qualify(logical);
        let partitions = topic.partitions.unwrap_or(declaration.partitions);
        let action = match existing.topics.get(&name) {
            None => {
                let replication = declaration.replication.min(existing.brokers()).max(1);
                Action::Create { partitions, replication, config: topic.config_for(replication) }
            }
            Some(shape) => {
                let config = actual::config_of(settings, &name).await?;
                compare(topic, partitions, &shape.with(config))
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

fn compare(topic: &Topic, partitions: i32, actual: &Actual) -> Action {
    let mut differences = Vec::new();
    if partitions != actual.partitions {
        differences.push(Difference {
            setting: "partitions".into(),
            declared: partitions.to_string(),
            actual: actual.partitions.to_string(),
            dangerous: true,
        });
    }
    for (setting, declared) in &topic.config_for(actual.replication) {
        let actual = actual.config.get(setting).map_or("(unset)", String::as_str);
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
        let config = topic.config.clone();
        let mut actual = Actual { partitions: 4, replication: 1, config };
        assert_eq!(compare(topic, 4, &actual), Action::Keep);
        actual.partitions = 8;
        actual.config.insert("retention.ms".into(), "604800000".into());
        let Action::Drift { differences } = compare(topic, 4, &actual) else { panic!() };
        let dangerous: Vec<_> =
            differences.iter().map(|d| (d.setting.as_str(), d.dangerous)).collect();
        assert_eq!(dangerous, [("partitions", true), ("retention.ms", true)]);
    }

    #[test]
    fn several_copies_are_written_before_a_record_counts() {
        let declaration = Declaration::parse(YAML).unwrap();
        let topic = &declaration.topics["order.events"];
        assert_eq!(topic.config_for(1).get("min.insync.replicas"), None);
        assert_eq!(topic.config_for(3)["min.insync.replicas"], "2");
        let actual = Actual { partitions: 4, replication: 3, config: topic.config.clone() };
        let Action::Drift { differences } = compare(topic, 4, &actual) else { panic!() };
        assert_eq!(differences[0].setting, "min.insync.replicas");
    }
}
