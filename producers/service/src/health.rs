//! What makes a process ready: every part that others wait for reports its own state.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The states of the parts of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(Arc<Mutex<BTreeMap<Name, State>>>);

/// Stands for all parts that are not known yet.
const START: Name = Cow::Borrowed("start");

/// How a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Ready,
    /// The process does its work, but something is amiss that people should know of.
    Impaired(String),
    /// The process cannot do its work.
    NotReady(String),
}

/// One part's handle to its own state.
#[derive(Clone, Debug)]
pub struct Part {
    health: Health,
    name: Name,
}

type Name = Cow<'static, str>;

impl Default for Health {
    /// Of a process that has only just begun.
    fn default() -> Self {
        let start = (START, State::NotReady("starting".to_owned()));
        Self(Arc::new(Mutex::new([start].into())))
    }
}

impl Health {
    /// Adds a part, not ready yet.
    #[must_use]
    pub fn part(&self, name: impl Into<Name>) -> Part {
        let part = Part { health: self.clone(), name: name.into() };
        part.not_ready("starting");
        part
    }

    /// All parts are known. Before, the process is not ready, though those that it has may be:
    /// whoever replaces an instance stops the one before as soon as the next is ready.
    pub fn complete(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&START);
    }

    /// True when all parts are known, and each is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.states().values().any(|state| matches!(state, State::NotReady(_)))
    }

    /// The parts, and how they are.
    #[must_use]
    pub fn states(&self) -> BTreeMap<Name, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, name: &Name, state: State) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), state);
    }
}

impl Part {
    /// The part works.
    pub fn ready(&self) {
        self.health.set(&self.name, State::Ready);
    }

    /// Something is amiss that does not keep the process from its work.
    pub fn impaired(&self, reason: impl Into<String>) {
        self.health.set(&self.name, State::Impaired(reason.into()));
    }

    /// The part does not work, or not yet.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.health.set(&self.name, State::NotReady(reason.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impaired_part_leaves_the_process_ready() {
        let health = Health::default();
        assert!(!health.is_ready());
        let (kafka, feed) = (health.part("kafka"), health.part("feed"));
        health.complete();
        assert!(!health.is_ready());
        kafka.ready();
        feed.impaired("it is away");
        assert!(health.is_ready());
        assert_eq!(health.states().get("feed"), Some(&State::Impaired("it is away".into())));
        kafka.not_ready("no broker");
        assert!(!health.is_ready());
    }

    #[test]
    fn parts_to_come_count() {
        let health = Health::default();
        health.part("postgres").ready();
        assert!(!health.is_ready());
        assert_eq!(health.states().get("start"), Some(&State::NotReady("starting".into())));
        let port = health.part("http");
        health.complete();
        assert!(!health.is_ready());
        port.ready();
        assert!(health.is_ready());
        assert_eq!(health.states().len(), 2);
    }
}
