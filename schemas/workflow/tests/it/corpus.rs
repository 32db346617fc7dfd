//! The corpus of changes, judged by us. That two independent oracles find no break that we do not
//! is a test on real servers, see `tests/e2e`.

use std::path::PathBuf;

use schema_workflow::{
    breaking::{Earlier, breaking},
    finding::{Format, report},
    source::Source,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    name: String,
    about: String,
    before: Vec<Value>,
    after: Value,
    verdict: String,
}

fn source(name: &str, schema: &Value) -> Source {
    Source { path: PathBuf::from(name), text: serde_json::to_string_pretty(schema).unwrap() }
}

#[test]
fn every_change_of_the_corpus_is_judged_as_it_says() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../corpus/changes.json")).unwrap();
    assert!(cases.len() >= 60);
    let mut wrong = Vec::new();
    for case in &cases {
        let earlier: Vec<_> = (1..)
            .zip(&case.before)
            .map(|(n, schema)| Earlier { label: format!("revision {n}"), source: source("before", schema) })
            .collect();
        let findings = breaking(&earlier, &source(&case.name, &case.after));
        let verdict = if findings.is_empty() { "compatible" } else { "breaking" };
        if verdict != case.verdict {
            let told = report(&findings, Format::Text);
            wrong.push(format!("{}: we say {verdict} ({})\n{told}", case.name, case.about));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
