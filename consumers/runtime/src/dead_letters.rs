//! What cannot be handled, and what waits behind it.
//!
//! A record that can never be handled as it is must not stop the others, and must not be lost. It
//! is a *dead letter*: copied to the consumer's dead-letter topic, and *parked* in Postgres, in the
//! transaction that moves the offset past it. Later records of its key are parked behind it, so
//! that the key keeps its order; other keys flow. When the cause is mended an operator asks for a
//! [`retry`], which applies the record and everything behind it; or has it skipped.
//!
//! Only some consumers' few records may end so: when there are too many, something else is wrong,
//! and the process stops before it drains its topics.

pub mod desk;
pub mod parking;
pub mod raw;
pub mod retry;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event_log::{
    Appender, OutRecord, Partition, Position, appender::AppendError, restore::PartitionReader,
};
use metrics::counter;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::Header,
};
use schemas::Topic;

use crate::{
    database::{Database, client},
    dead_letters::{
        parking::{Parked, Verdict},
        raw::RawRecord,
    },
    error::Error,
    metrics::DEAD_LETTERS,
};

/// How long a dead letter may take to be acknowledged by its topic.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);

/// Says of a copy that its payload is not there.
const PAYLOAD: &str = "oneway-dead-letter-payload";

/// Records over which the share of dead letters is judged, at least.
const WINDOW: u64 = 1_000;

/// How many dead letters there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At once, in all partitions.
    pub count: u64,
    /// Of the records since the process began to look, in percent; judged over at least a thousand.
    pub percent: u64,
}

/// A consumer's dead letters.
pub struct DeadLetters {
    name: &'static str,
    topic: Topic,
    limits: Limits,
    log: event_log::Settings,
    appender: Appender,
    is_quiet: bool,
    reader: Mutex<Option<PartitionReader>>,
    window: Mutex<Window>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    records: u64,
    dead: u64,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeadLetters").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl DeadLetters {
    /// Of a consumer; connects to nothing yet.
    ///
    /// # Errors
    /// When the consumer has no topic for them, or the client refuses its configuration.
    pub fn new(
        name: &'static str,
        log: &event_log::Settings,
        limits: Limits,
    ) -> Result<Self, Error> {
        let topic = Topic::dead_letter_of(name)
            .ok_or_else(|| Error::Broken(format!("{name} has no dead-letter topic")))?;
        Ok(Self {
            name,
            topic,
            limits,
            log: log.clone(),
            appender: Appender::new(log, DELIVERY_LIMIT)?,
            is_quiet: false,
            reader: Mutex::default(),
            window: Mutex::default(),
        })
    }

