//! The committed states of a partition, encoded as on the state topic: a command decodes the one
//! that it needs, and a restore decodes none. One allocation each, id and bytes together.

use std::{
    borrow::Borrow,
    collections::HashSet,
    hash::{Hash, Hasher},
};

use foldhash::fast::RandomState;
use schemas::{AggregateId, command::AggregateState, id::InvalidAggregateId};

use crate::absent::Absent;

/// The encoded state of one aggregate, known by its id.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Length of the id, the id, the bytes.
    all: Box<[u8]>,
}

impl Stored {
    /// Joins an aggregate and its encoded state.
    pub fn new(id: &AggregateId, payload: &[u8]) -> Self {
        Self::join(id.as_str(), payload)
    }

    /// Joins the key and the payload of a record.
    ///
    /// # Errors
    /// When the key is no aggregate id.
    pub fn of_record(key: &[u8], payload: &[u8]) -> Result<Self, InvalidAggregateId> {
        let key = std::str::from_utf8(key).map_err(|_| InvalidAggregateId)?;
        AggregateId::check(key).map(|()| Self::join(key, payload))
    }

    fn join(id: &str, payload: &[u8]) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "an id has at most 128 bytes")]
        let length = [id.len() as u8];
        Self { all: [&length, id.as_bytes(), payload].concat().into_boxed_slice() }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let (length, rest) = self.all.split_first().unwrap_or((&0, &[]));
        rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]))
    }

    /// The aggregate.
    #[expect(clippy::expect_used, reason = "was one when this was made")]
    pub fn aggregate(&self) -> AggregateId {
        let id = std::str::from_utf8(self.id()).ok();
        id.and_then(|id| AggregateId::new(id).ok()).expect("the id of an aggregate")
    }

    /// The aggregate's id.
    pub fn id(&self) -> &[u8] {
        self.parts().0
    }

    /// Its state in the registry's wire format.
    pub fn payload(&self) -> &[u8] {
        self.parts().1
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stored").field(&String::from_utf8_lossy(self.id())).finish()
    }
}

/// A stored state as its id, by which it is looked up.
struct Keyed(Stored);

impl Borrow<[u8]> for Keyed {
    fn borrow(&self) -> &[u8] {
        self.0.id()
    }
}

impl Hash for Keyed {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.id().hash(hasher);
    }
}

impl PartialEq for Keyed {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for Keyed {}

/// The states of a partition.
#[derive(Default)]
pub struct States {
    all: HashSet<Keyed, RandomState>,
    absent: Absent,
    bytes: usize,
}

/// Most room that is made at once: numbers come from files and from topics.
const ROOM: u64 = 1 << 20;

impl States {
    /// None yet, with room for about so many: growing moves every one of them each time.
    pub fn with_room_for(aggregates: u64) -> Self {
        let room = usize::try_from(aggregates.min(ROOM)).unwrap_or(0);
        Self {
            all: HashSet::with_capacity_and_hasher(room, RandomState::default()),
            ..Self::default()
        }
    }

    /// Remembers a state in place of an earlier one of the same aggregate.
    pub fn put(&mut self, stored: Stored) {
        if AggregateState::<()>::is_absent(stored.payload()) {
            self.absent.refused(stored.aggregate());
        } else if !self.absent.is_empty() {
            self.absent.remove(&stored.aggregate());
        }
        self.bytes += stored.all.len();
        if let Some(Keyed(earlier)) = self.all.replace(Keyed(stored)) {
            self.bytes -= earlier.all.len();
        }
    }

    /// Forgets an aggregate.
    pub fn remove(&mut self, id: &AggregateId) {
        if let Some(Keyed(earlier)) = self.all.take(id.as_str().as_bytes()) {
            self.bytes -= earlier.all.len();
        }
        self.absent.remove(id);
    }

    /// The encoded state of an aggregate.
    pub fn get(&self, id: &AggregateId) -> Option<&[u8]> {
        self.all.get(id.as_str().as_bytes()).map(|Keyed(stored)| stored.payload())
    }

    /// As [`Absent::overdue`]; they are still known until they are removed.
    pub fn overdue(&mut self, most: usize) -> Vec<AggregateId> {
        self.absent.overdue(most)
    }

    /// Number of aggregates.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Bytes of all ids and states, without what the map and the allocator add.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_replaces_the_earlier_one_and_bytes_are_counted() {
        let mut states = States::default();
        let id = |text: &str| AggregateId::new(text).unwrap();
        let longest = "x".repeat(AggregateId::MAX_LENGTH);
        for (key, payload) in [("a", "12345+one"), ("a", "12345+three"), (&longest, "12345+")] {
            states.put(Stored::new(&id(key), payload.as_bytes()));
        }
        assert_eq!(states.get(&id("a")), Some(&b"12345+three"[..]));
        assert_eq!(states.get(&id(&longest)), Some(&b"12345+"[..]));
        assert_eq!((states.len(), states.bytes()), (2, 1 + 1 + 11 + 1 + 128 + 6));
        states.remove(&id(&longest));
        assert_eq!((states.len(), states.bytes(), states.get(&id(&longest))), (1, 13, None));
    }
}
