//! Every revision that a schema ever had is registered beside all others, at the level that the
//! deployment sets: no reader of any version, old or new, is broken by any other.

use std::{collections::BTreeMap, fs, path::PathBuf};

use event_log::Registry;
use futures_util::future::join_all;
use serde_json::Value;
use testkit::installation::required;

/// The revisions of each message type, as its fixtures keep them, oldest first.
fn revisions() -> BTreeMap<String, Vec<Value>> {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../schemas/fixtures"].iter().collect();
    let mut all = BTreeMap::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        let mut revisions = Vec::new();
        for number in 1.. {
            let Ok(text) = fs::read_to_string(folder.path().join(format!("{number}.json"))) else {
                break;
            };
            let mut fixture: Value = serde_json::from_str(&text).unwrap();
            let schema = fixture["schema"].take();
            if !revisions.contains(&schema) {
                revisions.push(schema);
            }
        }
        all.insert(folder.file_name().into_string().unwrap(), revisions);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_takes_every_revision() {
    let registry = Registry::new(&required("SCHEMA_REGISTRY_URL"));
    let run = uuid::Uuid::new_v4().simple().to_string();
    let all = revisions();
    assert!(all.values().any(|revisions| revisions.len() > 1), "{:?}", all.keys());
    for (wire_type, revisions) in all {
        let subject = format!("{run}-{wire_type}");
        registry.set_compatibility(&subject, "FULL_TRANSITIVE").await.unwrap();
        for (number, revision) in (1..).zip(revisions) {
            let registered = registry.register(&subject, &revision.to_string()).await;
            registered.unwrap_or_else(|error| panic!("{wire_type} {number}: {error}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_many_register_at_once_has_one_id() {
    let registry = Registry::new(&required("SCHEMA_REGISTRY_URL"));
    for _ in 0..10 {
        let run = uuid::Uuid::new_v4().simple().to_string();
        let text = format!(r#"{{ "type": "record", "name": "New{run}", "fields": [] }}"#);
        let subjects = (0..8).map(|n| format!("{run}-{n}"));
        let one = async |subject: String| registry.register(&subject, &text).await.unwrap();
        let ids = join_all(subjects.map(one)).await;
        assert!(ids.iter().all(|id| Some(id) == ids.first()), "{ids:?}");
    }
}
