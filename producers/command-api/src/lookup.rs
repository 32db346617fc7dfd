//! Searches `command.results` for the outcome of a command that this instance did not take, or
//! has forgotten. Every partition is read to its end before an outcome is called absent.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_log::{
    Error, Registry, Settings,
    client::{self, ClientLog},
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use schemas::{CommandId, Topic};
use service::Shutdown;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    metrics,
    outcomes::{Outcome, reused},
    reader::{chain, kafka, partition_count},
    record::{OutcomeDecoder, command_of},
};

/// Searches that may run at once: each reads up to a day of outcomes.
const SEARCHES: usize = 4;

const POLL: Duration = Duration::from_millis(50);

/// How far a command's own time may be ahead of that of its outcome: clocks differ.
const CLOCK_SKEW_MS: i64 = 60_000;

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

/// Finds outcomes.
#[async_trait]
pub trait History: Send + Sync {
    /// The outcome of a command; `None` when there is none.
    async fn find(&self, command: CommandId) -> Result<Option<Outcome>, Unsearched>;
}

/// Searches the log.
pub struct Lookup {
    search: Arc<Search>,
    slots: Arc<Semaphore>,
}

struct Search {
    settings: Settings,
    registry: Registry,
    schema_id: u32,
    budget: Duration,
}

impl Lookup {
    /// Makes one that searches for at most `budget`; `schema_id` is that of the outcomes.
    pub fn new(settings: Settings, registry: Registry, schema_id: u32, budget: Duration) -> Self {
        let search = Search { settings, registry, schema_id, budget };
        Self { search: Arc::new(search), slots: Arc::new(Semaphore::new(SEARCHES)) }
    }
}

#[async_trait]
impl History for Lookup {
    async fn find(&self, command: CommandId) -> Result<Option<Outcome>, Unsearched> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Unsearched::Busy)?;
        let search = Arc::clone(&self.search);
        let runtime = Handle::current();
        let found = tokio::task::spawn_blocking(move || {
            // Given back when the thread is done, not when the client goes away.
            let _slot = slot;
            search.run(command, runtime)
        });
        let found = found.await.unwrap_or(Err(Unsearched::Unfinished));
        let result = match &found {
            Ok(Some(_)) => "found",
            Ok(None) => "absent",
            Err(_) => "failed",
        };
        ::metrics::counter!(metrics::LOOKUPS, "result" => result).increment(1);
        found
    }
}

impl Search {
    fn run(&self, command: CommandId, runtime: Handle) -> Result<Option<Outcome>, Unsearched> {
        let deadline = Instant::now() + self.budget;
        self.try_run(command, runtime, deadline).unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), command.id = %command, "a search failed");
            Err(Unsearched::Unfinished)
        })
    }

    fn try_run(
        &self,
        command: CommandId,
        runtime: Handle,
        deadline: Instant,
    ) -> Result<Result<Option<Outcome>, Unsearched>, Error> {
        // The trigger is dropped: a schema is asked for once, the budget has no room for more.
        let (_, once) = Shutdown::new();
        let registry = self.registry.clone();
        let mut decoder = OutcomeDecoder::new(self.schema_id, registry, runtime, once)?;
        let consumer: BaseConsumer<ClientLog> = client::consumer_config(&self.settings)
            .set("group.id", self.settings.qualify("command-api"))
            .set("enable.partition.eof", "true")
            .create_with_context(ClientLog::new(&self.settings))
            .map_err(|error| kafka("create a reader of outcomes", error))?;
        let topic = self.settings.qualify(Topic::COMMAND_RESULTS.name());
        let partitions = partition_count(&consumer, &topic)?;

        // The time in a command's id only says where to begin: the clock that made it may be wrong.
        let mut starts = vec![from(&topic, partitions, Offset::Beginning)?];
        if let Some(millis) = made_at(command) {
            let times = from(&topic, partitions, Offset::Offset(millis - CLOCK_SKEW_MS))?;
            let near = consumer.offsets_for_times(times, deadline.duration_since(Instant::now()));
            starts.push(near.map_err(|error| kafka(format!("search {topic} by time"), error))?);
        }
        while let Some(start) = starts.pop() {
            let assigned = consumer.assign(&start);
            assigned.map_err(|error| kafka(format!("search {topic}"), error))?;
            match scan(&consumer, command, partitions, deadline, &mut decoder) {
                Ok(None) => {}
                end => return Ok(end),
            }
        }
        Ok(Ok(None))
    }
}

/// Reads what is assigned to its end, or to the command's outcome. That its id was used again
/// says nothing of the command that had it first.
fn scan(
    consumer: &BaseConsumer<ClientLog>,
    command: CommandId,
    partitions: i32,
    deadline: Instant,
    decoder: &mut OutcomeDecoder,
) -> Result<Option<Outcome>, Unsearched> {
    let mut open: HashSet<i32> = (0..partitions).collect();
    while !open.is_empty() {
        if Instant::now() >= deadline {
            return Err(Unsearched::Unfinished);
        }
        match consumer.poll(POLL) {
            Some(Ok(record)) if command_of(&record) == Some(command) => {
                match decoder.decode(&record) {
                    Ok((_, outcome)) if !reused(&outcome.outcome) => return Ok(Some(outcome)),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "a record of the results is no outcome"),
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            // Errors pass or run into the deadline.
            Some(Ok(_) | Err(_)) | None => {}
        }
    }
    Ok(None)
}

fn from(topic: &str, partitions: i32, offset: Offset) -> Result<TopicPartitionList, Error> {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, offset)
            .map_err(|error| kafka(format!("search {topic}"), error))?;
    }
    Ok(list)
}

/// When a command id was made, in ms since 1970, if it tells (UUID version 7).
fn made_at(command: CommandId) -> Option<i64> {
    if command.0.get_version_num() != 7 {
        return None;
    }
    let (seconds, nanos) = command.0.get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
    Some(millis + i64::from(nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_some_ids_tell_their_time() {
        let uuid: Uuid = "01932f6b-8c00-7000-8000-000000000000".parse().unwrap();
        assert_eq!(made_at(CommandId(uuid)), Some(1_731_667_397_632));
        assert_eq!(made_at(CommandId::from_key("order-17")), None);
        assert_eq!(made_at(CommandId(Uuid::new_v4())), None);
    }
}
