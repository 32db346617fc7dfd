//! Outcomes: each goes into the book of the partition that its aggregate belongs to.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use event_log::{
    Error, MessageReader, Partition, Position, partitioner::partition_of, record::envelope,
};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{
    AggregateId, CommandId, EventId, Topic,
    command::{CommandOutcome, RejectionCode},
};
use uuid::Uuid;

use super::{
    book::{Answer, Book, End, Key},
    findings::{Finding, Findings, Kind},
    retention::Kept,
    snapshot::{Snapshot, Topics},
    workers::{Done, Tools, written},
};

/// The books of one aggregate type.
#[derive(Debug)]
pub struct Books {
    /// By partition.
    pub partitions: Vec<Mutex<Book>>,
    /// Of commands whose key is no aggregate id: they belong nowhere.
    pub unaddressed: Mutex<Book>,
}

impl Books {
    /// Empty ones.
    pub fn new(topics: Topics, partitions: i32) -> Self {
        let book = || Mutex::new(Book::new(topics.commands));
        Self { partitions: (0..partitions).map(|_| book()).collect(), unaddressed: book() }
    }

    /// Hands out the book of a partition: it can be dropped when the partition is done.
    pub fn take(&self, commands: Partition) -> Book {
        let empty = Book::new(commands.topic);
        let number = usize::try_from(commands.number).ok();
        let Some(book) = number.and_then(|number| self.partitions.get(number)) else {
            return empty;
        };
        std::mem::replace(&mut *book.lock().unwrap_or_else(PoisonError::into_inner), empty)
    }

    /// All commands are in: balances those that belong nowhere. Nothing can be said of them when
    /// some command may have been deleted, since there is no order across partitions.
    pub fn balance_unaddressed(&self, commands_kept: bool, findings: &mut Findings) {
        let mut book = self.unaddressed.lock().unwrap_or_else(PoisonError::into_inner);
        if commands_kept {
            book.seal(Kept::All);
        }
        book.balance(findings);
    }

    /// The book of an aggregate.
    fn of(&self, aggregate: &str) -> Option<&Mutex<Book>> {
        if aggregate.is_empty() {
            return Some(&self.unaddressed);
        }
        AggregateId::check(aggregate).ok()?;
        let count = i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
        let number = usize::try_from(partition_of(aggregate.as_bytes(), count)).ok()?;
        self.partitions.get(number)
    }
}

/// Reads the outcomes in one partition.
pub fn read(
    tools: &mut Tools<'_>,
    snapshot: &Snapshot,
    number: i32,
    books: &BTreeMap<&'static str, Books>,
) -> Result<Done, Error> {
    let partition = Partition { topic: Topic::COMMAND_RESULTS, number };
    let mut findings = Findings::default();
    let kept = tools.read(partition, snapshot.end(partition), |reader, record| {
        findings.on(partition.topic).records += 1;
        let at = Position { partition, offset: record.offset() };
        if let Err(reason) = note(reader, record, at, books, &mut findings)? {
            let finding = Finding::at(at).detail(reason);
            findings.violation(partition.topic, Kind::Unreadable, finding);
        }
        Ok(())
    })?;
    Ok(Done { partition, kept, findings })
}

