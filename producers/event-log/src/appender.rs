//! Appends single records to the log: idempotent, acknowledged by every replica, without
//! transactions. Many may be under way at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};
use schemas::Topic;
use service::badge;
use tokio::sync::oneshot;

use crate::{
    client::{self, ClientLog},
    error::Error,
    record::{OutRecord, Partition, Position},
    settings::{Settings, TopicNames},
};

/// Why a record was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// It is certainly not in the log.
    #[error("record was refused: {0}")]
    Refused(KafkaError),
    /// It may or may not be in the log.
    #[error("it is not known whether the record was appended: {0}")]
    Unknown(KafkaError),
}

impl AppendError {
    /// What it means where only a repetition helps: `doing` says what was attempted, on what.
    #[must_use]
    pub fn into_error(self, doing: impl Into<String>) -> Error {
        let (Self::Refused(source) | Self::Unknown(source)) = self;
        Error::kafka(doing, source)
    }
}

/// Length of one poll for acknowledgements, which end it at once. The client spins through the last
/// millisecond of each: with the usual 100 ms an idle producer takes a hundredth of a core.
const POLL: Duration = Duration::from_millis(500);

/// A producer. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Appender {
    producer: Arc<Polled>,
    names: TopicNames,
}

/// A producer with the thread that serves its acknowledgements.
struct Polled {
    producer: Arc<BaseProducer<Deliveries>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Polled {
    fn new(producer: BaseProducer<Deliveries>) -> Result<Self, Error> {
        let (producer, is_over) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let (polled, stop) = (Arc::clone(&producer), Arc::clone(&is_over));
        let thread = badge::spawn("appender", move || {
            while !stop.load(Ordering::Relaxed) {
                polled.poll(POLL);
            }
        });
        let thread = thread.map_err(|error| {
            let source = KafkaError::ClientCreation(error.to_string());
            Error::kafka("start the thread of a producer", source)
        })?;
        Ok(Self { producer, is_over, thread: Some(thread) })
    }
}

impl Drop for Polled {
    /// The thread must be gone before the producer, whose end purges what is queued.
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic: it runs none of our code but the acknowledgements'.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Appender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Appender").field("in_flight", &self.in_flight()).finish()
    }
}

struct Delivery {
    topic: Topic,
    done: oneshot::Sender<Result<Position, AppendError>>,
}

struct Deliveries(ClientLog);

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.0.stats_raw(statistics);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        use rdkafka::Message;
        let outcome = match result {
            Ok(message) => Ok(Position {
                partition: Partition { topic: delivery.topic, number: message.partition() },
                offset: message.offset(),
            }),
            Err((error, _)) => Err(classify(error.clone())),
        };
        // Nobody waits any more: fine.
        let _ = delivery.done.send(outcome);
    }
}

/// Errors that the broker or the client's own checks gave mean that nothing was written; a
/// time-out or purge may have come while a request was under way.
fn classify(error: KafkaError) -> AppendError {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::InvalidTopic
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::MessageBatchTooLarge
            | RDKafkaErrorCode::InvalidRecord
            | RDKafkaErrorCode::PurgeQueue
            | RDKafkaErrorCode::QueueFull,
        ) => AppendError::Refused(error),
        _ => AppendError::Unknown(error),
    }
}

impl Appender {
    /// Connects; a record that is not acknowledged within `delivery_limit` is given up. While
    /// the brokers do not keep up, at most `queue_kbytes` wait here, and further records are
    /// refused.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn bounded(
        settings: &Settings,
        delivery_limit: Duration,
        queue_kbytes: u32,
    ) -> Result<Self, Error> {
        let producer = client::watched(client::producer_config(settings))
            .set("delivery.timeout.ms", delivery_limit.as_millis().to_string())
            .set("queue.buffering.max.kbytes", queue_kbytes.to_string())
            .create_with_context(Deliveries(ClientLog::new(settings)))
            .map_err(|error| Error::kafka("create a producer", error))?;
        let producer = Arc::new(Polled::new(producer)?);
        Ok(Self { producer, names: TopicNames::new(&settings.namespace) })
    }

    /// As [`Appender::bounded`], with the queue that every producer has.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn new(settings: &Settings, delivery_limit: Duration) -> Result<Self, Error> {
        Self::bounded(settings, delivery_limit, client::QUEUE_KBYTES)
    }

    /// Queues a record at once and returns the wait for its acknowledgement. Records of one key
    /// are appended in the order in which they were queued.
    ///
    /// # Errors
    /// [`AppendError::Refused`] when the queue is full or the client refuses the record.
    pub fn queue(
        &self,
        record: OutRecord,
    ) -> Result<impl Future<Output = Result<Position, AppendError>> + Send + use<>, AppendError>
    {
        let (done, wait) = oneshot::channel();
        let topic = self.names.of(record.topic);
        let delivery = Box::new(Delivery { topic: record.topic, done });
        let mut out = BaseRecord::with_opaque_to(&topic, delivery).headers(record.headers);
        out.key = record.key.as_deref();
        out.payload = record.payload.as_deref();
        out.partition = record.partition;
        self.producer.producer.send(out).map_err(|(error, _)| AppendError::Refused(error))?;
        Ok(async move {
            // The sender is dropped only with the producer, which purges what it had queued.
            wait.await.unwrap_or_else(|_| Err(AppendError::Unknown(KafkaError::Canceled)))
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`AppendError`], which says whether the record may be in the log.
    pub async fn append(&self, record: OutRecord) -> Result<Position, AppendError> {
        self.queue(record)?.await
    }

    /// Waits for everything queued, at most so long.
    ///
    /// # Errors
    /// When something is still under way then.
    pub fn flush(&self, limit: Duration) -> Result<(), Error> {
        let flushed = self.producer.producer.flush(limit);
        flushed.map_err(|error| Error::kafka("flush the producer", error))
    }

    /// Records that wait for their acknowledgement.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.producer.in_flight_count()).unwrap_or(0)
    }
}
