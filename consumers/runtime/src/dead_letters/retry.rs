//! Does what is asked for at dead letters: applies the record and what waits behind it, in order,
//! up to the next that cannot be handled.

use std::sync::Arc;

use schemas::Timestamp;
use tokio_postgres::types::ToSql;

use crate::{
    dead_letters::{
        desk::Requested,
        parking::Verdict,
        raw::{self, RawRecord},
    },
    error::Error,
    flight::End,
    lease::Lease,
    projection::Projection,
    reader::{Read, Reader, given_up},
    recorded::Item,
    tables::Statement,
    transaction::{Applied, Applier, Work},
};

/// Most records of one key that are applied at once; the rest follows.
const MOST: usize = 20_000;

/// The records of a key, as they are read now.
#[derive(Debug)]
struct Queue<E> {
    /// Offset and meaning of each; nothing for those that mean nothing.
    read: Vec<(i64, Option<Item<E>>)>,
    /// The first that cannot be read.
    stop: Option<(i64, Verdict)>,
    /// The offset of the next one, when there are more.
    more: Option<i64>,
}

impl<P: Projection> Applier<P> {
    /// Does what was asked for; `None` when the partition is not ours any more. The dead letter
    /// stays, with its new error, when it still cannot be handled.
    ///
    /// # Errors
    /// What passes by itself, and [`Error::Fenced`].
    pub async fn retry(
        &self,
        requested: &Requested,
        reader: Reader<P::Event>,
        now: Timestamp,
    ) -> Result<Option<Applied>, Error> {
        let lease = Arc::clone(&requested.lease);
        let Some(_entered) = lease.enter() else { return Ok(None) };
        let records = self.parked(&lease, requested).await?;
        let unanswered = records.is_empty();
        let skips = requested.skip.is_some();
        let reading = tokio::task::spawn_blocking(move || read(reader, &records, skips)).await;
        let mut queue = reading
            .map_err(|panic| Error::Broken(format!("reading parked records: {panic}")))??;
        let (applied, next) = loop {
            match self.apply_queue(&lease, requested, &queue, now).await {
                Ok(done) => break done,
                Err(error) => {
                    let items = queue.items();
                    let spoiled = self.condemn(error, &items, now).await?;
                    queue.stop = Some((spoiled.at.offset, spoiled.verdict));
                }
            }
        };
        if !next && let Some(key) = &requested.key {
            lease.parked().remove(key.as_slice());
        }
        // By an earlier attempt, whose answer was lost.
        Ok(Some(Applied { unanswered, ..applied }))
    }

    /// The dead letter and what waits behind it.
    async fn parked(&self, lease: &Lease, requested: &Requested) -> Result<Vec<RawRecord>, Error> {
        let sql = format!(
            "select {} from parked_record where topic = $1 and partition = $2 \
               and record_offset >= $3 and (record_offset = $3 or key = $4) \
             order by record_offset limit $5",
            raw::COLUMNS
        );
        let most = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
        let (topic, number) = (lease.partition.topic.name(), lease.partition.number);
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&topic, &number, &requested.offset, &requested.key, &most];
        let connection = self.database.connection().await?;
        let rows = connection.query(&sql, &parameters).await;
        rows.map_err(Error::postgres("read parked records"))?
            .iter()
            .map(RawRecord::of_row)
            .collect()
    }

    /// Applies the queue up to its stop, in one transaction. Also tells whether anything is left.
    async fn apply_queue(
        &self,
        lease: &Lease,
        requested: &Requested,
        queue: &Queue<P::Event>,
        now: Timestamp,
    ) -> Result<(Applied, bool), Error> {
        let (items, rest) = (queue.items(), queue.rest());
        let done = queue.before_stop();
        let mut further = Vec::new();
        if let Some((last, _)) = done.last() {
            // Before its row goes.
            let skip = requested.skip.iter();
            further.extend(skip.map(|(by, why)| skipped(lease, requested.offset, by, why)));
            further.push(remove(lease, requested, *last));
        }
        if let Some((offset, class, error, again)) = &rest {
            further.push(judge(lease, *offset, class, error, *again));
        }
        let work =
            Work { items: &items, claim: self.claim(lease), claimed: 1, further, end: End::Commit };
        let removed = done.len();
        let Some(done) = self.transact(&work, now).await? else {
            return Err(Error::Fenced(lease.partition));
        };
        tracing::info!(kafka.partition = %lease.partition, kafka.offset = requested.offset, removed, skipped = requested.skip.is_some(), "dead letter dealt with");
        Ok((done.into(), rest.is_some()))
    }

    /// That the partition is ours, until the transaction ends.
    fn claim<'a>(&self, lease: &Lease) -> Statement<'a> {
        Statement {
            sql: "select 1 from consumer_offset where generation = $1 and topic = $2 \
                    and partition = $3 and epoch = $4 for update"
                .into(),
            parameters: vec![
                Box::new(self.generation()),
                Box::new(lease.partition.topic.name()),
                Box::new(lease.partition.number),
                Box::new(lease.epoch),
            ],
        }
    }
}

