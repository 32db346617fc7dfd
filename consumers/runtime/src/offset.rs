//! `consumer_offset`: where each partition is to be read on, and who may write that. Rows, emissions
//! and offset change in one transaction, so that Postgres alone knows what was applied; what Kafka
//! remembers of the group is for lag displays.

use std::{collections::BTreeMap, sync::Arc};

use event_log::Partition;
use schemas::Topic;
use tokio_postgres::Client;

use crate::{
    batch::Span, database::Database, dead_letters::desk, error::Error, flight, lease::Lease,
    tables::Statement,
};

/// The build of the read model that the offsets are of.
pub type Generation = i32;

/// Takes partitions over: whoever had them before can write nothing more. Blocks while a
/// transaction of theirs is under way.
///
/// # Errors
/// When Postgres fails.
pub async fn take(
    client: &Client,
    generation: Generation,
    partitions: &[Partition],
) -> Result<Vec<Arc<Lease>>, Error> {
    // In order, so that two instances that take the same ones never wait for each other.
    let mut partitions: Vec<_> = partitions
        .iter()
        .map(|partition| (partition.topic.name(), partition.number, *partition))
        .collect();
    partitions.sort_unstable_by_key(|(topic, number, _)| (*topic, *number));
    let topics: Vec<_> = partitions.iter().map(|(topic, ..)| *topic).collect();
    let numbers: Vec<_> = partitions.iter().map(|(_, number, _)| *number).collect();
    let rows = client
        .query(
            "insert into consumer_offset as o (generation, topic, partition, next_offset, epoch) \
             select $1, topic, partition, 0, 1 from unnest($2::text[], $3::int[]) as t (topic, partition) \
             on conflict (generation, topic, partition) do update set epoch = o.epoch + 1 \
             returning topic, partition, epoch, next_offset",
            &[&generation, &topics, &numbers],
        )
        .await
        .map_err(Error::postgres("take partitions over"))?;
    // After the former owner is out: it parks nothing more.
    let mut parked = desk::keys(client, &topics, &numbers).await?;
    let mut skipped = desk::skipped(client, &topics, &numbers).await?;
    let mut leases = Vec::with_capacity(rows.len());
    for row in rows {
        let (topic, number): (String, i32) = (row.get(0), row.get(1));
        let mut known = partitions.iter();
        let known = known.find(|(name, n, _)| *name == topic && *n == number);
        if let Some((.., partition)) = known {
            let place = (topic, number);
            let parked = parked.remove(&place).unwrap_or_default();
            let skipped = skipped.remove(&place).unwrap_or_default();
            let lease = Lease::new(*partition, row.get(2), row.get(3));
            let lease = lease.with_dead_letters(parked, skipped);
            leases.push(Arc::new(lease));
        }
    }
    Ok(leases)
}

/// Moves the offsets of spans on, each only when it is where the span starts and nobody took the
/// partition since. Must return as many rows as there are spans.
#[must_use]
pub fn advance<'a>(generation: Generation, spans: &[&'a Span]) -> Statement<'a> {
    movement(generation, spans, "and o.epoch = s.epoch and o.next_offset = s.start")
}

/// As [`advance`], for anybody and from anywhere: only for tests that prove that this is noticed.
#[must_use]
pub fn advance_unfenced<'a>(generation: Generation, spans: &[&'a Span]) -> Statement<'a> {
    movement(generation, spans, "")
}

fn movement<'a>(generation: Generation, spans: &[&'a Span], fence: &str) -> Statement<'a> {
    let topics: Vec<_> = spans.iter().map(|s| s.lease.partition.topic.name()).collect();
    let numbers: Vec<_> = spans.iter().map(|s| s.lease.partition.number).collect();
    let epochs: Vec<_> = spans.iter().map(|s| s.lease.epoch).collect();
    let from: Vec<_> = spans.iter().map(|s| s.from).collect();
    let to: Vec<_> = spans.iter().map(|s| s.to).collect();
    let done: Vec<_> = spans.iter().map(|s| s.commands_done).collect();
    Statement {
        // A null does not count among the greatest.
        sql: format!(
            "update consumer_offset o \
             set next_offset = s.upto, commands_done = greatest(o.commands_done, s.done) \
             from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], \
                         $7::bigint[]) \
               as s (topic, partition, epoch, start, upto, done) \
             where o.generation = $1 and o.topic = s.topic and o.partition = s.partition \
             {fence} \
             returning o.partition"
        ),
        parameters: vec![
            Box::new(generation),
            Box::new(topics),
            Box::new(numbers),
            Box::new(epochs),
            Box::new(from),
            Box::new(to),
            Box::new(done),
        ],
    }
}

