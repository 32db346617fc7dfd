//! The read path under fault: its consumers must catch up by themselves, with rows that are what
//! the log says, within their memory.

use std::{collections::BTreeMap, fmt, time::Duration};

use anyhow::Context;
use consumer_runtime::Server;
use event_log::Settings;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::Client;

use super::{
    database::session,
    fold::{A_FROM, B_FROM, World},
    lives::Lives,
    offsets,
    rows::Rows,
    stage::CONSUMERS,
};
use crate::{
    commands::cluster,
    failure::{Failure, Result},
    generations::server,
    stack::{catalog::Instance, plan::Scale, readiness},
};

/// How long after the last fault every consumer has caught up and is ready. What waited for
/// something may wait half a minute more; a group notices a dead member after ten seconds.
const LIMIT: Duration = Duration::from_mins(2);

/// How often is looked.
const LOOK: Duration = Duration::from_millis(200);

/// Longest wait for an answer of Postgres.
const ANSWER: Duration = Duration::from_secs(30);

/// The most memory of a consumer.
const MEMORY_LIMIT: u64 = 96 * 1_024 * 1_024;

/// Most differing rows that are named.
const MOST_NAMED: usize = 20;

/// What came of the read path.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadPath {
    /// How long after the end of the last fault nothing was behind any more, in seconds; absent
    /// when something still was at the limit.
    pub lag_zero_after_seconds: Option<f64>,
    /// The same of every consumer's readiness.
    pub ready_after_seconds: Option<f64>,
    /// Rows that were compared with the log, by table.
    pub rows: BTreeMap<&'static str, usize>,
    /// Rows that are not what the log says.
    pub differing_rows: usize,
    /// The most memory of any process of each consumer, in MiB.
    pub peak_rss_mib: BTreeMap<String, f64>,
    /// What must not be.
    pub violations: Vec<String>,
}

impl fmt::Display for ReadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |time: Option<f64>| {
            time.map_or_else(|| "never".to_owned(), |time| format!("{time:.1} s"))
        };
        let rows: usize = self.rows.values().sum();
        let peaks = self.peak_rss_mib.iter();
        let peaks: Vec<_> = peaks.map(|(name, mib)| format!("{name} {mib:.0} MiB")).collect();
        writeln!(
            f,
            "after the last fault: no lag in {}, all consumers ready in {}; {} of {rows} rows \
             differ from the log; most memory: {}",
            after(self.lag_zero_after_seconds),
            after(self.ready_after_seconds),
            self.differing_rows,
            peaks.join(", ")
        )?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "VIOLATION: {violation}"))
    }
}

/// How many of each consumer there are.
pub fn scale() -> Scale {
    let counts = [3, 1, 2];
    CONSUMERS.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), count)).collect()
}

/// What the consumers are told: a rule by which the customers of a run get to all classes; and of
/// one consumer that each process is two members of its group.
pub fn environment() -> Vec<(String, String)> {
    let euros = |cents: i64| (cents / 100).to_string();
    [("A_THRESHOLD", euros(A_FROM)), ("B_THRESHOLD", euros(B_FROM)), ("WINDOW", "all".to_owned())]
        .into_iter()
        .map(|(name, value)| (format!("CUSTOMER_CLASSIFIER_{name}"), value))
        .chain([("ORDERS_WORKERS".to_owned(), "2".to_owned())])
        .collect()
}

/// Looks at the read path of one run.
#[derive(Debug)]
pub struct Observer {
    database: Server,
    consumers: Vec<Instance>,
}

