//! Every process of a stack, written down the moment it starts, so that it can be found and stopped
//! even when the supervisor was killed.

use std::{io, path::Path, time::Duration};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::stack::{document, process::Identity};

/// What a process is; decides how it is stopped, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One of our binaries.
    Service,
    /// The mail catcher.
    Mail,
    /// The schema registry.
    Registry,
    /// The broker.
    Kafka,
    /// The database.
    Postgres,
}

impl Kind {
    /// All kinds, users before what they use: the order of stopping.
    pub const STOP_ORDER: [Self; 5] =
        [Self::Service, Self::Mail, Self::Registry, Self::Kafka, Self::Postgres];

    /// The signal that asks it to stop. Postgres would wait for its clients after SIGTERM.
    pub const fn stop_signal(self) -> Signal {
        match self {
            Self::Postgres => Signal::SIGINT,
            Self::Service | Self::Mail | Self::Registry | Self::Kafka => Signal::SIGTERM,
        }
    }

    /// How long it may take to stop; a service drains for up to 30 s.
    pub const fn stop_limit(self) -> Duration {
        match self {
            Self::Service => Duration::from_secs(35),
            Self::Mail | Self::Registry => Duration::from_secs(15),
            Self::Kafka | Self::Postgres => Duration::from_secs(30),
        }
    }
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the stack.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Which process it is.
    #[serde(flatten)]
    pub identity: Identity,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Who keeps the others alive.
    pub supervisor: Option<Identity>,
    /// The others.
    pub processes: Vec<Entry>,
}

impl Ledger {
    /// What was written last; empty when nothing was.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(document::read(path)?.unwrap_or_default())
    }

    /// Begins anew, with this process as the supervisor; from now on `down` finds it.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let supervisor = Identity::of(std::process::id());
        let ledger = Self { supervisor, processes: Vec::new() };
        document::write(path, &ledger)?;
        Ok(ledger)
    }

    /// Notes a start, in place of an earlier process of the same name.
    pub fn started(&mut self, name: &str, kind: Kind, identity: Identity) {
        self.ended(name);
        self.processes.push(Entry { name: name.to_owned(), kind, identity });
    }

    /// Notes an end.
    pub fn ended(&mut self, name: &str) {
        self.processes.retain(|entry| entry.name != name);
    }

    /// The processes that still run, users before what they use.
    pub fn alive(&self) -> Vec<&Entry> {
        let mut alive: Vec<_> =
            self.processes.iter().filter(|entry| entry.identity.is_alive()).collect();
        alive.sort_by_key(|entry| entry.kind);
        alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_one_process_per_name_and_lists_the_living() {
        let me = Identity::of(std::process::id()).unwrap();
        let dead = Identity { started: "never".into(), ..me.clone() };
        let mut ledger = Ledger::default();
        ledger.started("kafka", Kind::Kafka, me.clone());
        ledger.started("orders", Kind::Service, dead.clone());
        ledger.started("gone", Kind::Service, dead);
        ledger.started("orders", Kind::Service, me);
        let names: Vec<_> = ledger.alive().iter().map(|entry| entry.name.clone()).collect();
        assert_eq!(names, ["orders", "kafka"]);
        ledger.ended("orders");
        assert_eq!(ledger.alive().len(), 1);
    }
}
