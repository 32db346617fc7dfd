//! Which records of a batch are applied and which are parked: the poisoned ones, and behind each
//! the later ones of its key. Pure.

use std::collections::{HashMap, HashSet};

use event_log::{Partition, Position};

use crate::{poison::Poison, recorded::Item};

/// Keys whose records are parked.
pub type Keys = HashSet<Box<[u8]>>;

/// Why a record cannot be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// As [`Poison::class`].
    pub class: &'static str,
    /// In words, without data.
    pub message: String,
}

impl From<&Poison> for Verdict {
    fn from(poison: &Poison) -> Self {
        Self { class: poison.class(), message: poison.to_string() }
    }
}

/// A record that cannot be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoiled {
    /// Where it is.
    pub at: Position,
    /// Its key, whatever it is.
    pub key: Option<Box<[u8]>>,
    /// Why.
    pub verdict: Verdict,
}

/// What is known of bad records while a batch is applied.
#[derive(Debug, Default)]
pub struct Parking {
    /// Keys that are parked since an earlier batch.
    known: HashMap<Partition, Keys>,
    /// Records of this batch, as they turned out.
    spoiled: Vec<Spoiled>,
}

/// A batch, divided.
#[derive(Debug)]
pub struct Divided<'a, E> {
    /// To be applied.
    pub good: Vec<&'a Item<E>>,
    /// To be parked.
    pub parked: Vec<Parked<'a>>,
}

/// A record to be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked<'a> {
    /// Where it is.
    pub at: Position,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Why it cannot be handled; none when it only waits for an earlier one of its key.
    pub verdict: Option<&'a Verdict>,
}

impl Parking {
    /// Begins with the keys that are parked already, and the records that could not be read.
    #[must_use]
    pub fn new(known: HashMap<Partition, Keys>, spoiled: Vec<Spoiled>) -> Self {
        Self { known, spoiled }
    }

    /// One more record that cannot be handled.
    pub fn condemn(&mut self, spoiled: Spoiled) {
        self.spoiled.push(spoiled);
    }

    /// Divides the events of the batch.
    #[must_use]
    pub fn divide<'a, E>(&'a self, items: &[&'a Item<E>]) -> Divided<'a, E> {
        if self.spoiled.is_empty() && self.known.values().all(HashSet::is_empty) {
            return Divided { good: items.to_vec(), parked: Vec::new() };
        }
        let firsts = self.firsts();
        let since = |partition: Partition, key: &[u8]| match self.known.get(&partition) {
            Some(keys) if keys.contains(key) => Some(i64::MIN),
            _ => firsts.get(&(partition, key)).copied(),
        };
        let (mut good, mut parked) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            let (at, key) = (item.at(), item.key().as_str().as_bytes());
            match since(at.partition, key) {
                Some(first) if at.offset > first => {
                    parked.push(Parked { at, key: Some(key), verdict: None });
                }
                // The first itself is among the spoiled ones.
                Some(first) if at.offset == first => {}
                _ => good.push(*item),
            }
        }
        for Spoiled { at, key, verdict } in &self.spoiled {
            let key = key.as_deref();
            let waits = key.is_some_and(|key| since(at.partition, key) < Some(at.offset));
            let verdict = (!waits).then_some(verdict);
            parked.push(Parked { at: *at, key, verdict });
        }
        parked.sort_by_key(|parked| (parked.at, parked.verdict.is_none()));
        // One that was condemned and waits behind an earlier one is there twice.
        parked.dedup_by_key(|parked| parked.at);
        Divided { good, parked }
    }

    /// The first spoiled record of each key.
    fn firsts(&self) -> HashMap<(Partition, &[u8]), i64> {
        let mut firsts = HashMap::new();
        for Spoiled { at, key, .. } in &self.spoiled {
            if let Some(key) = key {
                let first = firsts.entry((at.partition, &**key)).or_insert(at.offset);
                *first = at.offset.min(*first);
            }
        }
        firsts
    }
}

#[cfg(test)]
mod tests {
    use schemas::{AggregateId, Topic};

    use super::*;
    use crate::recorded::Passed;

    const PARTITION: Partition = Partition { topic: Topic::ORDER_EVENTS, number: 0 };

    fn at(offset: i64) -> Position {
        Position { partition: PARTITION, offset }
    }

    fn item(offset: i64, key: &str) -> Item<()> {
        let key = AggregateId::new(key).unwrap();
        Item::Passed(Passed { at: at(offset), key, sequence: None, is_skipped: false })
    }

    fn spoiled(offset: i64, key: Option<&str>) -> Spoiled {
        let verdict = Verdict { class: "malformed", message: "bad".into() };
        Spoiled { at: at(offset), key: key.map(|key| key.as_bytes().into()), verdict }
    }

    /// Offsets that are good, and offsets that are parked: true for those that are dead letters.
    fn divide(parking: &Parking, items: &[Item<()>]) -> (Vec<i64>, Vec<(i64, bool)>) {
        let items: Vec<_> = items.iter().collect();
        let divided = parking.divide(&items);
        let good = divided.good.iter().map(|item| item.at().offset).collect();
        let parked = divided.parked.iter().map(|p| (p.at.offset, p.verdict.is_some())).collect();
        (good, parked)
    }

    #[test]
    fn later_records_of_a_spoiled_key_wait_and_others_flow() {
        let items = [item(0, "a"), item(2, "b"), item(3, "a"), item(4, "b")];
        let parking = Parking::new(HashMap::new(), vec![spoiled(1, Some("a"))]);
        assert_eq!(divide(&parking, &items), (vec![0, 2, 4], vec![(1, true), (3, false)]));
        assert_eq!(divide(&Parking::default(), &items), (vec![0, 2, 3, 4], vec![]));
    }

    #[test]
    fn behind_a_parked_key_everything_waits() {
        let known = Keys::from([b"a"[..].into()]);
        let parking =
            Parking::new(HashMap::from([(PARTITION, known)]), vec![spoiled(5, Some("a"))]);
        let items = [item(0, "a"), item(1, "b")];
        assert_eq!(divide(&parking, &items), (vec![1], vec![(0, false), (5, false)]));
    }

    #[test]
    fn nothing_waits_behind_a_record_without_key() {
        let parking = Parking::new(HashMap::new(), vec![spoiled(0, None), spoiled(1, None)]);
        let items = [item(2, "a")];
        assert_eq!(divide(&parking, &items), (vec![2], vec![(0, true), (1, true)]));
    }

    #[test]
    fn what_is_condemned_later_may_be_the_first() {
        let items = [item(0, "a"), item(1, "a"), item(2, "a")];
        let mut parking = Parking::default();
        parking.condemn(spoiled(2, Some("a")));
        assert_eq!(divide(&parking, &items), (vec![0, 1], vec![(2, true)]));
        parking.condemn(spoiled(1, Some("a")));
        assert_eq!(divide(&parking, &items), (vec![0], vec![(1, true), (2, false)]));
    }
}
