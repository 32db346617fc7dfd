//! Configuration and logging shared by every Kafka client.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    producer::{DeliveryResult, ProducerContext},
};

pub use rdkafka::admin::AdminOptions;
use service::badge::Badge;

use crate::{
    backoff::Backoff,
    contact::{Contact, STATISTICS_INTERVAL_MS},
    settings::Settings,
};

/// Most KiB of records that a producer queues.
pub const QUEUE_KBYTES: u32 = 65_536;

/// Settings of every client.
#[must_use]
pub fn config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", settings.instance.as_deref().unwrap_or("oneway"))
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "2000")
        .set("socket.keepalive.enable", "true")
        .set("allow.auto.create.topics", "false");
    settings.security.apply(&mut config);
    config
}

/// Settings of every producer: every replica acknowledges, no record is lost, doubled or
/// reordered by a retry, and keys land where Java producers put them.
#[must_use]
pub fn producer_config(settings: &Settings) -> ClientConfig {
    let mut config = config(settings);
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        // How much is too much is for the brokers to say, topic by topic.
        .set("message.max.bytes", "10485760")
        .set("linger.ms", "0")
        .set("queue.buffering.max.kbytes", QUEUE_KBYTES.to_string())
        .set("queue.buffering.max.messages", "100000");
    config
}

/// Settings of every consumer: only what was committed, fetched as soon as it is there, with a
/// bounded buffer. Offsets are the caller's business.
#[must_use]
pub fn consumer_config(settings: &Settings) -> ClientConfig {
    let mut config = config(settings);
    config
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "16384")
        .set("queued.min.messages", "20000");
    config
}

/// Has the client tell its statistics, by which it is found out when it has lost the cluster. Only
/// for clients that are polled all their life: what nobody takes piles up.
#[must_use]
pub fn watched(mut config: ClientConfig) -> ClientConfig {
    config.set("statistics.interval.ms", STATISTICS_INTERVAL_MS);
    config
}

/// Lines of one facility that are logged per [`LOG_WINDOW`]; the rest is counted.
const LOG_LINES: u32 = 5;
const LOG_WINDOW: Duration = Duration::from_secs(30);

/// Routes a client's own log to `tracing`, rate-limited: with a broker away it would flood. Keeps
/// an eye on its contact with the cluster.
#[derive(Debug)]
pub struct ClientLog {
    contact: Contact,
    /// Of the role whose client it is: the client logs on threads of its own.
    badge: Badge,
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    lines: u32,
}

impl Default for ClientLog {
    /// Of a client that nothing hangs on.
    fn default() -> Self {
        Self::of(Contact::default())
    }
}

impl ClientLog {
    /// Of a client with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self::of(Contact::new(settings.lifeline.clone()))
    }

    fn of(contact: Contact) -> Self {
        Self { contact, badge: Badge::of_this_thread(), windows: Mutex::default() }
    }

    /// The client's contact with the cluster.
    #[must_use]
    pub const fn contact(&self) -> &Contact {
        &self.contact
    }

    /// Whether a line of this facility may be logged now, and how many were left out before it.
    fn admit(&self, facility: &str) -> Option<u32> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let window =
            windows.entry(facility.to_owned()).or_insert_with(|| Window { since: now, lines: 0 });
        let mut left_out = 0;
        if now.duration_since(window.since) > LOG_WINDOW {
            left_out = window.lines.saturating_sub(LOG_LINES);
            *window = Window { since: now, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        (window.lines <= LOG_LINES).then_some(left_out)
    }

    /// Puts a line of the client's into our log.
    fn say(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
        if matches!(level, Debug) {
            tracing::debug!(target: "librdkafka", facility, "{message}");
            return;
        }
        let Some(left_out) = self.admit(facility) else {
            return;
        };
        match level {
            Emerg | Alert | Critical | Error => {
                tracing::error!(target: "librdkafka", facility, left_out, "{message}");
            }
            Warning => {
                tracing::warn!(target: "librdkafka", facility, left_out, "{message}");
            }
            Notice | Info | Debug => {
                tracing::info!(target: "librdkafka", facility, left_out, "{message}");
            }
        }
    }
}

impl ClientContext for ClientLog {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.badge.within(|| self.say(level, facility, message));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is no error, though it comes the same way.
        use KafkaError::{Global, PartitionEOF};
        if matches!(error, PartitionEOF(_) | Global(RDKafkaErrorCode::PartitionEOF)) {
            return;
        }
        let Some(left_out) = self.admit("error") else {
            return;
        };
        tracing::warn!(target: "librdkafka", left_out, "{error}: {reason}");
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.contact.tell(statistics);
    }
}

impl ConsumerContext for ClientLog {}

/// Deliveries inside a transaction need no report: the commit fails when one failed.
impl ProducerContext for ClientLog {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

/// A client for administration.
///
/// # Errors
/// When the configuration is refused.
pub fn admin(settings: &Settings) -> Result<rdkafka::admin::AdminClient<ClientLog>, crate::Error> {
    let client = config(settings).create_with_context(ClientLog::new(settings));
    client.map_err(|error| crate::Error::kafka("create an admin client", error))
}

/// Offset of the oldest record that a partition keeps, and the one past its newest.
///
/// A partition that is new or has moved is known before its broker takes up its lead; what the
/// broker says then passes by itself. For this question the client leaves asking again to us.
///
/// # Errors
/// When the broker does not answer in time, or does not lead the partition by then.
pub fn watermarks(
    consumer: &BaseConsumer<ClientLog>,
    topic: &str,
    number: i32,
    limit: Duration,
) -> KafkaResult<(i64, i64)> {
    let (started, mut backoff) = (Instant::now(), Backoff::new(FIRST_WAIT, LONGEST_WAIT));
    let mut left = limit;
    loop {
        let asked = consumer.fetch_watermarks(topic, number, left);
        let wait = backoff.next_wait();
        left = limit.saturating_sub(started.elapsed() + wait);
        match asked {
            Err(error) if is_between_leaders(&error) && !left.is_zero() => std::thread::sleep(wait),
            answer => return answer,
        }
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

fn is_between_leaders(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        FencedLeaderEpoch, LeaderNotAvailable, NotLeaderForPartition, UnknownLeaderEpoch,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(FencedLeaderEpoch | LeaderNotAvailable | NotLeaderForPartition | UnknownLeaderEpoch)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut() {
        let log = ClientLog::default();
        let admitted = (0..100).filter(|_| log.admit("FAIL").is_some()).count();
        assert_eq!(admitted, 5);
        assert!(log.admit("OTHER").is_some());
    }
}
