//! The corpus of changes, judged by the registry and by fastavro, which reads real bytes. What
//! either proves to break, we refuse; where verdicts differ, a reason is written down.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;
use testkit::installation::required;

use crate::independent;

#[derive(Deserialize)]
struct Case {
    name: String,
    verdict: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Disagreement {
    registry: String,
    fastavro: String,
    why: String,
}

fn corpus(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../schemas/corpus", name].iter().collect()
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(corpus(name)).unwrap()).unwrap()
}

/// What an oracle says of each change, by its name.
fn ask(python: &Path, script: &str, arguments: &[&str]) -> BTreeMap<String, String> {
    let mut command = Command::new(python);
    command.arg(independent::folder().join(script)).arg(corpus("changes.json")).args(arguments);
    let answer: BTreeMap<String, Value> =
        serde_json::from_str(&independent::run(&mut command)).unwrap();
    let verdict = |value: Value| value["verdict"].as_str().unwrap().to_owned();
    answer.into_iter().map(|(name, value)| (name, verdict(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_oracle_proves_to_break_is_refused() {
    let (registry, fastavro) = tokio::task::spawn_blocking(|| {
        let python = independent::python();
        let url = required("SCHEMA_REGISTRY_URL");
        let registry = ask(&python, "registry_verdicts.py", &["--registry", &url]);
        (registry, ask(&python, "oracle.py", &[]))
    })
    .await
    .unwrap();
    let cases: Vec<Case> = read("changes.json");
    let mut explained: BTreeMap<String, Disagreement> = read("disagreements.json");
    let (mut broken, mut stricter) = (0, 0);
    for Case { name, verdict } in &cases {
        let (of_registry, of_fastavro) = (&registry[name], &fastavro[name]);
        let proven = [of_registry, of_fastavro].contains(&&"breaking".to_owned());
        assert!(verdict == "breaking" || !proven, "{name} breaks, and we call it {verdict}");
        broken += usize::from(proven);
        stricter += usize::from(verdict == "breaking" && !proven);
        let agree = of_registry == verdict && of_fastavro == verdict;
        match explained.remove(name) {
            None => assert!(
                agree,
                "{name}: nobody says why registry {of_registry}, fastavro {of_fastavro}"
            ),
            Some(told) => {
                assert!(!agree, "{name}: all agree");
                assert!(told.why.len() > 40, "{name}: {}", told.why);
                assert_eq!((&told.registry, &told.fastavro), (of_registry, of_fastavro), "{name}");
            }
        }
    }
    assert!(explained.is_empty(), "no such changes: {:?}", explained.keys());
    assert!(cases.len() >= 60 && broken >= 60, "{broken} of {}", cases.len());
    eprintln!("{} changes, {broken} proven to break, {stricter} refused by us alone", cases.len());
}