impl Observer {
    /// Of these instances with their database; from now on offsets are watched.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn begin(database_url: &str, instances: &[Instance]) -> Result<Self> {
        let database = server(database_url)?;
        let client = session(&database).await.context("cannot connect to Postgres")?;
        offsets::watch(&client).await.context("cannot watch the offsets")?;
        let consumers =
            instances.iter().filter(|i| CONSUMERS.contains(&i.service.name.as_str())).cloned();
        Ok(Self { database, consumers: consumers.collect() })
    }

    /// Service and name of each consumer's process.
    pub fn processes(&self) -> Vec<(String, String)> {
        self.consumers.iter().map(|i| (i.service.name.clone(), i.name())).collect()
    }

    /// Waits until everything is caught up, and compares it with the log, in which nothing moves
    /// any more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn judge(&self, log: &Settings, healed: Instant, lives: &Lives) -> Result<ReadPath> {
        let mut world = read(log, World::read).await?;
        let lag = self.until_caught_up(&world, healed).await;
        let ready = self.until_ready(healed).await?;
        let log = log.clone();
        let world = read(&log, move |log, runtime| {
            world.read_classes(log, runtime)?;
            Ok(world)
        });
        let world = world.await?;
        let mut violations = world.violations.clone();
        let (lag_zero_after_seconds, ready_after_seconds) =
            (noted(lag, &mut violations), noted(ready, &mut violations));
        // What was published is read back, too.
        noted(self.until_caught_up(&world, Instant::now()).await, &mut violations);
        let (rows, moved) = self.rows().await?;
        violations.extend(moved);
        violations.extend(named(world.wrong_classes()));
        let differences = rows.compare(&world.rows());
        let differing_rows = differences.len();
        violations.extend(named(differences));
        let (peaks, ends) = lives.seen();
        violations.extend(ends);
        violations.extend(too_large(&peaks));
        Ok(ReadPath {
            lag_zero_after_seconds,
            ready_after_seconds,
            rows: rows.counts(),
            differing_rows,
            peak_rss_mib: peaks.into_iter().map(|(name, bytes)| (name, mib(bytes))).collect(),
            violations,
        })
    }

    async fn until_caught_up(&self, world: &World, since: Instant) -> Waited {
        until_nothing(since, async || {
            let looked = async {
                let client = session(&self.database).await?;
                offsets::behind(&client, &world.ends).await
            };
            match timeout(ANSWER, looked).await {
                Ok(Ok(behind)) => behind,
                Ok(Err(error)) => vec![format!("Postgres does not answer: {error}")],
                Err(_) => vec!["Postgres does not answer".to_owned()],
            }
        })
        .await
    }

    async fn until_ready(&self, since: Instant) -> Result<Waited> {
        let http = readiness::http()?;
        let waited = until_nothing(since, async || {
            let mut missing = Vec::new();
            for consumer in &self.consumers {
                let url = format!("{}/health/ready", consumer.admin_url());
                let answer = http.get(&url).send().await;
                if !answer.is_ok_and(|answer| answer.status().is_success()) {
                    let said = readiness::said(&http, &url).await;
                    missing.push(format!("{} is not ready: {said}", consumer.name()));
                }
            }
            missing
        });
        Ok(waited.await)
    }

    /// The rows, and which offsets moved back.
    async fn rows(&self) -> Result<(Rows, Vec<String>)> {
        let read = async {
            let client: Client = session(&self.database).await?;
            Ok::<_, tokio_postgres::Error>((
                Rows::read(&client).await?,
                offsets::moved_back(&client).await?,
            ))
        };
        let read = timeout(ANSWER, read).await;
        let read = read.map_err(|_| Failure::unavailable("Postgres does not answer"))?;
        Ok(read.context("cannot read the read models")?)
    }
}

/// When nothing was missing any more, or what still was at the limit.
type Waited = Result<Duration, Vec<String>>;

/// Waits until nothing is missing.
async fn until_nothing(since: Instant, look: impl AsyncFn() -> Vec<String>) -> Waited {
    let deadline = Instant::now() + LIMIT;
    loop {
        let missing = look().await;
        if missing.is_empty() {
            return Ok(since.elapsed());
        }
        if Instant::now() >= deadline {
            return Err(missing);
        }
        sleep(LOOK).await;
    }
}

fn noted(waited: Waited, violations: &mut Vec<String>) -> Option<f64> {
    match waited {
        Ok(time) => Some(time.as_secs_f64()),
        Err(missing) => {
            let limit = LIMIT.as_secs();
            violations.extend(missing.iter().map(|what| format!("{what}, after {limit} s")));
            None
        }
    }
}

/// The first of some findings, and how many more there are.
fn named(mut findings: Vec<String>) -> Vec<String> {
    let left_out = findings.len().saturating_sub(MOST_NAMED);
    findings.truncate(MOST_NAMED);
    if left_out > 0 {
        findings.push(format!("and {left_out} more like these"));
    }
    findings
}

fn too_large(peaks: &BTreeMap<String, u64>) -> Vec<String> {
    let large = peaks.iter().filter(|(_, bytes)| **bytes > MEMORY_LIMIT);
    large
        .map(|(name, bytes)| {
            format!("{name} took {:.0} MiB of {:.0}", mib(*bytes), mib(MEMORY_LIMIT))
        })
        .collect()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1_024.0 * 1_024.0)
}

/// Reads the log on a thread of its own.
async fn read<T: Send + 'static>(
    log: &Settings,
    work: impl FnOnce(&Settings, &Handle) -> Result<T, event_log::Error> + Send + 'static,
) -> Result<T> {
    let (log, runtime) = (log.clone(), Handle::current());
    let reading = tokio::task::spawn_blocking(move || work(&log, &runtime));
    let read = reading.await.map_err(|panic| Failure::Internal(panic.into()))?;
    read.map_err(cluster::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_findings_are_named() {
        assert_eq!(named(vec!["a".to_owned()]), ["a"]);
        let named = named(vec!["a".to_owned(); MOST_NAMED + 2]);
        assert_eq!(named.len(), MOST_NAMED + 1);
        assert_eq!(named.last().map(String::as_str), Some("and 2 more like these"));
    }

    #[test]
    fn memory_has_a_limit() {
        let peaks = BTreeMap::from([("a".to_owned(), MEMORY_LIMIT), ("b".to_owned(), u64::MAX)]);
        assert_eq!(too_large(&peaks).len(), 1);
    }
}
