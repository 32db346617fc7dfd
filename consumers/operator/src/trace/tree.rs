//! Who caused whom, for people and for scripts.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

use event_log::Position;
use schemas::Timestamp;
use serde_json::{Value, json};

use crate::seen::{Effect, Kind, Seen};

/// Records, each under the one that caused it.
#[derive(Debug)]
pub struct Tree {
    /// In the order of their times.
    all: Vec<Seen>,
    /// Below which record each is; those below none are the roots.
    below: BTreeMap<Option<usize>, Vec<usize>>,
}

impl Tree {
    /// Puts records in order. What caused a record may not be kept any more: then it is a root.
    #[must_use]
    pub fn of(mut all: Vec<Seen>) -> Self {
        all.sort_by_key(|seen| (seen.time, rank(&seen.kind), seen.at));
        // The same command may be in the log several times: its effects belong to the first.
        let mut ids: HashMap<&str, usize> = HashMap::new();
        let mut places: HashMap<(String, i32, i64), usize> = HashMap::new();
        for (index, seen) in all.iter().enumerate() {
            if matches!(seen.kind, Kind::Command | Kind::Event) {
                ids.entry(&seen.id).or_insert(index);
            }
            if let Some(Position { partition, offset }) = seen.at {
                places.insert((partition.topic.name().to_owned(), partition.number, offset), index);
            }
        }
        let mut below: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (index, seen) in all.iter().enumerate() {
            let cause = match &seen.kind {
                Kind::Outcome(_) => ids.get(seen.key.as_str()),
                Kind::Change { by, .. } => by.as_ref().and_then(|by| places.get(by)),
                _ => seen.causation_id.as_deref().and_then(|id| ids.get(id)),
            };
            // Nothing causes itself, whatever its headers say.
            let cause = cause.copied().filter(|cause| *cause != index);
            below.entry(cause).or_default().push(index);
        }
        Self { all, below }
    }

    /// For people: what, who and where, and how long after the first.
    #[must_use]
    pub fn as_text(&self) -> String {
        let Some(first) = self.all.first() else { return String::new() };
        let mut text = format!("{} records from {}", self.all.len(), first.time);
        self.each(|seen, depth| {
            let what = format!("{}{}", "  ".repeat(depth), what(seen));
            let after = after(first.time, seen.time);
            let _ = write!(text, "\n{after:>12}  {what:<64} {}", place(seen));
        });
        text
    }

    /// For scripts: the records in the order of the tree, each with its depth.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let mut records = Vec::new();
        self.each(|seen, depth| {
            let mut record = seen.as_json();
            if let Value::Object(fields) = &mut record {
                fields.insert("depth".to_owned(), depth.into());
            }
            records.push(record);
        });
        json!({ "records": records })
    }

    /// Each record with its depth, from the first root down.
    fn each(&self, mut visit: impl FnMut(&Seen, usize)) {
        let mut waiting: Vec<(usize, usize)> = self.children(None, 0);
        while let Some((index, depth)) = waiting.pop() {
            let Some(seen) = self.all.get(index) else { continue };
            visit(seen, depth);
            waiting.extend(self.children(Some(index), depth + 1));
        }
    }

    /// Last first, since they are taken from the end.
    fn children(&self, of: Option<usize>, depth: usize) -> Vec<(usize, usize)> {
        let children = self.below.get(&of).into_iter().flatten().rev();
        children.map(|child| (*child, depth)).collect()
    }
}

/// Of what happened at the same time: causes first.
const fn rank(kind: &Kind) -> u8 {
    match kind {
        Kind::Command => 0,
        Kind::Outcome(_) => 1,
        Kind::Event => 2,
        Kind::Effect(_) | Kind::Change { .. } | Kind::Unreadable(_) => 3,
    }
}

