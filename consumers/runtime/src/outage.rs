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

    /// Attempts something until it succeeds; `None` when the process is to stop first.
    ///
    /// # Errors
    /// As [`Outage::wait`].
    pub async fn retry<T>(
        &mut self,
        health: &Part,
        shutdown: &Shutdown,
        attempt: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        loop {
            match attempt().await {
                Ok(done) => {
                    self.over(health);
                    return Ok(Some(done));
                }
                Err(error) => {
                    if self.wait(error, health, shutdown).await? == Waited::Stopping {
                        return Ok(None);
                    }
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use service::Health;

    use super::*;

    fn transient() -> Error {
        Error::Connection("refused".into())
    }

    #[tokio::test]
    async fn what_passes_is_waited_out_within_the_budget() {
        let (_trigger, shutdown) = Shutdown::new();
        let health = Health::default();
        let part = health.part("postgres");
        health.complete();
        let mut outage = Outage::new(Duration::from_secs(3_600));
        let waited = outage.wait(transient(), &part, &shutdown).await.unwrap();
        assert_eq!((waited, health.is_ready()), (Waited::Again, false));
        outage.over(&part);
        assert!(health.is_ready());

        let mut spent = Outage::new(Duration::ZERO);
        assert!(spent.wait(transient(), &part, &shutdown).await.is_err());
    }

    #[tokio::test]
    async fn what_does_not_pass_is_not_waited_for() {
        let (_trigger, shutdown) = Shutdown::new();
        let part = Health::default().part("postgres");
        let mut outage = Outage::new(Duration::from_secs(3_600));
        let fatal = Error::Broken("a bug".into());
        assert!(outage.wait(fatal, &part, &shutdown).await.is_err());
    }

    #[tokio::test]
    async fn a_shutdown_ends_the_wait() {
        let (trigger, shutdown) = Shutdown::new();
        let part = Health::default().part("postgres");
        trigger.fire();
        let mut outage = Outage::new(Duration::from_secs(3_600));
        // Either may be ready first; in the end it is the shutdown.
        while outage.wait(transient(), &part, &shutdown).await.unwrap() == Waited::Again {}
    }
}
