//! `oneway state rebuild`: makes the state topics what the events say.

mod compare;
mod rebuild;
mod writer;

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use tokio::runtime::Handle;

use self::{compare::Tally, rebuild::Task};
use crate::{
    commands::{alone::until_stopped, cluster::Cluster},
    failure::{Failure, Result},
    report::{Report, print},
};

/// The group of the command processors.
const GROUP: &str = "command-processor";

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Rebuild(Rebuild),
}

/// Make the state topics what the events say; the command processors must be stopped
#[derive(Debug, Args)]
#[command(
    long_about = "Make the state topics what the events say; the command processors must be \
    stopped\n\n\
    Folds the events of each partition and compares: states that are missing, unreadable or \
    otherwise than their events are written anew, states without events are taken away. States that \
    are right stay as they are, since they remember more than the events tell: the answers to \
    commands that were refused. While it works it is the only member of the processors' group, so \
    that none can begin meanwhile.",
    after_help = "Examples:\n  cargo oneway state rebuild --dry-run\n  \
    cargo oneway state rebuild --aggregate order --partition 3"
)]
struct Rebuild {
    /// Only this aggregate type; can be repeated
    #[arg(long, value_enum, value_name = "NAME")]
    aggregate: Vec<AggregateType>,
    /// Only this partition
    #[arg(long, value_name = "NUMBER")]
    partition: Option<i32>,
    /// Change nothing, show what is otherwise; exit 1 when anything is
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    cluster: Cluster,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AggregateType {
    Customer,
    Order,
    Campaign,
    Mailing,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    let Act::Rebuild(Rebuild { aggregate, partition, dry_run, cluster }) = options.action;
    let settings = cluster.settings(state)?;
    let report = Report::new();
    let since = "since they would not notice what is changed";
    until_stopped(&settings, GROUP, since, &report).await?;
    let runtime = Handle::current();
    let wanted = move |one| aggregate.is_empty() || aggregate.contains(&one);
    let step = report.step("reading events and states");
    let task = Task { settings, runtime, partition, dry_run };
    let work = tokio::task::spawn_blocking(move || {
        let mut tallies = Vec::new();
        task.run(wanted, &mut |tally: Tally| {
            step.at(&tally.place);
            tallies.push(tally);
        })?;
        step.done("events and states read");
        Ok::<_, Failure>(tallies)
    });
    let tallies = work.await.context("the rebuild panicked")??;
    print(table(&tallies, dry_run));
    let changed: usize = tallies.iter().map(Tally::changed).sum();
    if dry_run && changed > 0 {
        return Err(Failure::Negative(anyhow!("{changed} states are not what the events say")));
    }
    Ok(())
}

fn table(tallies: &[Tally], dry_run: bool) -> String {
    let mut text = format!(
        "{:<20} {:>10} {:>8} {:>10} {:>9} {:>8}",
        "partition", "aggregates", "missing", "unreadable", "different", "surplus"
    );
    for tally in tallies {
        let Tally { place, aggregates, missing, unreadable, different, surplus, .. } = tally;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{place:<20} {aggregates:>10} {missing:>8} {unreadable:>10} {different:>9} {surplus:>8}"
        );
    }
    let changed: usize = tallies.iter().map(Tally::changed).sum();
    let done = if dry_run { "to be changed" } else { "changed" };
    let _ = write!(text, "\n{changed} states {done}");
    text
}
