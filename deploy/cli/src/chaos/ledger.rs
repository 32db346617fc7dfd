//! Every answer that was given, and whether they agree: with each other, with what they must be,
//! and with the log.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use event_log::{
    Error, Partition, Settings, record::envelope, restore::PartitionReader, topics::partition_count,
};
use schemas::Topic;
use uuid::Uuid;

use super::client::{Answer, Command};

/// Most violations that are told one by one.
const MOST_TOLD: usize = 50;

/// The answers, by command.
#[derive(Debug, Default)]
pub struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    answers: HashMap<Uuid, Answer>,
    /// Answers that were given, repeats among them.
    given: u64,
    violations: Vec<String>,
}

/// What the ledger has in the end.
#[derive(Debug)]
pub struct Balance {
    /// Commands that were answered.
    pub commands: usize,
    /// Answers that were given, repeats among them.
    pub answers: u64,
    /// What is wrong.
    pub violations: Vec<String>,
}

impl Ledger {
    /// Notes an answer: every repeat of a command must have the same.
    pub fn answered(&self, command: &Command, answer: &Answer) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.given += 1;
        let first = inner.answers.entry(command.id).or_insert_with(|| answer.clone());
        if first != answer {
            let text = format!("command {} was answered {first:?} and {answer:?}", command.id);
            inner.violations.push(text);
        }
    }

    /// Notes something that must not be.
    pub fn violation(&self, what: impl Into<String>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.violations.push(what.into());
    }

    /// Compares all answers with the events of the log. Blocks.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn balance(self, settings: &Settings) -> Result<Balance, Error> {
        let Inner { answers, given, mut violations } =
            self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut events = HashMap::new();
        for topic in [Topic::CUSTOMER_EVENTS, Topic::ORDER_EVENTS] {
            read(settings, topic, &mut events)?;
        }
        for (command, answer) in &answers {
            let made = events.remove(command).unwrap_or_default();
            violations.extend(compare(*command, answer, &made));
        }
        let commands = answers.len();
        // Every command that was sent has been answered, or that was noted already.
        for command in events.keys() {
            violations.push(format!("command {command} made events, and was never answered"));
        }
        let left_out = violations.len().saturating_sub(MOST_TOLD);
        violations.truncate(MOST_TOLD);
        if left_out > 0 {
            violations.push(format!("and {left_out} more"));
        }
        Ok(Balance { commands, answers: given, violations })
    }
}

/// Ids and versions of the events of each command, in the order of the log.
type Made = HashMap<Uuid, Vec<(String, Option<u64>)>>;

fn read(settings: &Settings, topic: Topic, made: &mut Made) -> Result<(), Error> {
    let reader = PartitionReader::new(settings)?;
    for number in 0..partition_count(settings, topic)? {
        reader.read_to_end(Partition { topic, number }, |record| {
            // What cannot be read is found by the verification of the log.
            let Ok(envelope) = envelope(record) else { return Ok(()) };
            if let Some(command) = envelope.causation_id.and_then(|id| id.parse().ok()) {
                let event = (envelope.id.to_owned(), envelope.sequence);
                made.entry(command).or_default().push(event);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// What is wrong with an answer, given the events that its command made.
fn compare(command: Uuid, answer: &Answer, made: &[(String, Option<u64>)]) -> Option<String> {
    let ids: Vec<_> = made.iter().map(|(id, _)| id.as_str()).collect();
    if ids != answer.events.iter().map(String::as_str).collect::<Vec<_>>() {
        return Some(format!("command {command} was answered {answer:?}, and made {made:?}"));
    }
    let last = made.last()?.1.and_then(|version| i64::try_from(version).ok());
    (last != answer.version).then(|| {
        format!("command {command} was answered version {:?}, and made {last:?}", answer.version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(version: i64, events: &[&str]) -> Answer {
        let events = events.iter().map(|id| (*id).to_owned()).collect();
        Answer { status: 200, version: Some(version), events, code: None }
    }

    #[test]
    fn answers_are_held_against_the_log() {
        let made = [("e1".to_owned(), Some(3))];
        let wrong = |answer: &Answer, made: &[_]| compare(Uuid::nil(), answer, made).is_some();
        assert!(!wrong(&answer(3, &["e1"]), &made));
        assert!(!wrong(&answer(3, &[]), &[]));
        assert!(wrong(&answer(3, &["e1"]), &[]), "a lost event");
        assert!(wrong(&answer(3, &[]), &made), "an event that nobody was told of");
        assert!(wrong(&answer(4, &["e1"]), &made), "another version");
    }

    #[test]
    fn a_repeat_must_have_the_same_answer() {
        let ledger = Ledger::default();
        let command = Command {
            id: Uuid::nil(),
            method: reqwest::Method::POST,
            path: String::new(),
            body: serde_json::Value::Null,
            expected_version: None,
        };
        ledger.answered(&command, &answer(1, &["e1"]));
        ledger.answered(&command, &answer(1, &["e1"]));
        assert!(ledger.inner.lock().unwrap().violations.is_empty());
        ledger.answered(&command, &answer(2, &["e1"]));
        assert_eq!(ledger.inner.lock().unwrap().violations.len(), 1);
    }
}
