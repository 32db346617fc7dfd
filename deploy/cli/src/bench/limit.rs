//! The limit: a bare loop that polls commands and writes for each an event, a state and an outcome
//! of the same sizes as command-processor's, in one Kafka transaction with the consumed offsets.
//! No Avro, no rules, no state, no restart after errors: what is left is what Kafka's transactions
//! cost through this client. Written on the client alone, apart from our event log, so that it is a
//! yardstick for that; if a faster loop is found, it belongs here first.
//!
//! Measured reasons for its form:
//! - Two transactional producers take turns: the broker ends a transaction after its commit has
//!   returned, and the client pauses 20 ms when it meets one that is not ended.
//! - The offsets are sent while the records are in flight.
//! - A batch waits for the rest of a burst, at the same [`Pace`] as command-processor.
//! - Acknowledgements are awaited before the commit, which would wait for them in steps of 100 ms;
//!   and asleep: the client's own wait of less than 1 ms is a busy loop, which takes a core from
//!   the broker (two thirds of the loop's CPU time at a small load).
//! - Only failed deliveries are reported. The client then frees records itself, and has no reports
//!   to queue.
//! - The allocator is jemalloc, as in all our binaries.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::Args;
use event_log::pace::Pace;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata},
    message::{BorrowedHeaders, BorrowedMessage, Headers, Message},
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::{
    bench::{arena::REPLY, sizes::Sizes},
    failure::{Failure, Result},
    stack::signals::Signals,
};

/// Longest wait for a call to the brokers.
const LIMIT: Duration = Duration::from_secs(20);

/// Length of an idle poll: how soon a signal is noticed.
const IDLE: Duration = Duration::from_millis(100);

/// How often is looked whether all is acknowledged.
const LOOK: Duration = Duration::from_micros(50);

/// Most commands in a transaction.
const BATCH: usize = 10_000;

/// The header whose value is the key of an outcome.
const COMMAND_ID: &str = "ce_id";

/// Answer commands by a bare loop (started by `bench write`)
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[arg(long)]
    brokers: String,
    /// Topic with the commands
    #[arg(long)]
    commands: String,
    #[arg(long)]
    events: String,
    #[arg(long)]
    states: String,
    #[arg(long)]
    outcomes: String,
    /// Consumer group, and stem of the transactional ids
    #[arg(long)]
    group: String,
    #[command(flatten)]
    sizes: Sizes,
}

/// Answers commands until a signal.
pub async fn run(options: Options) -> Result<()> {
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let mut work = tokio::task::spawn_blocking(move || Loop::new(options)?.run(&asked));
    tokio::select! {
        ended = &mut work => return Ok(ended.context("the loop ended in a panic")??),
        () = signals.next() => stop.store(true, Ordering::Relaxed),
    }
    Ok(work.await.context("the loop ended in a panic")??)
}

struct Loop {
    consumer: BaseConsumer,
    producers: [BaseProducer; 2],
    /// What the payloads are cut from.
    filling: Vec<u8>,
    options: Options,
}

impl Loop {
    fn new(options: Options) -> anyhow::Result<Self> {
        let producer = |turn: &str| -> anyhow::Result<BaseProducer> {
            let producer: BaseProducer = config(&options.brokers)
                .set("transactional.id", format!("{}.{turn}", options.group))
                .set("acks", "all")
                .set("linger.ms", "0")
                .set("delivery.report.only.error", "true")
                .create()
                .context("cannot create a producer")?;
            producer.init_transactions(LIMIT).context("cannot start transactions")?;
            Ok(producer)
        };
        let producers = [producer("a")?, producer("b")?];
        let consumer: BaseConsumer = config(&options.brokers)
            .set("group.id", &options.group)
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.queue.backoff.ms", "5")
            .create()
            .context("cannot create the consumer")?;
        consumer.subscribe(&[&options.commands]).context("cannot join the group")?;
        let filling = vec![0; options.sizes.largest()];
        Ok(Self { consumer, producers, filling, options })
    }