impl<E> Queue<E> {
    /// The records before the stop.
    fn before_stop(&self) -> &[(i64, Option<Item<E>>)] {
        let stop = self.stop.as_ref().map_or(i64::MAX, |(stop, _)| *stop);
        let end = self.read.partition_point(|(offset, _)| *offset < stop);
        self.read.get(..end).unwrap_or_default()
    }

    /// The events among them.
    fn items(&self) -> Vec<&Item<E>> {
        self.before_stop().iter().filter_map(|(_, item)| item.as_ref()).collect()
    }

    /// The record at which the rest begins, with its error, and whether it is to go on at once.
    fn rest(&self) -> Option<(i64, &str, &str, bool)> {
        if let Some((offset, Verdict { class, message })) = &self.stop {
            return Some((*offset, class, message, false));
        }
        Some((self.more?, "waiting", "waits for those before it", true))
    }
}

/// Reads the records of a key; blocks while it asks the registry. The first one of a skip is only
/// to count, as far as that can be told.
fn read<E>(mut reader: Reader<E>, records: &[RawRecord], skips: bool) -> Result<Queue<E>, Error> {
    let more = records.get(MOST).map(|record| record.at.offset);
    let mut queue = Queue { read: Vec::with_capacity(records.len()), stop: None, more };
    for (number, record) in records.iter().take(MOST).enumerate() {
        let offset = record.at.offset;
        if skips && number == 0 {
            queue.read.push((offset, given_up(record.at, &record.to_message())));
            continue;
        }
        match reader.read(record.at, &record.to_message())? {
            Read::Known { item, .. } => queue.read.push((offset, item)),
            Read::Spoiled(spoiled) => {
                queue.stop = Some((offset, spoiled.verdict));
                break;
            }
            Read::Later(error) => return Err(event_log::Error::from(error).into()),
        }
    }
    Ok(queue)
}

/// Removes the dead letter, and what waited behind it, up to an offset.
fn remove<'a>(lease: &Lease, requested: &'a Requested, last: i64) -> Statement<'a> {
    Statement {
        sql: "delete from parked_record where topic = $1 and partition = $2 \
                and record_offset between $3 and $4 and (record_offset = $3 or key = $5)"
            .into(),
        parameters: vec![
            Box::new(lease.partition.topic.name()),
            Box::new(lease.partition.number),
            Box::new(requested.offset),
            Box::new(last),
            Box::new(requested.key.as_deref()),
        ],
    }
}

/// Makes a parked record the dead letter of its key.
fn judge<'a>(
    lease: &Lease,
    offset: i64,
    class: &'a str,
    error: &'a str,
    again: bool,
) -> Statement<'a> {
    Statement {
        sql: "update parked_record set error_class = $4, error = $5, attempts = attempts + 1, \
                request = case when $6 then 'retry' end, reason = null \
              where topic = $1 and partition = $2 and record_offset = $3"
            .into(),
        parameters: vec![
            Box::new(lease.partition.topic.name()),
            Box::new(lease.partition.number),
            Box::new(offset),
            Box::new(class),
            Box::new(error),
            Box::new(again),
        ],
    }
}

/// Keeps in mind who gave a record up, and why.
fn skipped<'a>(lease: &Lease, offset: i64, by: &'a str, reason: &'a str) -> Statement<'a> {
    Statement {
        sql: "insert into skipped_record (topic, partition, record_offset, key, error_class, \
                error, reason, skipped_by) \
              select topic, partition, record_offset, key, error_class, error, $4, $5 \
              from parked_record where topic = $1 and partition = $2 and record_offset = $3"
            .into(),
        parameters: vec![
            Box::new(lease.partition.topic.name()),
            Box::new(lease.partition.number),
            Box::new(offset),
            Box::new(reason),
            Box::new(by),
        ],
    }
}

#[cfg(test)]
mod tests {
    use event_log::{Partition, Position, Registry};
    use schemas::Topic;
    use tokio::runtime::Handle;

    use super::*;

    /// Every other offset is of another key.
    fn record(number: i64) -> RawRecord {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };
        let headers =
            [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "s"), ("ce_type", "t")];
        let header = |(name, value): (&str, &str)| (name.to_owned(), Some(value.into()));
        RawRecord {
            at: Position { partition, offset: 2 * number },
            key: Some(b"o1".to_vec()),
            headers: headers.map(header).into(),
            payload: None,
            written: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn what_is_too_much_at_once_goes_on_with_the_next_record() {
        let reader = || {
            let registry = Registry::new("http://127.0.0.1:1");
            Reader::<()>::new(Vec::new(), |_| false, registry, Handle::current())
        };
        let most = i64::try_from(MOST).unwrap();
        let records: Vec<_> = (0..=most).map(record).collect();
        let queue = read(reader(), &records, false).unwrap();
        assert_eq!((queue.before_stop().len(), queue.rest().unwrap().0), (MOST, 2 * most));
        let queue = read(reader(), &records[..MOST], false).unwrap();
        assert_eq!((queue.before_stop().len(), queue.rest()), (MOST, None));
    }
}
