//! A change on a branch of its own, from the file to the topics: one that breaks is refused with
//! the way out, one that does not is locked, registered, written, and read by those that do not
//! know it.

use std::{fs, path::Path, process::Command};

use apache_avro::{Schema, to_value, writer::datum::GenericDatumWriter};
use event_log::{OutRecord, Registry};
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::{
    dead_letters::records::{append, enveloped},
    independent::run,
};

const FILE: &str = "avro/order/order_created.avsc";

/// A copy of the schemas on a branch of a repository of its own.
fn branch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here: std::path::PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../schemas"].iter().collect();
    for part in ["avro", "revisions", "schemas.lock"] {
        run(Command::new("cp").arg("-r").arg(here.join(part)).arg(folder.path()));
    }
    let git = |arguments: &[&str]| {
        run(Command::new("git").current_dir(folder.path()).args(arguments));
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    git(&[&who[..], &["commit", "--quiet", "-m", "as it is"]].concat());
    git(&["checkout", "--quiet", "-b", "change"]);
    folder
}

fn edit(folder: &Path, change: impl FnOnce(&mut Vec<Value>)) {
    let path = folder.join(FILE);
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(schema["fields"].as_array_mut().unwrap());
    fs::write(path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
}

fn channel() -> Value {
    json!({ "name": "channel", "type": ["null", "string"], "default": null,
            "doc": "Where it was ordered; absent when nobody knows." })
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_file_to_the_topics() {
    let installation = Installation::start(&["orders"], &[]).await;
    let folder = branch();
    let dir = folder.path().to_str().unwrap();
    let schemas = async |arguments: &[&str]| {
        installation.run(&[&["schemas"], arguments, &["--dir", dir]].concat()).await
    };

    // A rename: refused, with both definitions and the way out; nothing is locked.
    edit(folder.path(), |fields| fields[1]["name"] = json!("description"));
    for against in ["main", dir] {
        let (code, out, _) = schemas(&["breaking", "--against", against]).await;
        assert_eq!(code, 1, "{out}");
        let told =
            ["[field-renamed]", "OrderCreated.text", "description", "instead: keep the name"];
        told.iter().for_each(|part| assert!(out.contains(part), "no {part} in {out}"));
    }
    let (code, out, _) = schemas(&["breaking", "--format", "sarif"]).await;
    let sarif: Value = serde_json::from_str(&out).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((code, &result["ruleId"]), (1, &json!("field-renamed")));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"description\"")).unwrap();
    assert_eq!(region["startLine"], json!(line), "{region}");
    assert_eq!(schemas(&["lock"]).await.0, 1);
    let (code, page, _) = installation.run(&["schemas", "explain", "field-renamed"]).await;
    assert!(code == 0 && page.contains("upcaster"), "{page}");

    // An optional field: accepted. What is not locked is not registered.
    run(Command::new("git").current_dir(folder.path()).args(["checkout", "--quiet", "."]));
    edit(folder.path(), |fields| fields.push(channel()));
    assert_eq!(schemas(&["breaking", "--against", "main"]).await.0, 0);
    let (code, out, _) = schemas(&["register", "--apply"]).await;
    assert!(code == 1 && out.contains("[not-locked]"), "{out}");
    let (code, out, _) = schemas(&["lock"]).await;
    assert!(code == 0 && out.contains("OrderCreated as revision 2"), "{out}");
    assert_eq!(schemas(&["check"]).await.0, 0);
    let (code, out, _) = schemas(&["register"]).await;
    assert!(code == 0 && out.contains("register revision 2"), "{out}");
    let (code, out, error) = schemas(&["register", "--apply"]).await;
    assert_eq!(code, 0, "{out}{error}");
    assert_eq!(schemas(&["breaking", "--against", "registry"]).await.0, 0);

    // A registered revision is never edited.
    let revision = folder.path().join("revisions/order/order_created.2.avsc");
    let text = fs::read_to_string(&revision).unwrap();
    fs::write(&revision, text.replace("channel", "kanal")).unwrap();
    let (code, out, _) = schemas(&["check"]).await;
    assert!(code == 1 && out.contains("[edited-revision]"), "{out}");

    write_and_read(&installation, &text).await;
}

/// Events of both revisions: this build reads the new one, which it does not know.
async fn write_and_read(installation: &Installation, revision: &str) {
    let settings = installation.settings();
    let subject = format!("{}-oneway.order.OrderCreated", settings.qualify("order.events"));
    let id = Registry::of(&settings).id(&subject, revision).await.unwrap();
    let schema = Schema::parse_str(revision).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    let money = apache_avro::types::Value::Decimal(1_399_i64.to_be_bytes().to_vec().into());
    let value = apache_avro::types::Value::Record(vec![
        ("customerId".into(), "c-1".into()),
        ("text".into(), "a book".into()),
        ("value".into(), money),
        ("orderedAt".into(), apache_avro::types::Value::TimestampMicros(1_700_000_000_000_000)),
        ("channel".into(), to_value(Some("shop")).unwrap()),
    ]);
    let datum = writer.write_value_to_vec(value.resolve(&schema).unwrap()).unwrap();
    let payload = [&[0][..], &id.to_be_bytes(), &datum].concat();
    let record = OutRecord {
        topic: Topic::ORDER_EVENTS,
        partition: None,
        key: Some("with-channel".into()),
        payload: Some(payload),
        headers: enveloped("with-channel", Some(1), "order_created"),
    };
    append(installation, [record]).await;
    let look = async || installation.get("orders", "/v1/orders/with-channel").await;
    let seen = eventually("the order", look, |(status, _)| *status == 200).await;
    assert_eq!(seen.1["value"], json!("13.99"));
    let (code, out, error) = installation.run(&["schemas", "verify-history"]).await;
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.contains(&format!("schema {id}  oneway.order.OrderCreated")), "{out}");
}
