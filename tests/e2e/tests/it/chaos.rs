//! Each path under fault, in a short form with fixed seeds; `oneway chaos` is the long one.

use std::process::Command;

use serde_json::Value;
use testkit::installation::{binary, make_traversable};

/// Runs `oneway chaos` on a stack of its own; the exit code and the report.
fn chaos(arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, Value) {
    // What is kept of a run that broke something goes with this folder.
    let folder = tempfile::tempdir().unwrap();
    make_traversable(folder.path());
    let output = Command::new(binary("oneway"))
        .env("TMPDIR", folder.path())
        .args(["chaos", "--no-build", "--json"])
        .args(arguments)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|error| panic!("{error}: {said}")))
}

#[test]
fn nothing_breaks_under_kills_and_zombies() {
    let (code, report) = chaos(&["--path", "write", "--minutes", "0.6", "--seed", "4"], &[]);
    assert_eq!((code, &report["clean"]), (Some(0), &Value::Bool(true)), "{report:#}");
    let faults: u64 =
        report["faults"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(faults >= 5, "{report:#}");
    assert!(report["commands"].as_u64().unwrap() > 500, "{report:#}");
}

/// The suite can fail: without fencing a zombie's commands are decided twice.
#[test]
fn a_missing_fence_is_noticed() {
    let only = "freeze command-processor";
    let arguments = ["--path", "write", "--minutes", "0.6", "--seed", "4", "--only", only];
    let (code, report) = chaos(&arguments, &[("ONEWAY_UNFENCED", "true")]);
    assert_eq!((code, &report["clean"]), (Some(1), &Value::Bool(false)), "{report:#}");
}

#[test]
fn the_read_path_comes_back_and_equals_the_log() {
    let (code, report) = chaos(&["--path", "read", "--minutes", "0.6", "--seed", "1"], &[]);
    assert_eq!((code, &report["clean"]), (Some(0), &Value::Bool(true)), "{report:#}");
    let path = &report["readPath"];
    assert_eq!(path["differingRows"], 0, "{report:#}");
    let rows = path["rows"].as_object().unwrap();
    assert_eq!(rows.len(), 6, "{report:#}");
    assert!(rows.values().all(|rows| rows.as_u64() > Some(20)), "{report:#}");
    assert!(path["lagZeroAfterSeconds"].as_f64().is_some(), "{report:#}");
}
