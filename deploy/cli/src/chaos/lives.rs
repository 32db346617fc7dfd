//! The most memory that the consumers had: read again and again, since many lives end in a kill.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::sleep;

use crate::{bench::memory::peak_resident_bytes, stack::run::Running};

/// How often processes are looked at. The system keeps the peak of each, so that only the last
/// moments of a life are missed.
const LOOK: Duration = Duration::from_millis(500);

/// The most bytes that any process of a service had. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Peaks(Arc<Mutex<BTreeMap<String, u64>>>);

impl Peaks {
    /// Looks at a process.
    pub fn look(&self, service: &str, pid: u32) {
        let Some(bytes) = peak_resident_bytes(pid) else { return };
        let mut peaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let peak = peaks.entry(service.to_owned()).or_default();
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
            }
            sleep(LOOK).await;
        }
    }

    /// The most of each service.
    pub fn of_services(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
