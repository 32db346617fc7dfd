//! Findings as code hosts take them: SARIF 2.1.0, OASIS Standard, §3.

use serde_json::{Value, json};

use crate::{finding::Finding, rules};

/// A log of one run.
pub fn log(findings: &[Finding]) -> Value {
    let rules = rules::ALL.iter().map(|rule| {
        json!({
            "id": rule.id,
            "shortDescription": { "text": rule.title() },
            "help": { "text": rule.page(), "markdown": rule.page() },
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "oneway schemas",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Value>(),
            } },
            "results": findings.iter().map(result).collect::<Value>(),
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let Finding { rule, file, place, path, message, .. } = finding;
    let index = rules::ALL.iter().position(|one| one.id == rule.id);
    let of = if path.is_empty() { String::new() } else { format!("{path}: ") };
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": "error",
        "message": { "text": format!("{of}{message}") },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": file.display().to_string().replace('\\', "/") },
            "region": { "startLine": place.line, "startColumn": place.column },
        } }],
    })
}
