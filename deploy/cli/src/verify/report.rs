//! What a verification says in the end, to people and to programs.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use indicatif::HumanCount;
use serde::Serialize;

use super::findings::{Finding, Findings, Kind, Tally, Unclear};

/// The report of a verification.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// No promise is broken.
    clean: bool,
    /// Records that were looked at.
    records: u64,
    /// How long it took.
    seconds: f64,
    /// Records per second.
    records_per_second: f64,
    /// By topic.
    topics: BTreeMap<&'static str, Line>,
    /// What is broken, by kind.
    violations: BTreeMap<Kind, Broken>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    records: u64,
    violations: u64,
    not_checkable: BTreeMap<Unclear, u64>,
    under_way: u64,
}

/// All violations of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Broken {
    count: u64,
    examples: Vec<Finding>,
}

impl Line {
    fn new(tally: &Tally) -> Self {
        Self {
            records: tally.records,
            violations: tally.violations.values().map(|found| found.count).sum(),
            not_checkable: tally.unclear.clone(),
            under_way: tally.under_way,
        }
    }
}

impl Report {
    /// Of findings that took so long.
    pub fn new(findings: Findings, took: Duration) -> Self {
        let topics: BTreeMap<_, _> =
            findings.0.iter().map(|(topic, tally)| (topic.name(), Line::new(tally))).collect();
        let records = topics.values().map(|line| line.records).sum();
        let mut violations = BTreeMap::<Kind, Broken>::new();
        for (kind, found) in findings.0.into_values().flat_map(|tally| tally.violations) {
            let broken = violations.entry(kind).or_default();
            broken.count += found.count;
            broken.examples.extend(found.examples);
        }
        for broken in violations.values_mut() {
            broken.examples.sort();
        }
        let seconds = took.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a display value")]
        let records_per_second = if seconds > 0.0 { records as f64 / seconds } else { 0.0 };
        let clean = violations.is_empty();
        Self { clean, records, seconds, records_per_second, topics, violations }
    }

    /// Whether no promise is broken.
    pub const fn is_clean(&self) -> bool {
        self.clean
    }

    /// For people.
    pub fn as_text(&self) -> String {
        let mut text = self.table();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{} records in {:.1} s ({} records/s)",
            HumanCount(self.records),
            self.seconds,
            HumanCount(if self.seconds > 0.0 { rounded(self.records_per_second) } else { 0 }),
        );
        for (topic, line) in &self.topics {
            for (why, count) in &line.not_checkable {
                let (count, why) = (HumanCount(*count), why.meaning());
                let _ = write!(text, "\nnot checkable on {topic}: {count} ({why})");
            }
        }
        for (kind, broken) in &self.violations {
            let _ = write!(text, "\n\n{}: {}", HumanCount(broken.count), kind.meaning());
            for example in &broken.examples {
                let _ = write!(text, "\n  {}", sentence(example));
            }
            let shown = broken.examples.len() as u64;
            if shown < broken.count {
                let _ = write!(text, "\n  and {} more", HumanCount(broken.count - shown));
            }
        }
        text.push_str(if self.clean { "\nclean" } else { "\n\nthe log is broken" });
        text
    }

    fn table(&self) -> String {
        let width = self.topics.keys().map(|topic| topic.len()).max().unwrap_or(0);
        let mut text = format!(
            "{:width$} {:>12} {:>12} {:>14} {:>10}",
            "topic", "records", "violations", "not checkable", "under way"
        );
        for (topic, line) in &self.topics {
            let count = |n: u64| HumanCount(n).to_string();
            let _ = write!(
                text,
                "\n{topic:width$} {:>12} {:>12} {:>14} {:>10}",
                count(line.records),
                count(line.violations),
                count(line.not_checkable.values().sum()),
                count(line.under_way),
            );
        }
        text
    }
}

fn sentence(finding: &Finding) -> String {
    let Finding { topic, partition, offset, .. } = finding;
    let mut text = format!("{topic}/{partition} offset {offset}");
    let version = match (finding.version, finding.expected_version) {
        (Some(found), Some(expected)) => Some(format!("version {found} where {expected} must be")),
        (None, Some(expected)) => Some(format!("version {expected}")),
        (found, None) => found.map(|found| format!("version {found}")),
    };
    let parts = [
        finding.aggregate_id.clone().filter(|id| !id.is_empty()),
        version,
        finding.event_id.map(|id| format!("event {id}")),
        finding.command_id.map(|id| format!("command {id}")),
        finding.detail.clone(),
    ];
    for (separator, part) in
        [": "].into_iter().chain([", "].repeat(4)).zip(parts.into_iter().flatten())
    {
        text.push_str(separator);
        text.push_str(&part);
    }
    text
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a display value, which is not negative"
)]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests {
    use event_log::{Partition, Position};
    use schemas::Topic;
    use serde_json::{Value, json};

    use super::*;

    fn findings() -> Findings {
        let mut findings = Findings::default();
        findings.on(Topic::ORDER_EVENTS).records = 1_000;
        findings.on(Topic::ORDER_COMMANDS).under_way = 3;
        findings.unclear(Topic::ORDER_COMMANDS, Unclear::OutcomeExpired, 2);
        findings
    }

    fn gap() -> Finding {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 2 };
        Finding {
            version: Some(5),
            expected_version: Some(4),
            ..Finding::at(Position { partition, offset: 17 }).of("o1")
        }
    }

    #[test]
    fn a_clean_log() {
        let report = Report::new(findings(), Duration::from_millis(500));
        assert!(report.is_clean());
        assert_eq!(
            report.as_text(),
            "topic               records   violations  not checkable  under way\n\
             order.commands            0            0              2          3\n\
             order.events          1,000            0              0          0\n\
             1,000 records in 0.5 s (2,000 records/s)\n\
             not checkable on order.commands: 2 (the outcome may have been deleted by retention)\n\
             clean"
        );
    }

    #[test]
    fn a_broken_log() {
        let mut findings = findings();
        for _ in 0..12 {
            findings.violation(Topic::ORDER_EVENTS, Kind::Gap, gap());
        }
        let report = Report::new(findings, Duration::ZERO);
        assert!(!report.is_clean());
        let text = report.as_text();
        assert!(
            text.contains(
                "\n\n12: events whose version does not follow\n  \
                 order.events/2 offset 17: o1, version 5 where 4 must be\n"
            ) && text.ends_with("\n  and 2 more\n\nthe log is broken"),
            "{text}"
        );
        let json: Value = serde_json::to_value(&report).unwrap();
        assert_eq!(json["violations"]["gap"]["count"], json!(12));
        assert_eq!(
            json["violations"]["gap"]["examples"][0],
            json!({ "topic": "order.events", "partition": 2, "offset": 17, "aggregateId": "o1",
                    "version": 5, "expectedVersion": 4 })
        );
        assert_eq!(json["topics"]["order.commands"]["notCheckable"], json!({"outcome_expired": 2}));
    }
}