    fn run(&self, stop: &AtomicBool) -> anyhow::Result<()> {
        let [a, b] = &self.producers;
        let mut pace = Pace::default();
        for producer in [a, b].into_iter().cycle() {
            while !self.transact(producer, &mut pace)? {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One transaction with what is there; false when nothing is.
    fn transact(&self, producer: &BaseProducer, pace: &mut Pace) -> anyhow::Result<bool> {
        let Some(first) = self.poll(IDLE)? else { return Ok(false) };
        let begun = Instant::now();
        let membership = self.consumer.group_metadata().context("not a member of the group")?;
        producer.begin_transaction().context("cannot begin")?;
        let mut next = BTreeMap::new();
        let (mut command, mut count) = (Some(first), 0);
        while let Some(record) = command {
            self.answer(producer, &record)?;
            next.insert(record.partition(), record.offset() + 1);
            count += 1;
            command = match count {
                BATCH => None,
                _ => self.next(|| pace.awaits(count, begun))?,
            };
        }
        self.send_offsets(producer, &next, &membership)?;
        let deadline = Instant::now() + LIMIT;
        while producer.in_flight_count() > 0 {
            // Takes reports of failures, after which the commit fails.
            producer.poll(Duration::ZERO);
            std::thread::sleep(LOOK);
            ensure!(Instant::now() < deadline, "the brokers do not acknowledge");
        }
        producer.commit_transaction(LIMIT).context("cannot commit")?;
        pace.note(count, begun.elapsed());
        Ok(true)
    }

    /// The next command that is there, or that comes while it is awaited.
    fn next(&self, is_awaited: impl Fn() -> bool) -> anyhow::Result<Option<BorrowedMessage<'_>>> {
        loop {
            let command = self.poll(Duration::ZERO)?;
            if command.is_some() || !is_awaited() {
                return Ok(command);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn poll(&self, limit: Duration) -> anyhow::Result<Option<BorrowedMessage<'_>>> {
        self.consumer.poll(limit).transpose().context("cannot read commands")
    }

    fn answer(&self, producer: &BaseProducer, command: &BorrowedMessage<'_>) -> anyhow::Result<()> {
        let headers = command.headers().context("a command has no headers")?;
        let key = command.key().unwrap_or_default();
        let id = value_of(headers, COMMAND_ID).context("a command has no id")?;
        let Options { events, states, outcomes, sizes, .. } = &self.options;
        let owner = Some(command.partition());
        let Sizes { event, state, outcome, .. } = *sizes;
        self.produce(producer, (events, owner), (key, event), Some(headers))?;
        self.produce(producer, (states, owner), (key, state), None)?;
        self.produce(producer, (outcomes, Some(REPLY.number)), (id, outcome), Some(headers))
    }

    /// Produces a record of some size: key, headers, and filling.
    fn produce(
        &self,
        producer: &BaseProducer,
        (topic, partition): (&str, Option<i32>),
        (key, size): (&[u8], usize),
        headers: Option<&BorrowedHeaders>,
    ) -> anyhow::Result<()> {
        let taken = key.len() + headers.map_or(0, size_of);
        let filling = self.filling.get(..size.saturating_sub(taken)).unwrap_or_default();
        let mut record = BaseRecord::to(topic).key(key).payload(filling);
        record.headers = headers.map(BorrowedHeaders::detach);
        record.partition = partition;
        // The queue holds three records for each command of the largest batch.
        let sent = producer.send(record).map_err(|(error, _)| error);
        sent.with_context(|| format!("cannot produce to {topic}"))
    }

    fn send_offsets(
        &self,
        producer: &BaseProducer,
        next: &BTreeMap<i32, i64>,
        membership: &ConsumerGroupMetadata,
    ) -> anyhow::Result<()> {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            let offset = Offset::Offset(*offset);
            offsets.add_partition_offset(&self.options.commands, *partition, offset)?;
        }
        let sent = producer.send_offsets_to_transaction(&offsets, membership, LIMIT);
        sent.context("cannot send the offsets")
    }
}

fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

fn value_of<'h>(headers: &'h BorrowedHeaders, name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|header| header.key == name).and_then(|header| header.value)
}

/// Bytes of names and values.
fn size_of(headers: &BorrowedHeaders) -> usize {
    headers.iter().map(|header| header.key.len() + header.value.map_or(0, <[u8]>::len)).sum()
}
