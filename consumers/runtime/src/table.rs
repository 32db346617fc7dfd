//! The rows of one table that a batch works on: wanted by key, loaded once, changed in memory and
//! stored once, however many events touched them.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use schemas::AggregateId;

use crate::{projection::ProjectionError, row::Row};

/// Rows of one table in memory.
#[derive(Debug)]
pub struct Table<R> {
    pub(crate) slots: HashMap<Box<str>, Slot<R>, RandomState>,
    pub(crate) wanted: Vec<Box<str>>,
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
        Self { slots: HashMap::default(), wanted: Vec::new(), event: 0 }
    }
}

impl<R: Row> Table<R> {
    /// Names a row that will be needed, whether it exists or not.
    pub fn want(&mut self, key: &AggregateId) {
        self.want_key(key.as_str());
    }

    fn want_key(&mut self, key: &str) {
        if self.slots.contains_key(key) {
            return;
        }
        let slot = Slot { loaded: false, shown: false, row: None, changed_by: None };
        self.slots.insert(key.into(), slot);
        self.wanted.push(key.into());
    }

    /// A row that is loaded already: lets `keys` follow a reference to further rows.
    #[must_use]
    pub fn peek(&self, key: &AggregateId) -> Option<&R> {
        self.slots.get(key.as_str())?.row.as_deref()
    }

    /// A row; `None` when it does not exist.
    ///
    /// # Errors
    /// [`NotLoaded`] when its key was not named.
    pub fn get(&self, key: &AggregateId) -> Result<Option<&R>, NotLoaded> {
        match self.slots.get(key.as_str()) {
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
        match self.slots.get_mut(key) {
            Some(slot) if slot.loaded => Ok(slot),
            _ => Err(NotLoaded { table: R::TABLE }),
        }
    }

    /// The changed slots with their keys, in the order of the keys.
    pub(crate) fn changed(&self) -> Vec<(&str, &Slot<R>)> {
        let changed = self.slots.iter().filter(|(_, s)| s.changed_by.is_some());
        let mut changed: Vec<_> = changed.map(|(key, slot)| (&**key, slot)).collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        changed
    }
}