/// Puts an outcome into its book; the inner error says why it is none.
fn note(
    reader: &mut MessageReader,
    record: &BorrowedMessage<'_>,
    at: Position,
    books: &BTreeMap<&'static str, Books>,
    findings: &mut Findings,
) -> Result<Result<(), String>, Error> {
    let envelope = match envelope(record) {
        Ok(envelope) => envelope,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let payload = record.payload().unwrap_or_default();
    let outcome = match reader.read::<CommandOutcome>(envelope.message_type, payload)? {
        Ok(Some(outcome)) => outcome,
        Ok(None) => return Ok(Err("message is of another type".to_owned())),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let id = outcome.aggregate_id.as_str();
    let Some(book) = books.get(outcome.aggregate.as_str()).and_then(|books| books.of(id)) else {
        return Ok(Err("aggregate is not known".to_owned()));
    };
    let command = CommandId::from_key(envelope.id);
    if !follows(command, &outcome.event_ids) {
        let finding = Finding { command_id: Some(command.0), ..Finding::at(at).of(id) };
        findings.violation(at.partition.topic, Kind::WrongEventId, finding);
    }
    let decided = envelope.time.map_or_else(|| written(record), |time| time.micros() / 1_000);
    let answer = Answer {
        digest: digest(&outcome),
        decided,
        version: outcome.version,
        end: end(&outcome),
        partition: at.partition.number,
        offset: at.offset,
    };
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let subject = book.subject(id);
    book.answer(Key { command, subject }, answer);
    Ok(Ok(()))
}

/// Whether these are the ids of the events that a command makes.
fn follows(command: CommandId, event_ids: &[String]) -> bool {
    (0..).zip(event_ids).all(|(index, id)| {
        Uuid::parse_str(id).is_ok_and(|id| id == EventId::of_command(command, index).0)
    })
}

fn end(outcome: &CommandOutcome) -> End {
    match &outcome.rejection {
        None => End::Accepted(u32::try_from(outcome.event_ids.len()).unwrap_or(u32::MAX)),
        Some(rejection) if rejection.known_code() == Some(RejectionCode::CommandIdReused) => {
            End::Reused
        }
        Some(_) => End::Rejected,
    }
}

/// Of all that a repeat must get again. Not of the fingerprint: that is the repeat's own.
fn digest(outcome: &CommandOutcome) -> u64 {
    let mut hasher = DefaultHasher::new();
    let rejection = outcome.rejection.as_ref().map(|r| (&r.code, &r.message, &r.pointer));
    (outcome.version, &outcome.event_ids, rejection).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use schemas::command::Rejection;

    use super::*;

    fn outcome() -> CommandOutcome {
        CommandOutcome {
            aggregate: "order".into(),
            aggregate_id: "o1".into(),
            fingerprint: 1,
            version: 2,
            event_ids: vec![EventId::of_command(CommandId::from_key("1"), 0).to_string()],
            rejection: None,
            latest_change: None,
        }
    }

    #[test]
    fn only_what_the_sender_sees_makes_two_outcomes_differ() {
        let first = outcome();
        assert_eq!(digest(&first), digest(&CommandOutcome { fingerprint: 2, ..outcome() }));
        assert_ne!(digest(&first), digest(&CommandOutcome { version: 3, ..outcome() }));
        assert_ne!(digest(&first), digest(&CommandOutcome { event_ids: vec![], ..outcome() }));
        let refused = |message: &str| {
            let rejection = Some(Rejection::new(RejectionCode::Invalid, message));
            CommandOutcome { rejection, ..outcome() }
        };
        assert_ne!(digest(&refused("a")), digest(&refused("b")));
    }

    #[test]
    fn event_ids_follow_from_the_command() {
        let command = CommandId::from_key("1");
        let id = |index| EventId::of_command(command, index).to_string();
        assert!(follows(command, &[id(0), id(1)]));
        assert!(follows(command, &[]));
        assert!(!follows(command, &[id(1), id(0)]));
        assert!(!follows(command, &["e1".to_owned()]));
    }

    #[test]
    fn an_outcome_goes_into_the_book_of_its_aggregate() {
        let topics = Topics::of::<domain::Orders>();
        let books = Books::new(topics, 4);
        let place = |id: &str| {
            let book = books.of(id)?;
            books.partitions.iter().position(|other| std::ptr::eq(book, other))
        };
        assert_eq!(place("o1"), usize::try_from(partition_of(b"o1", 4)).ok());
        assert_eq!(place("no id"), None);
        assert!(std::ptr::eq(books.of("").unwrap(), &raw const books.unaddressed));
    }
}