fn what(seen: &Seen) -> String {
    let Seen { message_type, key, source, actor, sequence, .. } = seen;
    match &seen.kind {
        Kind::Command => {
            let by = actor.as_ref().unwrap_or(source);
            format!("{message_type} {key} by {by}")
        }
        Kind::Event => {
            let number = sequence.map(|number| format!(" #{number}")).unwrap_or_default();
            format!("{message_type} {key}{number}")
        }
        Kind::Outcome(Ok(version)) => format!("accepted, version {version}"),
        Kind::Outcome(Err(reason)) => format!("rejected: {reason}"),
        Kind::Change { what, .. } => what.clone(),
        Kind::Effect(effect) => {
            let Effect { subject, state, attempts, ended_at, outcome } = effect;
            let took = ended_at.map(|ended| format!(" in {}", span(seen.time, ended)));
            let took = took.unwrap_or_default();
            let tries = if *attempts > 1 { format!(", attempt {attempts}") } else { String::new() };
            let outcome = outcome.as_ref().map(|outcome| format!(": {outcome}"));
            let outcome = outcome.unwrap_or_default();
            format!("{message_type} {subject}, {state}{took}{tries}{outcome}")
        }
        Kind::Unreadable(reason) => format!("unreadable: {reason}"),
    }
}

fn place(seen: &Seen) -> String {
    match seen.at {
        Some(Position { partition, offset }) => format!("{partition} @ {offset}"),
        None => format!("the ledger of {}", seen.source),
    }
}

fn after(first: Timestamp, time: Timestamp) -> String {
    format!("+{}", span(first, time))
}

fn span(first: Timestamp, time: Timestamp) -> String {
    let micros = time.micros().saturating_sub(first.micros());
    match micros / 1_000 {
        millis if millis < 10_000 => format!("{millis}.{} ms", micros % 1_000 / 100),
        millis => format!("{} s", millis / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use event_log::Partition;
    use schemas::Topic;

    use super::*;

    fn seen(offset: i64, topic: Topic, id: &str, cause: Option<&str>, kind: Kind) -> Seen {
        Seen {
            at: Some(Position { partition: Partition { topic, number: 0 }, offset }),
            time: Timestamp::from_micros(1_000_000 + offset * 1_500).unwrap(),
            id: id.into(),
            source: "command-api".into(),
            message_type: id.into(),
            key: "o1".into(),
            sequence: None,
            actor: None,
            causation_id: cause.map(str::to_owned),
            correlation_id: Some("x".into()),
            schema_id: None,
            fields: None,
            kind,
        }
    }

    #[test]
    fn everything_is_below_its_cause() {
        let by = Some(("order.events".to_owned(), 0, 2));
        let change = Kind::Change { what: "orders/overview: new row o1".into(), by };
        let outcome = Seen {
            key: "create".into(),
            ..seen(1, Topic::COMMAND_RESULTS, "r", None, Kind::Outcome(Ok(1)))
        };
        let effect = Seen {
            at: None,
            ..seen(
                5,
                Topic::ORDER_EVENTS,
                "fetch",
                Some("created"),
                Kind::Effect(Effect {
                    subject: "2026-11-20".into(),
                    state: "completed".into(),
                    attempts: 2,
                    ended_at: Some(Timestamp::from_micros(1_000_000 + 5 * 1_500 + 20_300).unwrap()),
                    outcome: Some("one day".into()),
                }),
            )
        };
        let tree = Tree::of(vec![
            effect,
            seen(9, Topic::ORDER_COMMANDS, "later", Some("gone"), Kind::Command),
            seen(4, Topic::ORDER_COMMANDS, "confirm", Some("created"), Kind::Command),
            seen(3, Topic::CHANGE_NOTIFICATIONS, "c", None, change),
            seen(2, Topic::ORDER_EVENTS, "created", Some("create"), Kind::Event),
            outcome,
            seen(0, Topic::ORDER_COMMANDS, "create", Some("create"), Kind::Command),
        ]);
        let mut shape = Vec::new();
        tree.each(|seen, depth| shape.push((seen.id.clone(), depth)));
        let expected = [
            ("create", 0),
            ("r", 1),
            ("created", 1),
            ("c", 2),
            ("confirm", 2),
            ("fetch", 2),
            ("later", 0),
        ];
        assert_eq!(shape, expected.map(|(id, depth)| (id.to_owned(), depth)));
        let text = tree.as_text();
        assert!(text.contains("+0.0 ms  create o1 by command-api"), "{text}");
        assert!(text.contains("+4.5 ms      orders/overview: new row o1"), "{text}");
        let effect = "+7.5 ms      fetch 2026-11-20, completed in 20.3 ms, attempt 2: one day";
        assert!(text.contains(effect), "{text}");
        assert_eq!(tree.as_json()["records"][5]["told"]["state"], "completed");
    }
}
