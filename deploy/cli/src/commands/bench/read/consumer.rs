//! The consumer, from an empty schema until it has applied every event.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use consumer_runtime::{
    Server,
    run::schema_of,
    tokio_postgres::{Client, error::SqlState},
};
use tokio::time::{interval, timeout};

use super::{CONSUMER, database, figures::Rate};
use crate::{
    bench::cpu,
    chaos::stage::Starter,
    failure::{Failure, Result},
    stack::{catalog::Instance, memory, run::Running},
};

/// Longest time to apply everything.
const LIMIT: Duration = Duration::from_mins(15);

/// How often is looked how far it is.
const LOOK: Duration = Duration::from_millis(20);

/// How many processes there are, and of how many members of the group each consists.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub instances: usize,
    pub workers: usize,
}

/// Starts and measures instances of the consumer.
pub struct Consumers<'a> {
    pub running: &'a mut Running,
    pub starter: &'a Starter,
    pub instances: &'a [Instance],
    pub database: &'a Server,
    pub events: usize,
    /// Sum of the offsets that come next in all partitions, once everything is applied.
    pub end: i64,
}

impl Consumers<'_> {
    /// Lets instances fill an empty schema. They are left running.
    pub async fn fill(&mut self, size: Size) -> Result<Rate> {
        let Size { instances, workers } = size;
        let database = database::of_schema(self.database, &schema_of(CONSUMER))?;
        let client = database::connect_afresh(&database).await?;
        let started: Vec<_> = self.instances.iter().take(instances).cloned().collect();
        let names: Vec<_> = started.iter().map(Instance::name).collect();
        let specs = started.into_iter().map(|i| {
            let mut spec = self.starter.spec(&i)?;
            spec.env.push(("ORDERS_WORKERS".to_owned(), workers.to_string()));
            Ok((i, spec))
        });
        let specs = specs.collect::<Result<Vec<_>>>()?;
        let filling = tokio::spawn(filled(client, self.end));
        self.running.start_services(specs).await?;
        let share = tokio::select! {
            filled = timeout(LIMIT, filling) => filled
                .map_err(|_| Failure::unavailable("the read model was not filled in time"))?
                .context("watching the read model panicked")??,
            failure = self.running.service_ends() => return Err(failure),
        };
        let pids: Vec<_> = names.iter().filter_map(|name| self.running.pid(name)).collect();
        self.rate(share, &pids)
    }

    /// Lets instances fill an empty schema, and stops them.
    pub async fn measure(&mut self, size: Size) -> Result<Rate> {
        let rate = self.fill(size).await?;
        self.stop().await;
        Ok(rate)
    }

    /// Stops the instances.
    pub async fn stop(&mut self) {
        self.running.stop_services().await;
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn rate(&self, share: Share, pids: &[u32]) -> Result<Rate> {
        let events = self.events as f64;
        let cpu: Option<f64> = pids.iter().map(|pid| cpu::seconds(*pid)).sum();
        let peaks = pids.iter().filter_map(|pid| memory::peak_resident_bytes(*pid));
        Ok(Rate {
            events_per_second: events * share.of_all / share.took.as_secs_f64(),
            cpu_seconds_per_million: cpu.context("the consumer is gone")? / events * 1e6,
            peak_mib: peaks.max().map(|bytes| bytes as f64 / 1_048_576.0),
        })
    }
}

/// What was watched: from the first look at which something was applied.
#[derive(Clone, Copy)]
struct Share {
    of_all: f64,
    took: Duration,
}

/// Waits until everything is applied.
#[expect(clippy::cast_precision_loss, reason = "a share")]
async fn filled(client: Client, end: i64) -> Result<Share> {
    let mut looks = interval(LOOK);
    let mut first: Option<(Instant, i64)> = None;
    loop {
        looks.tick().await;
        let applied = applied(&client).await?;
        if applied > end {
            return Err(anyhow!("{applied} offsets were applied of {end}").into());
        }
        let (since, before) = match first {
            Some(first) => first,
            None if applied == end => {
                return Err(Failure::setup("too few events to be measured: use more"));
            }
            None if applied > 0 => *first.insert((Instant::now(), applied)),
            None => continue,
        };
        if applied == end {
            let of_all = (end - before) as f64 / end as f64;
            return Ok(Share { of_all, took: since.elapsed() });
        }
    }
}

/// The sum of the offsets of the order events; 0 while there is no table of them.
pub async fn applied(client: &Client) -> Result<i64> {
    let sum = "select coalesce(sum(next_offset), 0)::bigint from consumer_offset \
               where topic = 'order.events'";
    match client.query_one(sum, &[]).await {
        Ok(row) => Ok(row.get(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(0),
        Err(error) => Err(anyhow!(error).context("cannot read how far the consumer is").into()),
    }
}
