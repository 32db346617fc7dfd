//! The read model of the consumer built once more, beside the live one.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use consumer_runtime::{Server, build::Until, read_model::NEXT, run::schema_of};
use event_log::Settings;
use operator::Consumer;
use tokio::time::interval;

use super::{CONSUMER, consumer::applied, database, figures::Rate};
use crate::{
    bench::cpu,
    chaos::stage::Starter,
    failure::{Failure, Result},
    generations::build::Builder,
    stack::memory,
};

/// Longest time to build.
const LIMIT: Duration = Duration::from_mins(15);

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Builds, and measures it from the start of the process to its end.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub async fn measure(
    starter: &Starter,
    settings: &Settings,
    server: &Server,
    events: usize,
    end: i64,
) -> Result<Rate> {
    let schema = format!("{}{NEXT}", schema_of(CONSUMER));
    let client = database::connect_afresh(&database::of_schema(server, &schema)?).await?;
    let builder = Builder {
        consumer: Consumer::Orders,
        settings: settings.clone(),
        database_url: starter.endpoints.database_url.clone(),
        program: starter.workspace.binary(CONSUMER, starter.release),
        is_quiet: true,
    };
    let output = tempfile::tempfile().context("cannot make a file for its log")?;
    let began = Instant::now();
    let mut child = builder.spawn(&schema, &Until::default(), &output).await?;
    let pid = child.id().context("it has no pid")?;
    let (mut looks, mut used, mut peak) = (interval(LOOK), None, None);
    let status = loop {
        looks.tick().await;
        // Also of one that has ended and is not waited for yet; its memory is gone by then.
        used = cpu::seconds(pid).or(used);
        peak = memory::peak_resident_bytes(pid).or(peak);
        if let Some(status) = child.try_wait().context("cannot look after the build")? {
            break status;
        }
        if began.elapsed() > LIMIT {
            return Err(Failure::unavailable("the read model was not built in time"));
        }
    };
    let took = began.elapsed();
    let applied = applied(&client).await?;
    if !status.success() || applied != end {
        return Err(anyhow!("the build ended with {status}: {applied} of {end} are applied").into());
    }
    let events = events as f64;
    Ok(Rate {
        events_per_second: events / took.as_secs_f64(),
        cpu_seconds_per_million: used.context("the build used no time")? / events * 1e6,
        peak_mib: peak.map(|bytes| bytes as f64 / 1_048_576.0),
    })
}
