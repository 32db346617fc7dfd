//! One transactional producer. Its calls block: use it on a thread of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::ConsumerGroupMetadata,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::{
    client::{self, ClientLog},
    error::Error,
    guard::Guard,
    record::{OutRecord, Partition},
    settings::{Settings, TopicNames},
};

/// Longest wait for one call to the transaction coordinator.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Longest wait until a transaction that somebody left open has ended. The coordinator aborts it
/// after its limit (25 s), at the next round (10 s); a broker that was away has first to be let in
/// again.
pub(crate) const SETTLED_LIMIT: Duration = Duration::from_secs(60);

/// Longest life of a transaction, in milliseconds: after that the coordinator aborts it.
const TRANSACTION_LIMIT_MS: &str = "25000";

/// Length of one nap while acknowledgements are awaited. A poll of that length would spin: the
/// client counts it in whole milliseconds, and takes what is left for zero.
const DRAIN_SLICE: Duration = Duration::from_micros(50);

/// A producer whose records become visible all together or not at all.
///
/// After any error but a refused record it must be dropped: whether its transaction was
/// committed is then not known, and only a new producer with the same id can settle it.
pub struct TransactionalProducer {
    /// Before the client: it is to let go of it first.
    guard: Guard,
    inner: Arc<BaseProducer<ClientLog>>,
    names: TopicNames,
}

impl std::fmt::Debug for TransactionalProducer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionalProducer").finish_non_exhaustive()
    }
}

impl TransactionalProducer {
    /// Connects under a transactional id (qualified here): fences any other producer with that id
    /// and aborts what it left open.
    ///
    /// # Errors
    /// When the coordinator does not answer in time or refuses.
    pub fn new(settings: &Settings, transactional_id: &str) -> Result<Self, Error> {
        let doing = || format!("start transactions as {transactional_id}");
        let inner: BaseProducer<ClientLog> = client::watched(client::producer_config(settings))
            .set("transactional.id", settings.qualify(transactional_id))
            .set("transaction.timeout.ms", TRANSACTION_LIMIT_MS)
            // Nobody looks at a report: a record that failed fails the commit.
            .set("delivery.report.only.error", "true")
            .create_with_context(ClientLog::new(settings))
            .map_err(|error| Error::kafka(doing(), error))?;
        let inner = Arc::new(inner);
        let guard = Guard::set(Arc::clone(&inner), settings.lifeline.clone()).map_err(|error| {
            Error::kafka(doing(), KafkaError::ClientCreation(error.to_string()))
        })?;
        guard
            .watch(SETTLED_LIMIT, || inner.init_transactions(SETTLED_LIMIT))
            .map_err(|error| Error::kafka(doing(), error))?;
        Ok(Self { guard, inner, names: TopicNames::new(&settings.namespace) })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When one is open or the producer is fenced.
    pub fn begin(&self) -> Result<(), Error> {
        // After a fatal error the begin would hang: look first.
        if let Some((code, reason)) = self.inner.client().fatal_error() {
            tracing::error!(%reason, "transactional producer is fenced or broken");
            return Err(Error::kafka("begin a transaction", KafkaError::MessageProduction(code)));
        }
        let begun = self.guard.watch(CALL_LIMIT, || self.inner.begin_transaction());
        begun.map_err(|error| Error::kafka("begin a transaction", error))
    }

    /// Adds a record to the transaction. Waits while the client's queue is full, so that records
    /// keep their order.
    ///
    /// # Errors
    /// When the client refuses it.
    pub fn produce(&self, record: OutRecord) -> Result<(), Error> {
        let topic = self.names.of(record.topic);
        let mut out = BaseRecord::to(&topic).headers(record.headers);
        out.key = record.key.as_deref();
        out.payload = record.payload.as_deref();
        out.partition = record.partition;
        let mut deadline = None;
        loop {
            let Err((error, refused)) = self.inner.send(out) else {
                return Ok(());
            };
            // Seldom: the clock is not asked for each record.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + CALL_LIMIT);
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !full || Instant::now() > deadline {
                return Err(Error::kafka(format!("produce to {topic}"), error));
            }
            self.inner.poll(Duration::from_millis(1));
            out = refused;
        }
    }

    /// Adds next offsets of what was consumed; with them travels the membership, by which the
    /// coordinator refuses an instance that has lost its partitions (KIP-447).
    ///
    /// # Errors
    /// When the membership is outdated or the coordinator is away.
    pub fn send_offsets(
        &self,
        next: &[(Partition, i64)],
        membership: &ConsumerGroupMetadata,
    ) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in next {
            let topic = self.names.of(partition.topic);
            list.add_partition_offset(&topic, partition.number, Offset::Offset(*offset))
                .map_err(|error| Error::kafka(format!("name {partition}"), error))?;
        }
        let sent = self.guard.watch(CALL_LIMIT, || {
            self.inner.send_offsets_to_transaction(&list, membership, CALL_LIMIT)
        });
        sent.map_err(|error| Error::kafka("send offsets to the transaction", error))
    }

    /// Serves what the brokers answered meanwhile.
    pub fn poll(&self) {
        self.inner.poll(Duration::ZERO);
    }

    /// Commits. First waits for the acknowledgements in short naps: the commit itself would wait
    /// in steps of 100 ms.
    ///
    /// # Errors
    /// Any error leaves it open whether the transaction was committed.
    pub fn commit(&self) -> Result<(), Error> {
        self.drain();
        let committed = self.guard.watch(CALL_LIMIT, || self.inner.commit_transaction(CALL_LIMIT));
        committed.map_err(|error| Error::kafka("commit a transaction", error))
    }

    /// Aborts: nothing of it becomes visible.
    ///
    /// # Errors
    /// When the coordinator is away; a new producer with the same id aborts it too.
    pub fn abort(&self) -> Result<(), Error> {
        self.drain();
        let aborted = self.guard.watch(CALL_LIMIT, || self.inner.abort_transaction(CALL_LIMIT));
        aborted.map_err(|error| Error::kafka("abort a transaction", error))
    }

    /// Waits for every acknowledgement. Commit and abort both need them, and neither fetches them
    /// by itself.
    fn drain(&self) {
        let deadline = Instant::now() + CALL_LIMIT;
        while self.inner.in_flight_count() > 0 && Instant::now() < deadline {
            // Failed records are reported, and count as under way until that is taken.
            self.inner.poll(Duration::ZERO);
            std::thread::sleep(DRAIN_SLICE);
        }
    }
}
