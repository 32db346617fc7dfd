//! What makes a process ready: every part that others wait for reports its own state.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The states of the parts of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<BTreeMap<Name, Result<(), String>>>>);

/// One part's handle to its own state.
#[derive(Clone, Debug)]
pub struct Part {
    health: Health,
    name: Name,
}

type Name = Cow<'static, str>;

impl Health {
    /// Adds a part, not ready yet.
    #[must_use]
    pub fn part(&self, name: impl Into<Name>) -> Part {
        let part = Part { health: self.clone(), name: name.into() };
        part.not_ready("starting");
        part
    }

    /// True when every part is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.states().values().all(Result::is_ok)
    }

    /// The parts, and for those that are not ready why.
    #[must_use]
    pub fn states(&self) -> BTreeMap<Name, Result<(), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, name: &Name, state: Result<(), String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), state);
    }
}

impl Part {
    /// The part works.
    pub fn ready(&self) {
        self.health.set(&self.name, Ok(()));
    }

    /// The part does not work, or not yet.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.health.set(&self.name, Err(reason.into()));
    }
}
