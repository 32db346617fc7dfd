//! `oneway consumer`: how far a consumer is, and what an operator may do about it.

mod start_over;

use std::{collections::BTreeMap, fmt::Write as _, path::Path, process::ExitCode};

use clap::{Args, Subcommand};
use consumer_runtime::tokio_postgres::Client;
use event_log::Partition;
use operator::{
    Consumer,
    lag::{self, Lag},
};
use serde_json::json;

use crate::{
    commands::{
        cluster::Cluster,
        read_model::{ReadModels, user},
    },
    failure::{Failure, Result},
    generations::{self, postgres},
    report::print,
};

/// Options of the command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo oneway consumer orders lag\n  \
    cargo oneway consumer orders pause\n  \
    cargo oneway consumer orders move-back --records 1000 --dry-run")]
pub struct Options {
    /// The consumer
    consumer: Consumer,
    #[command(subcommand)]
    action: Act,
    #[command(flatten)]
    models: ReadModels,
    #[command(flatten)]
    cluster: Cluster,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Show how far each partition is, and how far behind: in records and in seconds
    Lag {
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Have all instances apply nothing more; queries go on
    Pause,
    /// Have them go on
    Resume,
    /// Forget what it has made, and have it made anew from the log; its instances must be stopped
    #[command(long_about = "Forget what it has made, and have it made anew from the log; its \
        instances must be stopped\n\n\
        For when the database or the log was lost, or restored to another time. Its tables are \
        dropped, and so is what the log keeps of how far its outbox was sent. Its next start applies \
        the log from the beginning. Nothing is published twice: the tables of customer-classifier \
        are built here, with the classes that were published; policies give their commands again \
        with the same ids, which are recognised; mails of which nothing is known become uncertain \
        and are not sent.\n\n\
        What an operator has decided about dead letters is forgotten, and asked again.")]
    StartOver(start_over::Options),
    /// Have them read records again
    #[command(long_about = "Have them read records again\n\n\
        Nothing is applied twice: every aggregate's row keeps its version, by which repeats are \
        passed over. So this mends nothing but what was skipped by a position that is wrong; a row \
        that is wrong is mended by a rebuild.")]
    MoveBack {
        /// How many offsets in each partition; those of markers count too
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
        records: i64,
        /// Only this partition
        #[arg(long, value_name = "TOPIC/PARTITION")]
        partition: Option<String>,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Options { consumer, action, models, cluster } = options;
    let client = generations::connect(&models.url(state)?).await?;
    let schema = consumer.schema();
    let model = match action {
        // It may be gone.
        Act::StartOver(_) => None,
        _ => {
            let hint = "its consumer has not run on this database yet";
            Some(generations::require(&client, &schema, hint).await?)
        }
    };
    let is_paused = model.is_some_and(|model| model.is_paused);
    match action {
        Act::Lag { json } => {
            let positions = lag::positions(&client, &schema).await?;
            let lags = lag::lags(cluster.settings(state)?, positions, BTreeMap::new()).await?;
            print(if json { as_json(&lags, is_paused) } else { table(&lags) });
            if is_paused && !json {
                print(format!("{} is paused", consumer.name()));
            }
        }
        Act::Pause => pause(&client, &schema, true).await?,
        Act::Resume => pause(&client, &schema, false).await?,
        Act::StartOver(options) => {
            let (settings, url) = (cluster.settings(state)?, models.url(state)?);
            start_over::run(options, consumer, settings, url).await?;
        }
        Act::MoveBack { records, partition, dry_run } => {
            move_back(&client, &schema, records, partition.as_deref(), dry_run).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(lags: &BTreeMap<Partition, Lag>) -> String {
    let mut text = format!(
        "{:<28} {:>12} {:>12} {:>10} {:>10}",
        "partition", "position", "end", "records", "seconds"
    );
    for (partition, lag) in lags {
        let (name, Lag { position, end, waiting, .. }) = (partition.to_string(), lag);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{name:<28} {position:>12} {end:>12} {waiting:>10} {:>10.1}",
            lag.seconds()
        );
    }
    let waiting: u64 = lags.values().map(|lag| lag.waiting).sum();
    let _ = write!(text, "\n{waiting} records behind");
    text
}

fn as_json(lags: &BTreeMap<Partition, Lag>, is_paused: bool) -> String {
    let partitions = lags.iter().map(|(partition, lag)| {
        let Lag { position, end, waiting, .. } = lag;
        json!({
            "topic": partition.topic.name(), "partition": partition.number,
            "position": position, "end": end, "records": waiting, "seconds": lag.seconds(),
        })
    });
    let partitions: Vec<_> = partitions.collect();
    format!("{:#}", json!({ "paused": is_paused, "partitions": partitions }))
}

async fn pause(client: &Client, schema: &str, paused: bool) -> Result<()> {
    let by = paused.then(user);
    let sql = format!(
        "update \"{schema}\".read_model set paused_by = $1, \
           paused_at = case when $1::text is not null then coalesce(paused_at, now()) end"
    );
    client.execute(&sql, &[&by]).await.map_err(postgres)?;
    print(if paused {
        "paused: each instance stops within a second; queries go on"
    } else {
        "resumed: each instance goes on within a second"
    });
    Ok(())
}

async fn move_back(
    client: &Client,
    schema: &str,
    records: i64,
    partition: Option<&str>,
    dry_run: bool,
) -> Result<()> {
    let chosen = "($2::text is null or topic || '/' || partition = $2)";
    let before = format!(
        "select topic || '/' || partition, next_offset, greatest(next_offset - $1, 0) \
         from \"{schema}\".consumer_offset where {chosen} order by 1"
    );
    let rows = client.query(&before, &[&records, &partition]).await.map_err(postgres)?;
    if rows.is_empty() {
        return Err(Failure::setup("it reads no such partition: see `lag`"));
    }
    let moved = if dry_run { "would be moved" } else { "moved" };
    let mut text = String::new();
    for row in &rows {
        let (place, from, to): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let _ = writeln!(text, "{place}: {moved} from {from} to {to}");
    }
    if !dry_run {
        // With the epoch, so that whoever owns the partition now takes it anew.
        let update = format!(
            "update \"{schema}\".consumer_offset \
             set next_offset = greatest(next_offset - $1, 0), epoch = epoch + 1 where {chosen}"
        );
        client.execute(&update, &[&records, &partition]).await.map_err(postgres)?;
    }
    print(text.trim_end());
    Ok(())
}
