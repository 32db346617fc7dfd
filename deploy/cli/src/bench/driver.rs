//! The driver: appends commands so that a given number is outstanding, reads their outcomes under
//! `read_committed` from its reply partition, and times them from the call that appends to the
//! outcome read. One thread, beside the threads of its Kafka clients.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use event_log::{
    Registry, Settings,
    client::{self, ClientLog},
    restore::PartitionReader,
};
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedMessage, Message},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};
use schemas::Topic;

use crate::{
    bench::{
        arena::REPLY,
        clock::Clock,
        series::{Load, Series},
        stream::Commands,
    },
    commands::cluster,
    failure::Result,
};

/// Longest time without any outcome; the first one waits for the contender to start.
const STALL: Duration = Duration::from_secs(60);

/// Length of one wait for an outcome: how exactly a window ends when none comes.
const POLL: Duration = Duration::from_millis(5);

/// After so many outcomes without a pause the producer is tended.
const TEND: u32 = 64;

/// Keep commands outstanding and time them (started by `bench write`)
#[derive(Debug, Args)]
pub struct Options {
    #[arg(long)]
    brokers: String,
    #[arg(long)]
    registry: String,
    #[arg(long)]
    namespace: String,
    #[command(flatten)]
    series: Series,
}

/// Runs the series.
pub async fn run(options: Options) -> Result<()> {
    let Options { brokers, registry, namespace, series } = options;
    let settings = cluster::settings(&brokers, &registry, &namespace)?;
    let encoder = Registry::of(&settings).encoder(&settings.namespace).await;
    let commands = Commands::new(&encoder.map_err(cluster::failed)?, REPLY.number)?;
    let work = move || series.run(&mut Driver::new(&settings, commands)?);
    tokio::task::spawn_blocking(work).await.context("the driver ended in a panic")?
}

/// A closed loop: for each outcome that comes in a command goes out.
struct Driver {
    consumer: BaseConsumer<ClientLog>,
    outgoing: Outgoing,
}

/// Appends commands, and knows which ones have no outcome yet.
struct Outgoing {
    producer: BaseProducer<Deliveries>,
    lost: Arc<AtomicU64>,
    topic: String,
    commands: Commands,
    /// When each command was appended.
    sent: HashMap<u64, Instant>,
}

/// Counts deliveries that failed; others are not reported, their outcome tells.
#[derive(Default)]
struct Deliveries {
    log: ClientLog,
    lost: Arc<AtomicU64>,
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Driver {
    fn new(settings: &Settings, commands: Commands) -> anyhow::Result<Self> {
        let consumer: BaseConsumer<ClientLog> = client::consumer_config(settings)
            // Required to read at all; nothing is ever stored under it.
            .set("group.id", settings.qualify("bench-driver"))
            .create_with_context(ClientLog::default())
            .context("cannot create the reader of outcomes")?;
        let end = PartitionReader::new(settings)?.high_watermark(REPLY)?;
        let mut place = TopicPartitionList::new();
        let results = settings.qualify(REPLY.topic.name());
        place.add_partition_offset(&results, REPLY.number, Offset::Offset(end))?;
        consumer.assign(&place).context("cannot read the outcomes")?;
        Ok(Self { consumer, outgoing: Outgoing::new(settings, commands)? })
    }
}

impl Outgoing {
    fn new(settings: &Settings, commands: Commands) -> anyhow::Result<Self> {
        let context = Deliveries::default();
        let lost = Arc::clone(&context.lost);
        let producer = client::producer_config(settings)
            .set("delivery.report.only.error", "true")
            .create_with_context(context)
            .context("cannot create the producer of commands")?;
        let topic = settings.qualify(Topic::ORDER_COMMANDS.name());
        Ok(Self { producer, lost, topic, commands, sent: HashMap::new() })
    }

    fn append(&mut self) -> anyhow::Result<()> {
        let command = self.commands.next();
        let record = BaseRecord::to(&self.topic)
            .key(command.key.as_bytes())
            .payload(self.commands.payload())
            .headers(command.headers);
        self.sent.insert(command.number, Instant::now());
        // The client's queue holds more than is ever outstanding.
        let sent = self.producer.send(record).map_err(|(error, _)| error);
        sent.context("cannot append a command")
    }

    /// When the command of an outcome was appended; none when it is of an earlier run.
    fn answered(&mut self, outcome: &BorrowedMessage<'_>) -> anyhow::Result<Option<Instant>> {
        let Some(number) = self.commands.number(outcome.key().unwrap_or_default()) else {
            return Ok(None);
        };
        let sent = self.sent.remove(&number);
        ensure!(sent.is_some(), "command {number} was answered twice");
        Ok(sent)
    }

    /// What has to be done from time to time.
    fn tend(&self) -> anyhow::Result<()> {
        self.producer.poll(Duration::ZERO);
        let lost = self.lost.load(Ordering::Relaxed);
        ensure!(lost == 0, "{lost} commands could not be appended");
        if let Some((error, reason)) = self.producer.client().fatal_error() {
            bail!("the producer of commands is broken: {error}: {reason}");
        }
        Ok(())
    }
}

impl Load for Driver {
    fn apply(&mut self, outstanding: usize, clock: &mut Clock) -> anyhow::Result<()> {
        let Self { consumer, outgoing } = self;
        (0..outstanding).try_for_each(|_| outgoing.append())?;
        let mut progress = Instant::now();
        let mut turns = 0_u32;
        let mut goes_on = true;
        // After its window: until every command is answered.
        while !outgoing.sent.is_empty() {
            let outcome = consumer.poll(POLL).transpose().context("cannot read an outcome")?;
            let now = Instant::now();
            goes_on = goes_on && clock.goes_on(now);
            turns = turns.wrapping_add(1);
            if outcome.is_none() || turns.is_multiple_of(TEND) {
                outgoing.tend()?;
            }
            let sent = outcome.map(|outcome| outgoing.answered(&outcome)).transpose()?.flatten();
            match sent {
                Some(sent) => {
                    progress = now;
                    clock.note(sent, now);
                    if goes_on {
                        outgoing.append()?;
                    }
                }
                None => ensure!(
                    progress.elapsed() < STALL,
                    "no outcome for {} s, {} commands are outstanding",
                    STALL.as_secs(),
                    outgoing.sent.len()
                ),
            }
        }
        Ok(())
    }
}
