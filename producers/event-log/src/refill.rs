//! Writes records into empty partitions at the very offsets that they had before: those are named in
//! events (the cut of a campaign, the offset of a command), in tokens, and in the offsets that read
//! models keep. Nobody else may write there meanwhile.
//!
//! Between records there were markers of transactions and what was aborted. In their places come
//! fillers, written by a second producer in a transaction that is aborted in the end, so that nobody
//! is shown them who reads what is committed. The two take turns: each waits until all that it has
//! written is acknowledged. A transaction that is ended takes an offset for its marker, in each
//! partition that it has written to; it is ended where such an offset is to be filled.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext, Message, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Header, Headers, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};

use crate::{
    client::{self, AdminOptions, ClientLog},
    error::Error,
    record::Partition,
    restore::PartitionReader,
    settings::{Settings, TopicNames},
    transaction::SETTLED_LIMIT,
};

/// Longest wait for one call to the transaction coordinator.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Longest life of a transaction of fillers, in milliseconds: far more than it is given.
const TRANSACTION_LIMIT_MS: &str = "600000";

/// After so long a transaction of fillers is ended when it can be.
const TRANSACTION: Duration = Duration::from_secs(20);

/// Length of one nap while acknowledgements are awaited.
const NAP: Duration = Duration::from_micros(50);

/// The cursor of every relay of a log that was restored: beyond all that an outbox has numbered, so
/// that none goes on by it before somebody has decided what its consumer knows.
pub const RESTORED: i64 = i64::MAX - 1;

/// What stands where no record was. It is never committed.
const FILLER: &[u8] = b"filler";

/// A record as it is kept, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it is in its partition.
    pub offset: i64,
    /// In milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its payload.
    pub payload: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Option<Vec<KeptHeader>>,
}

/// Name and value of a header.
pub type KeptHeader = (String, Option<Vec<u8>>);

impl Kept {
    /// A copy of a record that was read.
    #[must_use]
    pub fn of(record: &BorrowedMessage<'_>) -> Self {
        Self {
            offset: record.offset(),
            timestamp: record.timestamp().to_millis().unwrap_or_default(),
            key: record.key().map(<[u8]>::to_vec),
            payload: record.payload().map(<[u8]>::to_vec),
            headers: record.headers().map(|headers| {
                let kept = |header: Header<'_, &[u8]>| {
                    (header.key.to_owned(), header.value.map(<[u8]>::to_vec))
                };
                headers.iter().map(kept).collect()
            }),
        }
    }

    fn owned_headers(&self) -> Option<OwnedHeaders> {
        let headers = self.headers.as_ref()?;
        let all = OwnedHeaders::new_with_capacity(headers.len());
        let add = |all: OwnedHeaders, (key, value): &KeptHeader| {
            all.insert(Header { key, value: value.as_ref() })
        };
        Some(headers.iter().fold(all, add))
    }
}

/// A partition that is being filled.
#[derive(Debug)]
pub struct Filling<I> {
    partition: Partition,
    records: I,
    next: Option<Kept>,
    /// The offset that is to be written next.
    at: i64,
    /// Everything below is to be there.
    end: i64,
    /// Time of the record before: fillers have the same, so that a search by time still works.
    time: i64,
    /// Whether the open transaction has written to it.
    is_held: bool,
}

impl<I, E> Filling<I>
where
    I: Iterator<Item = Result<Kept, E>>,
{
    /// Takes the records of a partition, which come in the order of their offsets, all below `end`.
    ///
    /// # Errors
    /// When the first of them cannot be had.
    pub fn new(partition: Partition, end: i64, mut records: I) -> Result<Self, E> {
        let next = records.next().transpose()?;
        let time = next.as_ref().map_or(0, |record| record.timestamp);
        Ok(Self { partition, records, next, at: 0, end, time, is_held: false })
    }

    /// The next record, if its place is the next one.
    fn due(&mut self) -> Result<Option<Kept>, E> {
        if self.gap() > 0 {
            return Ok(None);
        }
        let Some(record) = self.next.take() else { return Ok(None) };
        self.next = self.records.next().transpose()?;
        self.at += 1;
        self.time = record.timestamp;
        Ok(Some(record))
    }
}

