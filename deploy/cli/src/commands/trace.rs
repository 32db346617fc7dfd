//! `oneway trace`: everything that one request set off, as a tree.
//!
//! - [`scan`]: finds the records
//! - [`effects`]: and what was done outside because of them
//! - [`tree`]: who caused whom

mod effects;
mod scan;
mod tree;

use std::{collections::BTreeSet, path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use clap::Args;
use event_log::partitioner;
use schemas::{Topic, any_command::TOPICS};
use tokio::runtime::Handle;

use self::{scan::Scan, tree::Tree};
use crate::{
    commands::{
        cluster::{Cluster, failed},
        read_model::ReadModels,
    },
    failure::{Failure, Result},
    generations,
    report::{Report, print},
};

/// Show everything that one request set off: commands, outcomes, events, effects, changes of rows
#[derive(Debug, Args)]
#[command(
    long_about = "Show everything that one request set off: commands, outcomes, events, effects, \
    changes of rows\n\n\
    Reads the topics for the records with a correlation id, and shows who caused whom, when and \
    where. With --aggregate those of all correlation ids that have to do with one aggregate: what \
    set it off, and what people did later. Effects, such as the fetch of a reference rate, are read \
    from the consumers' ledgers in Postgres; one that serves many orders is shown with the order that \
    caused it. Commands are kept for 7 days, outcomes for a day, changes \
    for an hour; events for ever.",
    after_help = "Examples:\n  cargo oneway trace SVLT-V1StGXR8_Z5jdHi6B-myT\n  \
    cargo oneway trace --aggregate order/o-17"
)]
pub struct Options {
    /// The correlation id, as answers carry it in X-Correlation-Id
    #[arg(value_name = "CORRELATION_ID", required_unless_present = "aggregate")]
    correlation_id: Option<String>,
    /// All that has to do with this aggregate
    #[arg(long, value_name = "NAME/ID", conflicts_with = "correlation_id")]
    aggregate: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    ledgers: ReadModels,
}

/// Topics with records of which one causes another.
const TRACED: [Topic; 11] = [
    Topic::CUSTOMER_COMMANDS,
    Topic::ORDER_COMMANDS,
    Topic::CAMPAIGN_COMMANDS,
    Topic::MAILING_COMMANDS,
    Topic::COMMAND_RESULTS,
    Topic::CUSTOMER_EVENTS,
    Topic::ORDER_EVENTS,
    Topic::CAMPAIGN_EVENTS,
    Topic::MAILING_EVENTS,
    Topic::CUSTOMER_CLASSIFICATION_EVENTS,
    Topic::CHANGE_NOTIFICATIONS,
];

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Options { correlation_id, aggregate, json, cluster, ledgers } = options;
    let scan = Scan { settings: cluster.settings(state)?, runtime: Handle::current() };
    let report = Report::new();
    let step = report.step("reading the topics");
    let found = tokio::task::spawn_blocking(move || {
        let ids = match (correlation_id, aggregate) {
            (Some(id), _) => BTreeSet::from([id]),
            (None, aggregate) => ids_of(&scan, &aggregate.unwrap_or_default())?,
        };
        let found = scan.run(&scan.partitions(&TRACED).map_err(failed)?, |envelope, _| {
            envelope.correlation_id.is_some_and(|id| ids.contains(id))
        });
        found.map_err(failed)
    });
    let mut found = found.await.map_err(|panic| Failure::Internal(panic.into()))??;
    step.done(&format!("{} records", found.len()));
    if found.is_empty() {
        let hint = "no record has this correlation id; commands are kept for 7 days";
        return Err(Failure::Negative(anyhow!(hint)));
    }
    let effects = async {
        let client = generations::connect(&ledgers.url(state)?).await?;
        effects::caused_by(&client, &found).await
    };
    // The log alone is worth showing, too.
    match effects.await {
        Ok(effects) => found.extend(effects),
        Err(error) => report.note(format!("effects are left out: {error}")),
    }
    let tree = Tree::of(found);
    print(if json {
        serde_json::to_string_pretty(&tree.as_json()).context("cannot print the tree")?
    } else {
        tree.as_text()
    });
    Ok(ExitCode::SUCCESS)
}

/// The correlation ids of what has this aggregate as its subject.
fn ids_of(scan: &Scan, aggregate: &str) -> Result<BTreeSet<String>> {
    let usage = || Failure::setup("use --aggregate NAME/ID, such as --aggregate order/o-17");
    let (name, id) = aggregate.split_once('/').ok_or_else(usage)?;
    let commands = Topic::commands_of(name).filter(|topic| TOPICS.contains(topic));
    let commands = commands.ok_or_else(|| Failure::setup("aggregates are customer and order"))?;
    let topics = [Some(commands), commands.events_of_commands()];
    let topics: Vec<_> = topics.into_iter().flatten().collect();
    let mut partitions = scan.partitions(&topics).map_err(failed)?;
    // All of one key is in one partition of each topic.
    partitions.retain(|(partition, count)| {
        partitioner::partition_of(id.as_bytes(), *count) == partition.number
    });
    let found = scan.run(&partitions, |_, key| key == id.as_bytes()).map_err(failed)?;
    if found.is_empty() {
        let hint = format!("there is neither a command nor an event of {aggregate}");
        return Err(Failure::Negative(anyhow!(hint)));
    }
    Ok(found.into_iter().filter_map(|seen| seen.correlation_id).collect())
}
