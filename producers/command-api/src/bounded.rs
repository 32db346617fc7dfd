//! A map that forgets its oldest entry when it is full.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// At most `capacity` entries, each as old as its last insertion.
#[derive(Debug)]
pub struct Bounded<K, V> {
    capacity: usize,
    next: u64,
    entries: HashMap<K, (u64, V)>,
    by_age: BTreeMap<u64, K>,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    /// An empty map.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, next: 0, entries: HashMap::new(), by_age: BTreeMap::new() }
    }

    /// Looks an entry up; does not make it younger.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Puts an entry in as the youngest.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        if self.entries.len() >= self.capacity
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.entries.insert(key, (self.next, value));
        self.by_age.insert(self.next, key);
        self.next += 1;
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (age, value) = self.entries.remove(key)?;
        self.by_age.remove(&age);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let mut map = Bounded::new(2);
        map.insert(1, 'a');
        map.insert(2, 'b');
        map.insert(1, 'c');
        map.insert(3, 'd');
        assert_eq!((map.get(&1), map.get(&2), map.get(&3)), (Some(&'c'), None, Some(&'d')));
        assert_eq!(map.remove(&1), Some('c'));
        assert_eq!(map.remove(&1), None);
        map.insert(4, 'e');
        assert_eq!((map.get(&3), map.get(&4)), (Some(&'d'), Some(&'e')));
        assert_eq!((map.entries.len(), map.by_age.len()), (2, 2));
    }
}