impl<I> Filling<I> {
    /// How many offsets there are before the next record.
    fn gap(&self) -> i64 {
        let until = self.next.as_ref().map_or(self.end, |record| record.offset);
        (until - self.at).max(0)
    }

    fn is_done(&self) -> bool {
        self.next.is_none() && self.at >= self.end
    }
}

/// Writes topic by topic.
pub struct Refill {
    records: BaseProducer<Deliveries>,
    fillers: BaseProducer<Deliveries>,
    log: PartitionReader,
    names: TopicNames,
    /// Since when a transaction of fillers is open.
    open: Option<Instant>,
}

impl std::fmt::Debug for Refill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refill").finish_non_exhaustive()
    }
}

impl Refill {
    /// Connects. What another one of this installation has left open is aborted.
    ///
    /// # Errors
    /// When the configuration is refused, or no coordinator answers.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let failed = |error| Error::kafka("start producers for a restore", error);
        let of = |config: rdkafka::ClientConfig| {
            config.create_with_context(Deliveries::new(settings)).map_err(failed)
        };
        let records = of(client::producer_config(settings))?;
        let mut config = client::producer_config(settings);
        config
            .set("transactional.id", settings.qualify("backup-restore"))
            .set("transaction.timeout.ms", TRANSACTION_LIMIT_MS);
        let fillers: BaseProducer<Deliveries> = of(config)?;
        fillers.init_transactions(SETTLED_LIMIT).map_err(failed)?;
        let (log, names) = (PartitionReader::new(settings)?, TopicNames::new(&settings.namespace));
        Ok(Self { records, fillers, log, names, open: None })
    }

    /// Fills partitions of one topic, all to their ends; tells how many more records are written.
    ///
    /// # Errors
    /// When something is written elsewhere than it was: then nothing of it is to be used.
    pub fn fill<I, E>(
        &mut self,
        fillings: &mut [Filling<I>],
        mut written: impl FnMut(u64),
    ) -> Result<(), E>
    where
        I: Iterator<Item = Result<Kept, E>>,
        E: From<Error>,
    {
        loop {
            let mut count = 0;
            for filling in &mut *fillings {
                while let Some(record) = filling.due()? {
                    self.write(filling.partition, &record)?;
                    count += 1;
                }
            }
            drain(&self.records)?;
            written(count);
            if fillings.iter().all(Filling::is_done) {
                break;
            }
            let ends = self.open.is_some_and(|since| since.elapsed() > TRANSACTION);
            for filling in &mut *fillings {
                self.fill_gap(filling, ends)?;
            }
            drain(&self.fillers)?;
            if ends {
                self.end_transaction(fillings)?;
            }
        }
        Ok(self.end_transaction(fillings)?)
    }

    fn write(&self, partition: Partition, record: &Kept) -> Result<(), Error> {
        let topic = self.names.of(partition.topic);
        let mut out = BaseRecord::with_opaque_to(&topic, opaque(record.offset));
        out.partition = Some(partition.number);
        out.timestamp = Some(record.timestamp);
        out.key = record.key.as_deref();
        out.payload = record.payload.as_deref();
        out.headers = record.owned_headers();
        send(&self.records, out)
    }

    /// Fills up to the next record; when the transaction is about to end, its marker is the last.
    /// Where there is room for a marker alone, one comes only if the transaction has written there:
    /// else it is for the next one.
    fn fill_gap<I>(&mut self, filling: &mut Filling<I>, ends: bool) -> Result<(), Error> {
        let count = filling.gap() - i64::from(ends);
        if count <= 0 {
            return Ok(());
        }
        if self.open.is_none() {
            let begun = self.fillers.begin_transaction();
            begun.map_err(|error| Error::kafka("begin a transaction of fillers", error))?;
            self.open = Some(Instant::now());
        }
        let topic = self.names.of(filling.partition.topic);
        for _ in 0..count {
            let mut out: BaseRecord<'_, [u8], [u8], usize> =
                BaseRecord::with_opaque_to(&topic, opaque(filling.at));
            out.partition = Some(filling.partition.number);
            out.timestamp = Some(filling.time);
            out.payload = Some(FILLER);
            send(&self.fillers, out)?;
            filling.at += 1;
        }
        filling.is_held = true;
        Ok(())
    }

    /// Aborts the open transaction, and waits until its markers are where they belong. At the end
    /// of a partition one more offset may be used.
    fn end_transaction<I>(&mut self, fillings: &mut [Filling<I>]) -> Result<(), Error> {
        if self.open.take().is_none() {
            return Ok(());
        }
        let aborted = self.fillers.abort_transaction(CALL_LIMIT);
        aborted.map_err(|error| Error::kafka("abort the transaction of fillers", error))?;
        for filling in fillings.iter_mut().filter(|filling| filling.is_held) {
            filling.is_held = false;
            filling.at += 1;
            self.reach(filling.partition, filling.at)?;
        }
        Ok(())
    }

    fn reach(&self, partition: Partition, end: i64) -> Result<(), Error> {
        let deadline = Instant::now() + SETTLED_LIMIT;
        loop {
            let at = self.log.high_watermark(partition)?;
            if at == end {
                return Ok(());
            }
            if at > end {
                let (topic, expected) = (partition.topic.name().to_owned(), end);
                let partition = partition.number;
                return Err(Error::Displaced { topic, partition, expected, actual: at });
            }
            if Instant::now() > deadline {
                let seconds = SETTLED_LIMIT.as_secs();
                return Err(Error::Stalled { partition, at, end, seconds });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Deletes what is before some offsets: what retention had deleted already where it came from.
///
/// # Errors
/// When the brokers refuse.
pub async fn delete_before(settings: &Settings, starts: &[(Partition, i64)]) -> Result<(), Error> {
    let failed = |error| Error::kafka("delete what was deleted before", error);
    let mut list = TopicPartitionList::new();
    for (partition, offset) in starts {
        let topic = settings.qualify(partition.topic.name());
        let offset = Offset::Offset(*offset);
        list.add_partition_offset(&topic, partition.number, offset).map_err(failed)?;
    }
    let options = AdminOptions::new().operation_timeout(Some(CALL_LIMIT));
    let deleted = client::admin(settings)?.delete_records(&list, &options).await.map_err(failed)?;
    deleted.elements().iter().try_for_each(|element| element.error()).map_err(failed)
}

fn opaque(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn send(
    producer: &BaseProducer<Deliveries>,
    mut out: BaseRecord<'_, [u8], [u8], usize>,
) -> Result<(), Error> {
    loop {
        let Err((error, refused)) = producer.send(out) else { return Ok(()) };
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
            return Err(Error::kafka("write a record to its place", error));
        }
        producer.poll(Duration::from_millis(1));
        out = refused;
    }
}

/// Waits until all that was written is acknowledged, each at its place. A record that is not
/// acknowledged in time is told as failed by the client.
fn drain(producer: &BaseProducer<Deliveries>) -> Result<(), Error> {
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::ZERO);
        std::thread::sleep(NAP);
    }
    let fault = &producer.client().context().fault;
    fault.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
}

/// Looks where each record came to.
struct Deliveries {
    log: ClientLog,
    fault: Mutex<Option<Error>>,
}

impl Deliveries {
    fn new(settings: &Settings) -> Self {
        Self { log: ClientLog::new(settings), fault: Mutex::default() }
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, offset: usize) {
        let fault = match result {
            // The broker does not tell where a record is that it had already.
            Ok(record) if record.offset() < 0 || opaque(record.offset()) == offset => return,
            Ok(record) => Error::Displaced {
                topic: record.topic().to_owned(),
                partition: record.partition(),
                expected: i64::try_from(offset).unwrap_or(i64::MAX),
                actual: record.offset(),
            },
            Err((error, record)) => {
                let place = (record.topic(), record.partition());
                Error::kafka(
                    format!("write to offset {offset} of {}/{}", place.0, place.1),
                    error.clone(),
                )
            }
        };
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }
}
