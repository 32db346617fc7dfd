//! The repository as an input.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use event_catalog::{Input, Schema, Service, Topic};
use serde_json::Value;

/// Where it is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What it says.
pub fn input() -> Input {
    let services = yaml("deploy/services.yaml");
    let services = services.as_array().unwrap().iter().map(|service| {
        let topics = |key: &str| service[key].as_array().into_iter().flatten().map(text).collect();
        Service {
            name: text(&service["name"]),
            about: text(&service["about"]),
            reads: topics("reads"),
            writes: topics("writes"),
        }
    });
    let declared = yaml("deploy/topics.yaml");
    let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    let names = schemas::Topic::ALL.iter().map(|topic| topic.name());
    let topics = names.map(|name| {
        let topic = &declared["topics"][name];
        let config = topic["config"].as_object().into_iter().flatten();
        let mut config: BTreeMap<_, _> =
            config.map(|(name, value)| (name.clone(), text(value))).collect();
        if topic["event_store"] == true {
            let kept =
                [("cleanup.policy", "delete"), ("retention.bytes", "-1"), ("retention.ms", "-1")];
            config.extend(kept.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Topic {
            name: name.to_owned(),
            holds: text(&topic["holds"]),
            partitions: number(topic.get("partitions").unwrap_or(&declared["partitions"])),
            replication: number(&declared["replication"]),
            config,
        }
    });
    Input {
        services: services.collect(),
        topics: topics.collect(),
        schemas: Schema::all(&root().join("schemas")).unwrap(),
    }
}
