//! The pure middle of a batch: which rows its events need, and what they make of them.

use schemas::Timestamp;

use crate::{
    error::Error,
    poison::Poison,
    projection::{Emissions, Projection},
    recorded::{Item, Recorded},
    tables::TableSet,
};

/// What became of the events of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Folded into rows.
    pub applied: u64,
    /// Of a type that the projection does not handle.
    pub passed: u64,
    /// Already contained in the rows.
    pub duplicates: u64,
}

/// Names the rows that the events need, as far as that can be told before anything is loaded.
pub fn want<P: Projection>(projection: &P, items: &[&Item<P::Event>], tables: &mut P::Tables) {
    for table in tables.all() {
        for item in items {
            table.want_aggregate(item.at().partition.topic, item.key());
        }
    }
    want_further(projection, items, tables);
}

/// Names the rows that the events need by what is loaded.
pub fn want_further<P: Projection>(
    projection: &P,
    items: &[&Item<P::Event>],
    tables: &mut P::Tables,
) {
    for item in items {
        if let Item::Handled(recorded) = item {
            projection.keys(recorded, tables);
        }
    }
}

/// Folds the events into the rows, in order. Every row they need is loaded.
///
/// # Errors
/// [`Error::Poison`] for the first event that cannot be applied.
pub fn apply<P: Projection>(
    projection: &P,
    items: &[&Item<P::Event>],
    now: Timestamp,
    tables: &mut P::Tables,
) -> Result<(Emissions<P::Emission>, Counts), Error> {
    let mut out = Emissions::default();
    let mut counts = Counts::default();
    for (number, item) in items.iter().enumerate() {
        let poison = |reason| Error::poison(item.at(), Some(item.key()), reason);
        let next = match next_version(item, tables) {
            Err(_) if item.is_skipped() => {
                counts.passed += 1;
                continue;
            }
            next => next.map_err(poison)?,
        };
        if next == Next::Duplicate {
            counts.duplicates += 1;
            continue;
        }
        for table in tables.all() {
            table.at_event(number);
        }
        match item {
            Item::Handled(recorded) => {
                fold(projection, recorded, now, tables, &mut out).map_err(poison)?;
                counts.applied += 1;
            }
            Item::Passed(_) => counts.passed += 1,
        }
        if let Next::Version(version) = next {
            match keep_version(item, version, tables) {
                Err(_) if item.is_skipped() => {}
                kept => kept.map_err(poison)?,
            }
        }
    }
    Ok((out, counts))
}

fn fold<P: Projection>(
    projection: &P,
    recorded: &Recorded<P::Event>,
    now: Timestamp,
    tables: &mut P::Tables,
    out: &mut Emissions<P::Emission>,
) -> Result<(), Poison> {
    out.caused_by(recorded);
    Ok(projection.apply(recorded, now, tables, out)?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// No table keeps versions of this topic: the stored offset alone decides.
    Unversioned,
    /// The event makes this version, as is due.
    Version(i64),
    /// The rows contain it already.
    Duplicate,
}

/// Compares the event's sequence with the version that the rows have.
fn next_version<T: TableSet, E>(item: &Item<E>, tables: &mut T) -> Result<Next, Poison> {
    let topic = item.at().partition.topic;
    for table in tables.all() {
        let Some(version) = table.version(topic, item.key()) else {
            continue;
        };
        let sequence = item.sequence().ok_or(Poison::NoSequence)?;
        if sequence <= version {
            return Ok(Next::Duplicate);
        }
        if sequence > version + 1 {
            return Err(Poison::Gap { table: table.name(), version, sequence });
        }
        return Ok(Next::Version(sequence));
    }
    Ok(Next::Unversioned)
}

fn keep_version<T: TableSet, E>(
    item: &Item<E>,
    version: i64,
    tables: &mut T,
) -> Result<(), Poison> {
    let topic = item.at().partition.topic;
    for table in tables.all() {
        if table.keeps_versions_of(topic) && !table.set_version(item.key(), version) {
            return Err(Poison::NoRow(table.name()));
        }
    }
    Ok(())
}
