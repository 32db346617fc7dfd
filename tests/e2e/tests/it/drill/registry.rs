//! A registry that is empty: the schemas get the ids that records name, also where there were
//! others between them.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use event_log::Registry;
use schemas::Topic;
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use super::{oneway, read, refused};

/// A registry of its own, without anything in it; killed when dropped.
struct Empty {
    process: Child,
    url: String,
}

/// The one that the local stack was started with.
fn program() -> PathBuf {
    let stack = testkit::installation::binary("oneway").with_file_name("../stack");
    let found = fs::read_dir(stack).unwrap().flatten().flat_map(|one| {
        let files = fs::read_dir(one.path().join("registry"));
        files.into_iter().flatten().flatten().map(|file| file.path())
    });
    let is_it = |path: &PathBuf| path.to_string_lossy().ends_with("-runner.jar");
    let newest = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).unwrap();
    found.filter(is_it).max_by_key(newest).unwrap()
}

impl Empty {
    async fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.join("registry.log")).unwrap();
        let process = Command::new("java")
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar"])
            .arg(program())
            .env("QUARKUS_HTTP_HOST", "127.0.0.1")
            .env("QUARKUS_HTTP_PORT", port.to_string())
            .env("QUARKUS_MANAGEMENT_HOST", "127.0.0.1")
            .env("QUARKUS_MANAGEMENT_PORT", "0")
            .env("APICURIO_STORAGE_KIND", "sql")
            .env("APICURIO_STORAGE_SQL_KIND", "h2")
            .env("APICURIO_DATASOURCE_URL", format!("jdbc:h2:file:{}/schemas", folder.display()))
            .env("APICURIO_DATASOURCE_USERNAME", "sa")
            .env("APICURIO_DATASOURCE_PASSWORD", "sa")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}/apis/ccompat/v7");
        let registry = Registry::new(&url);
        let look = async || registry.subjects().await.map_err(|error| error.to_string());
        eventually("the registry to answer", look, Result::is_ok).await.unwrap();
        Self { process, url }
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        // It may have ended of its own.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn change(folder: &Path, change: impl FnOnce(&mut Value)) {
    let file = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&file, manifest.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_empty_gets_the_ids_that_records_name() {
    let services = ["command-api", "command-processor"];
    let original = Installation::start(&services, &[]).await;
    let customer = crate::story::customer(&original, "Anna").await;
    crate::story::order(&original, &customer, "1").await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let path = backup.to_str().unwrap();
    oneway(&original, &["backup", "create", path]).await;
    let records = read(&original, &super::TOPICS).await;

    // Into another installation on the same brokers, which is empty.
    let target = Installation::start(&["command-api"], &[]).await;
    let told = refused(&target, &["backup", "restore", path]).await;
    assert!(told.contains("restore into the same"), "{told}");
    let namespace = target.stack()["namespace"].clone();
    change(&backup, |manifest| manifest["namespace"] = namespace);
    let whole = fs::read(backup.join("manifest.json")).unwrap();
    let text = "/schemas/0/text";
    change(&backup, |manifest| *manifest.pointer_mut(text).unwrap() = json!("\"string\""));
    let told = refused(&target, &["backup", "restore", path]).await;
    assert!(told.contains("is another one in this registry"), "{told}");
    fs::write(backup.join("manifest.json"), &whole).unwrap();
    change(&backup, |manifest| drop(manifest["partitions"].as_array_mut().unwrap().pop()));
    let told = refused(&target, &["backup", "restore", path]).await;
    assert!(told.contains("has 4 partitions and had 3"), "{told}");
    fs::write(backup.join("manifest.json"), &whole).unwrap();
    // Other ids, with gaps between them: twice as many as its place.
    let mut ids = 0;
    change(&backup, |manifest| {
        for schema in manifest["schemas"].as_array_mut().unwrap() {
            ids += 2;
            schema["id"] = json!(ids);
        }
    });
    let shared = refused(&target, &["backup", "restore", path]).await;
    assert!(shared.contains("docs/operations.md"), "{shared}");
    let empty = Empty::start(folder.path()).await;
    let restore = ["backup", "restore", path, "--registry", &empty.url];
    oneway(&target, &restore).await;
    let registry = Registry::new(&empty.url);
    let manifest: Value =
        serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap();
    for schema in manifest["schemas"].as_array().unwrap() {
        let id = u32::try_from(schema["id"].as_u64().unwrap()).unwrap();
        let text: Value = serde_json::from_str(&registry.schema(id).await.unwrap()).unwrap();
        assert_eq!(text, serde_json::from_str::<Value>(schema["text"].as_str().unwrap()).unwrap());
    }
    let kept = manifest["schemas"].as_array().unwrap().iter();
    let kept: BTreeSet<_> =
        kept.map(|schema| schema["subject"].as_str().unwrap().to_owned()).collect();
    let found: BTreeSet<_> = registry.subjects().await.unwrap().into_iter().collect();
    assert_eq!(found, kept, "and nothing else");
    assert_eq!(read(&target, &super::TOPICS).await, records);
    let events = read(&target, &[Topic::ORDER_EVENTS]).await;
    assert_eq!(events.len(), 1);
}
