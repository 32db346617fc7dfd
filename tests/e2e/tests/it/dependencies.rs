//! Dependencies follow the data upstream: `schemas` ← producers' libraries ← `consumer-runtime` ←
//! consumers. Nothing depends on a service but what deploys them all, no consumer on another.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

const PURE: [&str; 4] = ["schemas", "schema-workflow", "event-catalog", "domain"];
const IO: [&str; 6] =
    ["rdkafka", "tokio", "tokio-postgres", "reqwest", "axum", "deadpool-postgres"];

struct Package {
    folder: String,
    is_service: bool,
    dependencies: Vec<String>,
}

fn packages() -> BTreeMap<String, Package> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let package = |package: &Value| {
        let text = |name: &str| package[name].as_str().unwrap().to_owned();
        let manifest = text("manifest_path");
        let folder = manifest.trim_start_matches(root).trim_start_matches('/').to_owned();
        let kinds = package["targets"].as_array().unwrap().iter();
        let is_service = kinds.clone().any(|target| target["kind"][0] == "bin");
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        // Tests may look anywhere.
        let dependencies = dependencies.filter(|dependency| dependency["kind"] != "dev");
        let names = dependencies.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
        (text("name"), Package { folder, is_service, dependencies: names })
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

/// How far downstream a package is.
fn rank(name: &str, package: &Package) -> u8 {
    match package.folder.split('/').next().unwrap() {
        "schemas" if name == "schemas" => 0,
        "schemas" => 1,
        "producers" if !package.is_service => 1,
        "consumers" if name == "consumer-runtime" => 2,
        "producers" | "consumers" => 3,
        _ => 4,
    }
}

#[test]
fn dependencies_follow_the_data_upstream() {
    let packages = packages();
    assert!(packages.len() > 8, "found only {:?}", packages.keys());
    for (name, package) in &packages {
        for dependency in &package.dependencies {
            let Some(target) = packages.get(dependency) else { continue };
            let (from, to) = (rank(name, package), rank(dependency, target));
            let among_libraries = from == 1 && to == 1;
            assert!(to < from || among_libraries || from == 4, "{name} depends on {dependency}");
        }
    }
}

#[test]
fn what_is_pure_knows_no_io() {
    let packages = packages();
    for name in PURE {
        for dependency in &packages[name].dependencies {
            assert!(!IO.contains(&dependency.as_str()), "{name} depends on {dependency}");
        }
    }
}
