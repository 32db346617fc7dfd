//! What others see: a Python client that knows nothing of us but the topics and the registry.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use testkit::{Installation, eventually};

use crate::story::{SERVICES, customer, order, order_is};

pub fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../independent"].iter().collect()
}

pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A Python with the client's packages, made once per target folder.
pub fn python() -> PathBuf {
    let target = testkit::installation::binary("oneway");
    let home = target.ancestors().nth(2).unwrap().join("independent-client");
    let wanted = std::fs::read_to_string(folder().join("requirements.txt")).unwrap();
    let stamp = home.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        return home.join("bin/python");
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home));
    let requirements = folder().join("requirements.txt");
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet", "-r"]).arg(requirements));
    std::fs::write(stamp, wanted).unwrap();
    home.join("bin/python")
}

fn script(installation: &Installation, python: &Path, name: &str, arguments: &[&str]) -> String {
    let settings = installation.settings();
    let mut command = Command::new(python);
    command
        .arg(folder().join(name))
        .args(["--brokers", &settings.brokers, "--registry", &settings.registry_url])
        .args(["--prefix", &settings.qualify("")])
        .args(arguments);
    run(&mut command)
}

#[tokio::test(flavor = "multi_thread")]
async fn others_read_classifications_and_append_commands() {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let installation = Installation::start(&SERVICES, &[]).await;
    let anna = customer(&installation, "Anna").await;
    let one = order(&installation, &anna, "999").await;
    order_is(&installation, &one, "confirmed").await;

    // Its own partitioner may put the command anywhere: the processor finds the right owner.
    for n in 0..8 {
        let id = format!("foreign-{n}");
        script(&installation, &python, "append_order.py", &["--order", &id, "--customer", &anna]);
        order_is(&installation, &id, "confirmed").await;
    }

    let path = format!("/v1/classifications/{anna}");
    let look = async || installation.get("customer-classifier", &path).await.1;
    eventually("class B", look, |row| row["class"] == json!("B")).await;
    let look = async || {
        let seen = script(&installation, &python, "read_classifications.py", &[]);
        seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let events: Vec<serde_json::Value> =
        eventually("two events", look, |events: &Vec<_>| events.len() >= 2).await;
    let brief: Vec<_> =
        events.iter().map(|e| json!([e["class"], e["previousClass"], e["sequence"]])).collect();
    assert_eq!(brief, [json!(["C", null, 1]), json!(["B", "C", 2])]);
}