    /// Only parks them: the topic has the copies of the live read model.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { is_quiet: true, ..self }
    }

    /// Reads records once more, in the order of their positions. Those that the log does not have
    /// any more are left out.
    ///
    /// # Errors
    /// When Kafka fails.
    pub async fn fetch(self: &Arc<Self>, parked: &[Parked<'_>]) -> Result<Vec<RawRecord>, Error> {
        let mut wanted: BTreeMap<Partition, BTreeSet<i64>> = BTreeMap::new();
        for parked in parked {
            wanted.entry(parked.at.partition).or_default().insert(parked.at.offset);
        }
        let letters = Arc::clone(self);
        let fetched = tokio::task::spawn_blocking(move || letters.fetch_now(&wanted)).await;
        fetched.map_err(|panic| Error::Broken(format!("reading the log again: {panic}")))?
    }

    /// Blocks. A reader that failed is not used again.
    fn fetch_now(
        &self,
        wanted: &BTreeMap<Partition, BTreeSet<i64>>,
    ) -> Result<Vec<RawRecord>, Error> {
        let mut kept = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = match kept.take() {
            Some(reader) => reader,
            None => PartitionReader::new(&self.log)?,
        };
        let mut records = Vec::new();
        for (partition, offsets) in wanted {
            let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
                continue;
            };
            reader.read_range(*partition, *first..last + 1, |record| {
                let offset = rdkafka::Message::offset(record);
                if offsets.contains(&offset) {
                    let at = Position { partition: *partition, offset };
                    records.push(RawRecord::of(at, record));
                }
                Ok(())
            })?;
        }
        *kept = Some(reader);
        Ok(records)
    }

    /// Copies a dead letter to the topic, its bytes untouched. Before the transaction that parks
    /// it: when that fails and is repeated, so is the copy. Its position tells copies apart.
    ///
    /// # Errors
    /// When the topic does not take it.
    pub async fn publish(&self, record: &RawRecord, verdict: &Verdict) -> Result<(), Error> {
        if self.is_quiet {
            return Ok(());
        }
        let Position { partition, offset } = record.at;
        tracing::error!(kafka.partition = %partition, kafka.offset = offset, error.class = verdict.class, error = verdict.message, "dead letter: its key is parked");
        counter!(DEAD_LETTERS, "class" => verdict.class).increment(1);
        let schema_id = record.schema_id().map(|id| id.to_string());
        let about = [
            ("oneway-dead-letter-consumer", Some(self.name.to_owned())),
            ("oneway-dead-letter-topic", Some(partition.topic.name().to_owned())),
            ("oneway-dead-letter-partition", Some(partition.number.to_string())),
            ("oneway-dead-letter-offset", Some(offset.to_string())),
            ("oneway-dead-letter-class", Some(verdict.class.to_owned())),
            ("oneway-dead-letter-error", Some(verdict.message.clone())),
            ("oneway-dead-letter-schema-id", schema_id),
            ("oneway-dead-letter-attempts", Some("1".to_owned())),
        ];
        let headers =
            about.iter().fold(record.owned_headers(), |headers, (key, value)| {
                match value.as_deref() {
                    Some(value) => headers.insert(Header { key, value: Some(value) }),
                    None => headers,
                }
            });
        let doing = || format!("copy {partition} offset {offset} to {}", self.topic);
        let copy = |payload, headers| {
            let (topic, key) = (self.topic, record.key.clone());
            self.appender.append(OutRecord { topic, partition: None, key, payload, headers })
        };
        match copy(record.payload.clone(), headers.clone()).await {
            Err(AppendError::Refused(error)) if is_too_large(&error) => {
                let left_out = Some("left out: too large for this topic");
                let headers = headers.insert(Header { key: PAYLOAD, value: left_out });
                copy(None, headers).await
            }
            appended => appended,
        }
        .map(drop)
        .map_err(|error| error.into_error(doing()).into())
    }

    /// Refuses dead letters that are too many, with those before.
    ///
    /// # Errors
    /// [`Error::TooManyDeadLetters`], or when Postgres fails.
    pub async fn admit(
        &self,
        database: &Database,
        records: usize,
        parked: &[Parked<'_>],
    ) -> Result<(), Error> {
        let new = parked.iter().filter_map(|parked| Some((parked.at, parked.verdict?)));
        let new: Vec<_> = new.collect();
        let Some((at, verdict)) = new.last() else { return Ok(()) };
        let too_many = |what: String| {
            let (place, class) = (format!("{} offset {}", at.partition, at.offset), verdict.class);
            let message = &verdict.message;
            Error::TooManyDeadLetters(format!(
                "too many records cannot be handled: {what}; the last is {place} ({class}: \
                 {message}); nothing was passed over: deploy a build that handles them, or raise \
                 the limit"
            ))
        };
        let window = *self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let Window { records: seen, dead } = window.with(records, new.len());
        let Limits { count, percent } = self.limits;
        if dead.saturating_mul(100) > percent.saturating_mul(seen.max(WINDOW)) {
            return Err(too_many(format!("{dead} of {seen}, more than {percent} %")));
        }
        let open = desk::open(client(&database.connection().await?)).await?;
        let open = open.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
        if open > count {
            return Err(too_many(format!("{open} at once, more than {count}")));
        }
        Ok(())
    }

    /// So many records were dealt with.
    pub fn count(&self, records: usize, dead: usize) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        *window = window.with(records, dead);
        if window.records >= WINDOW {
            *window = Window::default();
        }
    }
}

impl Window {
    /// After some more records.
    fn with(self, records: usize, dead: usize) -> Self {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Self {
            records: self.records.saturating_add(number(records)),
            dead: self.dead.saturating_add(number(dead)),
        }
    }
}

fn is_too_large(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge)
}