/// What is applied of each partition of events, by any instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied(BTreeMap<Partition, Reached>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached {
    next_offset: i64,
    commands_done: i64,
}

impl Applied {
    /// The highest offset of a partition up to which everything is applied: of events, or of
    /// commands, for whose events it counts. `None` when nothing is.
    #[must_use]
    pub fn up_to(&self, partition: Partition) -> Option<i64> {
        let Partition { topic, number } = partition;
        let last = match topic.events_of_commands() {
            Some(topic) => self.0.get(&Partition { topic, number })?.commands_done,
            None => self.0.get(&partition)?.next_offset - 1,
        };
        (last >= 0).then_some(last)
    }
}

impl FromIterator<(Partition, (i64, i64))> for Applied {
    /// Of partitions of events, with the next offset and the commands that are done.
    fn from_iter<I: IntoIterator<Item = (Partition, (i64, i64))>>(partitions: I) -> Self {
        let reached = partitions.into_iter().map(|(partition, (next_offset, commands_done))| {
            (partition, Reached { next_offset, commands_done })
        });
        Self(reached.collect())
    }
}

/// Reads what is applied. A query that begins after it returned sees at least that: rows are
/// committed together with their offsets.
///
/// # Errors
/// When Postgres fails.
pub async fn applied(database: &Database) -> Result<Applied, Error> {
    let borrowed = database.borrow().await?;
    let rows = flight::select(
        borrowed.get()?,
        "select topic, partition, next_offset, commands_done from consumer_offset",
        &[],
    )
    .await?;
    borrowed.give_back();
    let partitions = rows.iter().filter_map(|row| {
        // Of a topic that a newer version of this consumer reads.
        let topic = Topic::named(row.get(0))?;
        Some((Partition { topic, number: row.get(1) }, (row.get(2), row.get(3))))
    });
    Ok(partitions.collect())
}

/// Finds out whether partitions are still ours, also while no event comes that would tell.
///
/// # Errors
/// [`Error::Fenced`], or when Postgres fails.
pub async fn check(
    client: &Client,
    generation: Generation,
    leases: &[Arc<Lease>],
) -> Result<(), Error> {
    let sql = "select topic, partition, epoch from consumer_offset where generation = $1";
    let rows = client.query(sql, &[&generation]).await;
    for row in rows.map_err(Error::postgres("look at the owners of partitions"))? {
        let (topic, number, epoch): (&str, i32, i64) = (row.get(0), row.get(1), row.get(2));
        let is_of =
            |partition: Partition| partition.topic.name() == topic && partition.number == number;
        let mut leases = leases.iter();
        // One that was given up meanwhile has another owner by right.
        if let Some(lease) = leases.find(|lease| is_of(lease.partition) && !lease.is_revoked())
            && lease.epoch != epoch
            && !lease.is_revoked()
        {
            return Err(Error::Fenced(lease.partition));
        }
    }
    Ok(())
}

/// Why offsets could not be moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They are where they were to be moved: an earlier attempt was committed although its answer
    /// was lost.
    Done,
    /// Somebody else took this partition, or moved its offset.
    Fenced(Partition),
}

/// Finds out why [`advance`] did not return every row.
///
/// # Errors
/// When Postgres fails.
pub async fn explain(
    client: &Client,
    generation: Generation,
    spans: &[&Span],
) -> Result<Option<Refusal>, Error> {
    let rows = client
        .query(
            "select topic, partition, epoch, next_offset from consumer_offset where generation = $1",
            &[&generation],
        )
        .await
        .map_err(Error::postgres("read the offsets"))?;
    let stored: BTreeMap<(String, i32), (i64, i64)> =
        rows.iter().map(|row| ((row.get(0), row.get(1)), (row.get(2), row.get(3)))).collect();
    let owned = |span: &&&Span, offset: i64| {
        let Partition { topic, number } = span.lease.partition;
        let kept = stored.get(&(topic.name().to_owned(), number));
        kept == Some(&(span.lease.epoch, offset))
    };
    if spans.iter().all(|span| owned(&span, span.to)) {
        return Ok(Some(Refusal::Done));
    }
    let lost = spans.iter().find(|span| !owned(span, span.from));
    Ok(lost.map(|span| Refusal::Fenced(span.lease.partition)))
}
