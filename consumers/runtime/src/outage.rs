//! How long something that the consumer needs may be away.

use std::time::{Duration, Instant};

use event_log::{ErrorClass, backoff::Backoff};
use service::{Shutdown, health::Part};

use crate::error::Error;

/// Waits between attempts, until a budget is spent. The budget is full again after each success.
#[derive(Debug)]
pub struct Outage {
    budget: Duration,
    since: Option<Instant>,
    backoff: Backoff,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Try again.
    Again,
    /// The process is to stop.
    Stopping,
}

impl Outage {
    /// Allows for so long an outage.
    #[must_use]
    pub const fn new(budget: Duration) -> Self {
        Self {
            budget,
            since: None,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)),
        }
    }

    /// An attempt succeeded.
    pub fn over(&mut self, health: &Part) {
        if let Some(since) = self.since.take() {
            let seconds = since.elapsed().as_secs();
            tracing::info!(outage.seconds = seconds, "works again");
            self.backoff.reset();
        }
        health.ready();
    }

    /// An attempt failed: waits before the next, but not past a shutdown.
    ///
    /// # Errors
    /// The error itself, when it does not pass by itself or the budget is spent.
    pub async fn wait(
        &mut self,
        error: Error,
        health: &Part,
        shutdown: &Shutdown,
    ) -> Result<Waited, Error> {
        health.not_ready(error.to_string());
        let since = *self.since.get_or_insert_with(Instant::now);
        if error.class() != ErrorClass::Transient || since.elapsed() >= self.budget {
            return Err(error);
        }
        let wait = self.backoff.next_wait();
        tracing::warn!(%error, wait_ms = wait.as_millis(), "trying again");
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(Waited::Again),
            () = shutdown.requested() => Ok(Waited::Stopping),
        }
    }
}
