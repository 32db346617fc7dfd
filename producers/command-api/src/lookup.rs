//! Searches the log for a command that this instance did not take, or has forgotten: its outcome
//! on `command.results`, else the command itself among those that are not decided yet.

mod scan;
mod search;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_log::{Error, Registry, Settings};
use schemas::CommandId;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::{metrics, outcomes::Known, reader::chain};
use search::Search;

/// Searches that may run at once: each reads up to a day of outcomes.
const SEARCHES: usize = 4;

/// Why a search found nothing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsearched {
    /// Others are searching.
    #[error("too many searches are under way")]
    Busy,
    /// The log could not be read to its end in time.
    #[error("the log could not be searched in time")]
    Unfinished,
}

/// Finds commands.
#[async_trait]
pub trait History: Send + Sync {
    /// What is known of a command; `None` when the log has none such.
    async fn find(&self, command: CommandId) -> Result<Option<Known>, Unsearched>;
}

/// Searches the log.
pub struct Lookup {
    search: Arc<Search>,
    slots: Arc<Semaphore>,
    budget: Duration,
}

impl Lookup {
    /// Makes one that searches for at most `budget`; `schema_id` is that of the outcomes.
    pub fn new(
        settings: &Settings,
        registry: Registry,
        schema_id: u32,
        budget: Duration,
    ) -> Result<Self, Error> {
        let search = Search::new(settings, registry, schema_id)?;
        Ok(Self { search: Arc::new(search), slots: Arc::new(Semaphore::new(SEARCHES)), budget })
    }
}

#[async_trait]
impl History for Lookup {
    async fn find(&self, command: CommandId) -> Result<Option<Known>, Unsearched> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Unsearched::Busy)?;
        let search = Arc::clone(&self.search);
        let (runtime, deadline) = (Handle::current(), Instant::now() + self.budget);
        let found = tokio::task::spawn_blocking(move || {
            // Given back when the thread is done, not when the client goes away.
            let _slot = slot;
            search.run(command, runtime, deadline).unwrap_or_else(|error| {
                tracing::warn!(error = %chain(&error), command.id = %command, "a search failed");
                Err(Unsearched::Unfinished)
            })
        });
        let found = found.await.unwrap_or(Err(Unsearched::Unfinished));
        let result = match &found {
            Ok(Some(Known::Decided(_))) => "found",
            Ok(Some(Known::Pending(_))) => "pending",
            Ok(None) => "absent",
            Err(_) => "failed",
        };
        ::metrics::counter!(metrics::LOOKUPS, "result" => result).increment(1);
        found
    }
}
