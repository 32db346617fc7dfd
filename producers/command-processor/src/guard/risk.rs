//! What endangers the log, by the settings of its topics. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use event_log::topics::Actual;
use schemas::Topic;

use super::Store;

/// Fewest copies that must have a record before it counts as written, where there are several.
const LEAST_IN_SYNC: i32 = 2;

/// A kind of danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Events are deleted by age or size.
    Retention,
    /// Events are deleted when newer ones have their key.
    Compaction,
    /// A key's commands, events and state are not in partitions of the same number.
    Partitions,
    /// A record counts as written that only one broker has.
    InSync,
}

/// The risks that are accepted, by setting: names separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<Risk>);

/// Why a text is no list of risks. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the risks are retention, compaction, partitions and in-sync, separated by commas")]
pub struct UnknownRisk;

/// A danger that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub risk: Risk,
    /// Where.
    pub topic: Topic,
    /// What is, and what must be.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { risk, topic, what } = self;
        write!(f, "topic {topic} {what} (risk {})", risk.name())
    }
}

impl Risk {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Retention, Self::Compaction, Self::Partitions, Self::InSync];

    /// Its name in settings, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Compaction => "compaction",
            Self::Partitions => "partitions",
            Self::InSync => "in-sync",
        }
    }
}

impl Accepted {
    /// True when this risk is taken.
    pub fn covers(&self, risk: Risk) -> bool {
        self.0.contains(&risk)
    }
}

impl FromStr for Accepted {
    type Err = UnknownRisk;

    fn from_str(text: &str) -> Result<Self, UnknownRisk> {
        let named = |name: &str| Risk::ALL.into_iter().find(|risk| risk.name() == name);
        let risks = text.split(',').map(|name| named(name.trim()).ok_or(UnknownRisk));
        risks.collect::<Result<_, _>>().map(Self)
    }
}

/// What endangers a store whose topics are like this.
pub fn findings(store: &Store, topics: &BTreeMap<Topic, Actual>) -> Vec<Finding> {
    let Some(events) = topics.get(&store.events) else { return Vec::new() };
    let mut findings = forgetful(store.events, events);
    let known = |topic: Topic| topics.get(&topic).map(|is| (topic, is));
    for (topic, is) in [store.commands, store.state].into_iter().filter_map(known) {
        if is.partitions != events.partitions {
            let what = format!(
                "has partitions={}, must be {} as {} has",
                is.partitions, events.partitions, store.events
            );
            findings.push(Finding { risk: Risk::Partitions, topic, what });
        }
    }
    // States can be made again from the events; commands are acknowledged, and cannot.
    for (topic, is) in [store.commands, store.events].into_iter().filter_map(known) {
        findings.extend(lonely(topic, is));
    }
    findings
}

fn forgetful(topic: Topic, is: &Actual) -> Vec<Finding> {
    let setting = |name: &str| is.config.get(name).map_or("(unset)", String::as_str);
    let mut findings = Vec::new();
    if setting("cleanup.policy").split(',').any(|policy| policy.trim() == "compact") {
        let what = format!("has cleanup.policy={}, must be delete", setting("cleanup.policy"));
        findings.push(Finding { risk: Risk::Compaction, topic, what });
    }
    for name in ["retention.ms", "retention.bytes"] {
        if setting(name) != "-1" {
            let what = format!("has {name}={}, must be -1", setting(name));
            findings.push(Finding { risk: Risk::Retention, topic, what });
        }
    }
    findings
}

fn lonely(topic: Topic, is: &Actual) -> Option<Finding> {
    let name = "min.insync.replicas";
    let least = is.config.get(name).and_then(|text| text.parse::<i32>().ok()).unwrap_or(1);
    let what = || {
        let copies = is.replication;
        format!("has {name}={least}, must be at least {LEAST_IN_SYNC} for its {copies} copies")
    };
    let is_lonely = is.replication > 1 && least < LEAST_IN_SYNC;
    is_lonely.then(|| Finding { risk: Risk::InSync, topic, what: what() })
}

/// True when commands that are kept for `kept_ms` (-1: for ever) outlive the offsets of a group
/// that is away.
pub fn outlive(kept_ms: i64, offsets_minutes: i64) -> bool {
    kept_ms < 0 || kept_ms > offsets_minutes.saturating_mul(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: Store = Store {
        commands: Topic::ORDER_COMMANDS,
        events: Topic::ORDER_EVENTS,
        state: Topic::ORDER_STATE,
    };

    fn topic(partitions: i32, replication: i32, config: &[(&str, &str)]) -> Actual {
        let safe = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "-1"),
            ("retention.bytes", "-1"),
            ("min.insync.replicas", "2"),
        ];
        let all = safe.iter().chain(config);
        let config = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Actual { partitions, replication, config }
    }

    fn said([commands, events, state]: [&Actual; 3]) -> Vec<String> {
        let topics = [(STORE.commands, commands), (STORE.events, events), (STORE.state, state)];
        let topics = topics.into_iter().map(|(topic, is)| (topic, is.clone())).collect();
        findings(&STORE, &topics).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_safe_log_has_no_findings() {
        let safe = topic(4, 3, &[]);
        assert!(said([&safe, &safe, &safe]).is_empty());
        // One broker cannot have two copies.
        let alone = topic(4, 1, &[("min.insync.replicas", "1")]);
        assert!(said([&alone, &alone, &alone]).is_empty());
    }

    #[test]
    fn each_danger_is_told_with_what_is_and_what_must_be() {
        let safe = topic(4, 3, &[]);
        let events = topic(
            4,
            3,
            &[
                ("cleanup.policy", "compact,delete"),
                ("retention.ms", "604800000"),
                ("retention.bytes", "1000"),
                ("min.insync.replicas", "1"),
            ],
        );
        let state = topic(8, 3, &[("min.insync.replicas", "1")]);
        assert_eq!(
            said([&safe, &events, &state]),
            [
                "topic order.events has cleanup.policy=compact,delete, must be delete (risk compaction)",
                "topic order.events has retention.ms=604800000, must be -1 (risk retention)",
                "topic order.events has retention.bytes=1000, must be -1 (risk retention)",
                "topic order.state has partitions=8, must be 4 as order.events has (risk partitions)",
                "topic order.events has min.insync.replicas=1, must be at least 2 for its 3 copies \
                 (risk in-sync)",
            ]
        );
    }

    #[test]
    fn risks_are_accepted_by_name() {
        let accepted: Accepted = "retention, in-sync".parse().unwrap();
        let covered = Risk::ALL.map(|risk| accepted.covers(risk));
        assert_eq!(covered, [true, false, false, true]);
        for bad in ["", "all", "retention,", "Retention"] {
            assert_eq!(bad.parse::<Accepted>(), Err(UnknownRisk), "{bad}");
        }
    }

    #[test]
    fn offsets_must_not_be_forgotten_before_the_commands() {
        let week_ms = 7 * 24 * 3_600_000;
        let week_minutes = 7 * 24 * 60;
        assert!(!outlive(week_ms, week_minutes));
        assert!(outlive(week_ms + 1, week_minutes));
        assert!(outlive(-1, week_minutes));
    }
}
