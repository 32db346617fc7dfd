//! They are up to date, whole, and the same each time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use event_catalog::{
    Drift, Schema, asyncapi, catalogue::messages, documents, drift, markdown, write,
};
use serde_json::json;

use crate::repository::{input, root};

#[test]
fn they_are_those_of_the_repository() {
    let documents = documents(&input());
    let drift = drift(&root(), &documents).unwrap();
    assert!(drift.is_empty(), "`oneway docs` writes them: {drift:?}");
}

#[test]
fn what_differs_is_told_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let documents = BTreeMap::from(
        ["docs/events/a.md", "docs/events/b/c.md", "docs/d.json"]
            .map(|path| (PathBuf::from(path), format!("{path}\n"))),
    );
    let all: BTreeSet<_> = documents.keys().cloned().map(Drift::Missing).collect();
    assert_eq!(write(folder.path(), &documents).unwrap(), all);
    assert_eq!(drift(folder.path(), &documents).unwrap(), BTreeSet::new());
    fs::write(folder.path().join("docs/d.json"), "{}").unwrap();
    fs::write(folder.path().join("docs/events/b/gone.md"), "").unwrap();
    let expected = BTreeSet::from([
        Drift::Outdated("docs/d.json".into()),
        Drift::Left("docs/events/b/gone.md".into()),
    ]);
    assert_eq!(drift(folder.path(), &documents).unwrap(), expected);
    assert_eq!(write(folder.path(), &documents).unwrap(), expected);
    assert_eq!(drift(folder.path(), &documents).unwrap(), BTreeSet::new());
}

/// The headings of a page, as links name them.
fn anchors(page: &str) -> impl Iterator<Item = String> {
    let headings = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    headings.map(|heading| heading.to_lowercase().replace(' ', "-"))
}

/// Without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn every_link_leads_somewhere() {
    let pages = documents(&input());
    let mut links = 0;
    for (path, page) in pages.iter().filter(|(path, _)| path.extension() == Some("md".as_ref())) {
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(f, a)| (f, Some(a)));
            let target = plain(&path.parent().unwrap().join(file));
            let (path, target) = (path.display(), &target);
            let is_there = pages.contains_key(target) || root().join(target).is_file();
            assert!(is_there, "{path}: {link}");
            if let Some(anchor) = anchor {
                let mut anchors = anchors(&pages[target]);
                assert!(anchors.any(|known| known == anchor), "{path}: {link}");
            }
            links += 1;
        }
    }
    assert!(links > 500, "{links} links");
}

#[test]
fn every_table_has_as_many_cells_in_each_line() {
    for (path, page) in markdown(&input()) {
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let lines: Vec<_> = page.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| line.starts_with('|'))) {
            assert_eq!(cells(pair[0]), cells(pair[1]), "{}: {}", path.display(), pair[1]);
        }
    }
}

#[test]
fn whatever_is_there_is_told() {
    let input = input();
    let document = asyncapi(&input);
    for schema in &input.schemas {
        let message = &document["channels"][&schema.topic]["messages"][&schema.wire_type];
        assert_eq!(message["payload"]["schema"]["doc"], message["summary"]);
        let examples = message["examples"].as_array().unwrap().len();
        assert_eq!(examples, schema.examples.len(), "every datum of {} fits", schema.wire_type);
        assert!(examples > 0, "{} has no example", schema.wire_type);
    }
    for service in &input.services {
        for (action, topics) in [("send", &service.writes), ("receive", &service.reads)] {
            for topic in topics {
                let operation = format!("{}.{action}.{topic}", service.name);
                assert_eq!(document["operations"][&operation]["action"], action, "{operation}");
                assert!(document["channels"][topic].is_object(), "{operation}");
            }
        }
    }
}

#[test]
fn who_shares_a_topic_with_its_like_has_a_group() {
    let document = asyncapi(&input());
    for (operation, group) in [
        ("orders.receive.order.events", json!("orders")),
        ("command-processor.receive.order.commands", json!("command-processor")),
        ("command-processor.receive.order.state", json!(null)),
        ("command-api.receive.command.results", json!(null)),
        ("customer-classifier.receive.order.events", json!("customer-classifier")),
        ("customer-classifier.receive.customer-classification.events", json!(null)),
        ("operator.receive.order.events", json!(null)),
        ("orders.send.change-notifications", json!(null)),
    ] {
        let bindings = &document["operations"][operation]["bindings"];
        assert_eq!(bindings["kafka"]["groupId"]["const"], group, "{operation}");
    }
}

#[test]
fn personal_data_are_marked() {
    let messages = messages(&input());
    let personal: BTreeSet<_> = messages
        .iter()
        .flat_map(|message| message.fields.iter().map(move |field| (message, field)))
        .filter(|(_, field)| field.is_personal)
        .map(|(message, field)| format!("{} {}", message.wire_type, field.path))
        .collect();
    assert!(personal.contains("customer_created email"), "{personal:?}");
    assert!(personal.contains("customer_state state.name"), "{personal:?}");
    assert!(!personal.iter().any(|one| one.starts_with("order_created")), "{personal:?}");
}

#[test]
fn versions_are_the_revisions_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| folder.path().join(name);
    fs::create_dir_all(of("avro/order")).unwrap();
    fs::create_dir_all(of("revisions/order")).unwrap();
    let text = |doc| {
        format!(r#"{{"type": "record", "name": "OrderCreated", "doc": "{doc}", "fields": []}}"#)
    };
    let versions = || {
        let mut input = input();
        input.schemas = Schema::all(folder.path()).unwrap();
        let messages = messages(&input);
        let created = messages.iter().find(|one| one.wire_type == "order_created").unwrap();
        let versions = created.versions.iter();
        versions.map(|version| (version.number, version.changes.len())).collect::<Vec<_>>()
    };
    fs::write(of("avro/order/order_created.avsc"), text("Second.")).unwrap();
    assert_eq!(versions(), [(1, 0)], "not locked");
    fs::write(of("revisions/order/order_created.1.avsc"), text("First.")).unwrap();
    assert_eq!(versions(), [(2, 1), (1, 0)], "the second one is not locked");
    fs::write(of("revisions/order/order_created.2.avsc"), text("Second.")).unwrap();
    assert_eq!(versions(), [(2, 1), (1, 0)], "all are locked");
}

#[test]
fn a_file_that_is_malformed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = folder.path().join("fixtures/order_created");
    fs::create_dir_all(&fixtures).unwrap();
    for text in ["{", "{}", r#"{"schema": {}, "datum": 1, "value": {}}"#] {
        fs::write(fixtures.join("1.json"), text).unwrap();
        let error = Schema::all(folder.path()).unwrap_err().to_string();
        assert!(error.contains("order_created/1.json: "), "{error}");
    }
}
