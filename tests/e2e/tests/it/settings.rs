//! `deploy/env.example` and the binaries agree, and a bad environment is told whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Command, Output},
};

use testkit::installation::binary;

use crate::story::SERVICES;

fn example() -> BTreeMap<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/env.example");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parse = |line: &str| {
        let (name, rest) = line.split_once('=').unwrap_or_else(|| panic!("no variable: {line}"));
        let value = rest.split_once(" #").map_or(rest, |(value, _)| value).trim();
        (name.to_owned(), value.to_owned())
    };
    let variables: Vec<_> = lines.map(parse).collect();
    let map: BTreeMap<_, _> = variables.iter().cloned().collect();
    assert_eq!(map.len(), variables.len(), "a variable is listed twice");
    map
}

fn run(service: &str, arguments: &[&str], env: &BTreeMap<String, String>) -> Output {
    let mut command = Command::new(binary(service));
    command.args(arguments).env_clear().envs(env).output().unwrap()
}

/// The services of the story, and those beside it.
fn binaries() -> impl Iterator<Item = &'static str> {
    let others = ["tokens", "customer-report", "email-campaign", "campaigns", "operator"];
    SERVICES.into_iter().chain(others).chain(["web-ui", "canary"])
}

fn settings(service: &str) -> BTreeSet<String> {
    let output = run(service, &["--settings"], &BTreeMap::new());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_variable_is_documented_and_every_documented_one_is_read() {
    let mut read: BTreeSet<_> = binaries().flat_map(settings).collect();
    let of_all = settings("all-in-one");
    read.insert("ALL_IN_ONE_SERVICES".to_owned());
    assert_eq!(of_all, read, "all services in one process read what each of them reads");
    let documented: BTreeSet<_> = example().into_keys().collect();
    assert_eq!(documented, read);
}

#[test]
fn every_bad_variable_is_named_at_once_and_no_value_shown() {
    for service in binaries() {
        let own: Vec<_> = settings(service)
            .into_iter()
            .filter(|name| name.starts_with(&service.to_uppercase().replace('-', "_")))
            .collect();
        assert!(!own.is_empty(), "{service}");
        let mut env = example();
        env.extend(own.iter().map(|name| (name.clone(), "s3cret!".to_owned())));
        let missing = match service {
            "tokens" => "ONEWAY_JWT_SECRET",
            // Nothing is required of them.
            "web-ui" | "canary" => "",
            _ => "KAFKA_BROKERS",
        };
        env.remove(missing);
        let output = run(service, &[], &env);
        assert_eq!(output.status.code(), Some(64), "{service}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        for name in own {
            assert!(said.contains(&format!("{name} is malformed")), "{service}: {said}");
        }
        assert!(said.contains(missing), "{service}: {said}");
        assert!(!said.contains("s3cret!"), "{service}: {said}");
    }
}

#[test]
fn nobody_gets_in_unless_that_is_configured() {
    for service in ["command-api", "orders"] {
        let output = run(service, &[], &example());
        assert_eq!(output.status.code(), Some(64), "{service}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        for named in ["ONEWAY_JWT_SECRET", "ONEWAY_JWT_KEYS", "ONEWAY_ANONYMOUS=true"] {
            assert!(said.contains(named), "{service}: {said}");
        }
    }
}

#[test]
fn whoever_starts_a_binary_by_hand_is_told_how() {
    let output = run("orders", &["--port", "1"], &BTreeMap::new());
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--settings"), "{output:?}");
}
