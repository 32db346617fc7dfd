//! Command records: into the book of their partition.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use event_log::{Error, Partition, partitioner::partition_of, record::envelope};
use rdkafka::message::{BorrowedMessage, Message};
use schemas::{AggregateId, CommandId, Envelope};

use super::{
    book::{Book, Key, Wish},
    findings::{Findings, Unclear},
    retention::Kept,
    snapshot::Snapshot,
    workers::{Tools, written},
};

/// What the partitions of `command.results` still have, by number.
pub type Outcomes = BTreeMap<i32, Kept>;

/// Reads the commands in one partition; says what it still has.
pub fn read(
    tools: &mut Tools<'_>,
    snapshot: &Snapshot,
    partition: Partition,
    outcomes: &Outcomes,
    (book, unaddressed): (&mut Book, &Mutex<Book>),
    findings: &mut Findings,
) -> Result<Kept, Error> {
    let topic = partition.topic;
    let consumed = snapshot.consumed(partition);
    tools.read(partition, snapshot.end(partition), |_, record| {
        findings.on(topic).records += 1;
        let Ok(envelope) = envelope(record) else {
            findings.unclear(topic, Unclear::Unanswerable, 1);
            return Ok(());
        };
        let is_consumed = record.offset() < consumed;
        findings.on(topic).under_way += u64::from(!is_consumed);
        let wish = Wish {
            partition: partition.number,
            offset: record.offset(),
            consumed: is_consumed,
            outcome_kept: outcome_kept(outcomes, &envelope, written(record)),
        };
        let command = CommandId::from_key(envelope.id);
        match address(record) {
            Some(id) if partition_of(id.as_bytes(), snapshot.count(topic)) == partition.number => {
                let subject = book.subject(id);
                book.command(Key { command, subject }, wish);
            }
            // The processor forwards it: the outcome is that of the copy, which is read where it
            // belongs.
            Some(_) => {}
            None => {
                let mut book = unaddressed.lock().unwrap_or_else(PoisonError::into_inner);
                let subject = book.subject("");
                book.command(Key { command, subject }, wish);
            }
        }
        Ok(())
    })
}

fn address<'m>(record: &'m BorrowedMessage<'_>) -> Option<&'m str> {
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok())?;
    AggregateId::check(key).ok().map(|()| key)
}

/// Whether the outcome of a command that was written at this time must still be there: it came
/// later, and it went where the sender reads, else where its key belongs.
fn outcome_kept(outcomes: &Outcomes, envelope: &Envelope<'_>, written: i64) -> bool {
    let count = i32::try_from(outcomes.len()).unwrap_or(i32::MAX);
    let asked = envelope.reply_to.filter(|number| outcomes.contains_key(number));
    let number = asked.unwrap_or_else(|| partition_of(envelope.id.as_bytes(), count));
    outcomes.get(&number).is_some_and(|kept| kept.surely(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_looked_for_where_it_was_sent() {
        let outcomes = [(0, Kept::All), (1, Kept::Unknown)].into();
        let asked = |reply_to| Envelope { id: "c", reply_to, ..Envelope::default() };
        assert!(outcome_kept(&outcomes, &asked(Some(0)), 0));
        assert!(!outcome_kept(&outcomes, &asked(Some(1)), 0));
        // By its key, when nobody waits or where no partition is.
        let by_key = partition_of(b"c", 2) == 0;
        assert_eq!(outcome_kept(&outcomes, &asked(None), 0), by_key);
        assert_eq!(outcome_kept(&outcomes, &asked(Some(7)), 0), by_key);
    }
}
