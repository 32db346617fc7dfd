//! `oneway trace`: everything that one request set off, as a tree.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use clap::Args;
use operator::{
    scan::Scan,
    trace::{Root, effects, records, tree::Tree},
};
use tokio::runtime::Handle;

use crate::{
    commands::{cluster::Cluster, read_model::ReadModels},
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

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let Options { correlation_id, aggregate, json, cluster, ledgers } = options;
    let root = match (correlation_id, aggregate) {
        (Some(id), _) => Root::Correlation(id),
        (None, aggregate) => of_aggregate(&aggregate.unwrap_or_default())?,
    };
    let scan = Scan { settings: cluster.settings(state)?, runtime: Handle::current() };
    let report = Report::new();
    let step = report.step("reading the topics");
    let found = tokio::task::spawn_blocking(move || records(&scan, &root));
    let mut found = found.await.map_err(|panic| Failure::Internal(panic.into()))??;
    step.done(&format!("{} records", found.len()));
    let effects = async {
        let client = generations::connect(&ledgers.url(state)?).await?;
        Ok::<_, Failure>(effects::caused_by(&client, &found).await?)
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

fn of_aggregate(aggregate: &str) -> Result<Root> {
    let usage = || Failure::setup("use --aggregate NAME/ID, such as --aggregate order/o-17");
    let (name, id) = aggregate.split_once('/').ok_or_else(usage)?;
    Ok(Root::Aggregate(name.to_owned(), id.to_owned()))
}
