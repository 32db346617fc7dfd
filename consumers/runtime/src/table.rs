//! The rows of one table that a batch works on: wanted by key, loaded once, changed in memory and
//! stored once, however many events touched them.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use schemas::AggregateId;

use crate::{projection::ProjectionError, row::Row};

/// Rows of one table in memory.
#[derive(Debug)]
pub struct Table<R> {
    /// By key, each at a place that it keeps.
    pub(crate) slots: IndexMap<Box<str>, Slot<R>, RandomState>,
    /// Places of the rows that are not loaded yet.
    pub(crate) wanted: Vec<usize>,
    /// Every place in the order of the keys, as of the last load.
    pub(crate) order: Vec<usize>,
    /// The place that was used last: who touches a row mostly touches it again at once.
    last: usize,
    /// Number of the event that is being applied.
    pub(crate) event: usize,
}

/// Place of one row.
#[derive(Debug)]
pub(crate) struct Slot<R> {
    /// What is known of it comes from the database.
    pub(crate) loaded: bool,
    /// Clients see the row, by what the database has.
    pub(crate) shown: bool,
    /// The row as it is now; `None` when there is none. Of its own, so that a table that grows
    /// moves no rows.
    pub(crate) row: Option<Box<R>>,
    /// The last event that changed the row.
    pub(crate) changed_by: Option<usize>,
}

/// A row was asked for that the projection had not named before: a bug in its `keys`.
#[derive(Debug, thiserror::Error)]
#[error("a row of table {table} was used whose key was not named")]
pub struct NotLoaded {
    table: &'static str,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        let (slots, wanted, order) = (IndexMap::default(), Vec::new(), Vec::new());
        Self { slots, wanted, order, last: 0, event: 0 }
    }
}

impl<R: Row> Table<R> {
    /// Names a row that will be needed, whether it exists or not.
    pub fn want(&mut self, key: &AggregateId) {
        self.want_key(key.as_str());
    }

    /// The same for a key that is no id of an aggregate.
    pub fn want_key(&mut self, key: &str) {
        if let Some(place) = self.place(key) {
            self.last = place;
            return;
        }
        let slot = Slot { loaded: false, shown: false, row: None, changed_by: None };
        (self.last, _) = self.slots.insert_full(key.into(), slot);
        self.wanted.push(self.last);
    }

    /// Where the row with a key is, if it was named.
    fn place(&self, key: &str) -> Option<usize> {
        match self.slots.get_index(self.last) {
            Some((last, _)) if **last == *key => Some(self.last),
            _ => self.slots.get_index_of(key),
        }
    }

    fn find(&self, key: &str) -> Option<&Slot<R>> {
        let (_, slot) = self.slots.get_index(self.place(key)?)?;
        Some(slot)
    }

    pub(crate) fn find_mut(&mut self, key: &str) -> Option<&mut Slot<R>> {
        self.last = self.place(key)?;
        let (_, slot) = self.slots.get_index_mut(self.last)?;
        Some(slot)
    }

    /// A row that is loaded already: lets `keys` follow a reference to further rows.
    #[must_use]
    pub fn peek(&self, key: &AggregateId) -> Option<&R> {
        self.find(key.as_str())?.row.as_deref()
    }

    /// A row; `None` when it does not exist.
    ///
    /// # Errors
    /// [`NotLoaded`] when its key was not named.
    pub fn get(&self, key: &AggregateId) -> Result<Option<&R>, NotLoaded> {
        match self.find(key.as_str()) {
            Some(slot) if slot.loaded => Ok(slot.row.as_deref()),
            _ => Err(NotLoaded { table: R::TABLE }),
        }
    }

    /// A row to be changed; `None` when it does not exist.
    ///
    /// # Errors
    /// [`NotLoaded`] when its key was not named.
    pub fn get_mut(&mut self, key: &AggregateId) -> Result<Option<&mut R>, NotLoaded> {
        let event = self.event;
        let slot = self.slot(key.as_str())?;
        if slot.row.is_some() {
            slot.changed_by = Some(event);
        }
        Ok(slot.row.as_deref_mut())
    }

    /// A row to be changed that has to exist.
    ///
    /// # Errors
    /// When its key was not named, or it does not exist.
    pub fn require(&mut self, key: &AggregateId) -> Result<&mut R, ProjectionError> {
        self.get_mut(key)?.ok_or(ProjectionError::Missing(R::TABLE))
    }

    /// Adds a row, or replaces the one with its key.
    ///
    /// # Errors
    /// [`NotLoaded`] when its key was not named.
    pub fn put(&mut self, row: R) -> Result<(), NotLoaded> {
        let event = self.event;
        let slot = self.slot(row.key())?;
        slot.row = Some(Box::new(row));
        slot.changed_by = Some(event);
        Ok(())
    }

    /// Removes a row, if it exists.
    ///
    /// # Errors
    /// [`NotLoaded`] when its key was not named.
    pub fn remove(&mut self, key: &AggregateId) -> Result<(), NotLoaded> {
        let event = self.event;
        let slot = self.slot(key.as_str())?;
        if slot.row.take().is_some() {
            slot.changed_by = Some(event);
        }
        Ok(())
    }

    /// Every row in memory.
    pub fn rows(&self) -> impl Iterator<Item = &R> {
        self.slots.values().filter_map(|slot| slot.row.as_deref())
    }

    fn slot(&mut self, key: &str) -> Result<&mut Slot<R>, NotLoaded> {
        match self.find_mut(key) {
            Some(slot) if slot.loaded => Ok(slot),
            _ => Err(NotLoaded { table: R::TABLE }),
        }
    }

    /// The changed slots with their keys, in the order of the keys.
    pub(crate) fn changed(&self) -> Vec<(&str, &Slot<R>)> {
        let is_whole = self.order.len() == self.slots.len();
        let all = if is_whole { None } else { Some(self.ordered(0..self.slots.len())) };
        let places = all.as_ref().unwrap_or(&self.order).iter();
        let slots = places.filter_map(|place| self.slots.get_index(*place));
        let changed = slots.filter(|(_, slot)| slot.changed_by.is_some());
        changed.map(|(key, slot)| (&**key, slot)).collect()
    }

    /// The key at a place.
    pub(crate) fn key(&self, place: usize) -> &str {
        self.slots.get_index(place).map_or("", |(key, _)| key)
    }

    /// Places in the order of their keys. Most keys differ in their first bytes, which are
    /// compared as a number.
    pub(crate) fn ordered(&self, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let begins = places.into_iter().map(|place| (beginning(self.key(place)), place));
        let mut order: Vec<_> = begins.collect();
        order.sort_unstable_by(|(a, at), (b, bt)| {
            a.cmp(b).then_with(|| self.key(*at).cmp(self.key(*bt)))
        });
        order.into_iter().map(|(_, place)| place).collect()
    }
}

/// The first bytes of a key as a number, so that numbers are in the order of the keys.
fn beginning(key: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key.bytes()).for_each(|(place, byte)| *place = byte);
    u64::from_be_bytes(bytes)
}
