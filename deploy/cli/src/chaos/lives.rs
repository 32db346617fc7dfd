//! The most memory that the consumers had, and how they ended: looked at again and again, since
//! many lives end in a kill.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::sleep;

use crate::stack::{memory::peak_resident_bytes, run::Running};

/// How often processes are looked at. The system keeps the peak of each, so that only the last
/// moments of a life are missed.
const LOOK: Duration = Duration::from_millis(500);

/// How a process of ours may end by itself, besides by what is done to it: something that it needs
/// was away, or a client of it cannot recover.
const EXPECTED: [&str; 2] = ["exit status: 75", "signal: 9 (SIGKILL)"];

/// What was seen of the processes of all consumers. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lives(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// The most bytes of any process of a service.
    bytes: BTreeMap<String, u64>,
    /// Which processes ended as none should.
    ends: BTreeSet<String>,
}

impl Lives {
    /// Looks at a process.
    pub fn look(&self, service: &str, pid: u32) {
        let Some(bytes) = peak_resident_bytes(pid) else { return };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let peak = seen.bytes.entry(service.to_owned()).or_default();
        *peak = bytes.max(*peak);
    }

    /// Looks at a process until dropped.
    pub async fn watch(&self, service: &str, pid: u32) -> Infallible {
        loop {
            self.look(service, pid);
            sleep(LOOK).await;
        }
    }

    /// Looks at supervised processes, by service and name, until dropped.
    pub async fn watch_all(&self, running: &Running, processes: &[(String, String)]) -> Infallible {
        loop {
            for (service, name) in processes {
                if let Some(pid) = running.pid(name) {
                    self.look(service, pid);
                }
                if let Some(end) = running.last_exit(name) {
                    self.ended(name, &end);
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Notes how a process ended.
    pub fn ended(&self, name: &str, how: &str) {
        if !EXPECTED.contains(&how) {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.ends.insert(format!("{name} ended by itself ({how})"));
        }
    }

    /// The most of each service, and the ends that should not have been.
    pub fn seen(&self) -> (BTreeMap<String, u64>, Vec<String>) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.bytes.clone(), seen.ends.iter().cloned().collect())
    }
}
