//! `oneway topics plan|apply`: what the topics must be against what they are.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use event_log::{
    Settings,
    topics::{self, Action, Declaration, Plan},
};

use crate::{
    commands::cluster::{Cluster, failed},
    failure::{Failure, Result},
    report::print,
    workspace::Workspace,
};

/// The declaration of this build, where there are no sources.
const SHIPPED: &str = include_str!("../../../topics.yaml");

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Show what the cluster has otherwise than declared; exit 1 when there is anything to do
    Plan(Where),
    /// Create what is missing; drift is shown and left to people, dangerous drift fails
    Apply(Where),
}

#[derive(Debug, Args)]
struct Where {
    /// The declaration [default: deploy/topics.yaml of the workspace, else that of this build]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    let (apply, Where { file, json, cluster }) = match options.action {
        Act::Plan(options) => (false, options),
        Act::Apply(options) => (true, options),
    };
    let settings = cluster.settings(state)?;
    let declaration = declaration(file.as_deref())?;
    let plan = topics::plan(&settings, &declaration).await.map_err(failed)?;
    if json {
        let text = serde_json::to_string_pretty(&plan).context("cannot print the plan")?;
        print(text);
    } else {
        print(table(&plan));
    }
    refuse_danger(&plan)?;
    if apply {
        return topics::create_missing(&settings, &plan).await.map_err(failed);
    }
    match plan.values().filter(|action| **action != Action::Keep).count() {
        0 => Ok(()),
        open => Err(Failure::Negative(anyhow!("{open} topics are not as declared"))),
    }
}

/// What the topics of an installation must be against what they are.
pub async fn plan(settings: &Settings) -> Result<Plan> {
    topics::plan(settings, &declaration(None)?).await.map_err(failed)
}

/// Creates what is missing in an installation; as `topics apply`, without words.
pub async fn apply(settings: &Settings) -> Result<usize> {
    let plan = plan(settings).await?;
    refuse_danger(&plan)?;
    topics::create_missing(settings, &plan).await.map_err(failed)?;
    Ok(plan.values().filter(|action| matches!(action, Action::Create { .. })).count())
}

fn declaration(file: Option<&Path>) -> Result<Declaration> {
    let file = match file {
        Some(file) => Some(file.to_owned()),
        None => Workspace::find().ok().map(|workspace| workspace.deploy("topics.yaml")),
    };
    let Some(file) = file else {
        return Declaration::parse(SHIPPED).map_err(|error| Failure::setup(error.to_string()));
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Failure::setup(format!("cannot read {}: {error}", file.display())))?;
    Declaration::parse(&text)
        .map_err(|error| Failure::setup(format!("{}: {error}", file.display())))
}

/// An event store that forgets, or keys that have moved, are no matter of taste.
fn refuse_danger(plan: &Plan) -> Result<()> {
    let dangers: Vec<_> = plan
        .iter()
        .filter_map(|(topic, action)| match action {
            Action::Drift { differences } => {
                differences.iter().find(|d| d.dangerous).map(|d| (topic, d))
            }
            _ => None,
        })
        .map(|(topic, d)| format!("{topic} has {}={}, must be {}", d.setting, d.actual, d.declared))
        .collect();
    if dangers.is_empty() {
        return Ok(());
    }
    Err(Failure::Negative(anyhow!("the log is in danger: {}", dangers.join("; "))))
}

fn table(plan: &Plan) -> String {
    let width = plan.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (topic, action) in plan {
        // Writing to a string cannot fail.
        let _ = match action {
            Action::Keep => writeln!(text, "= {topic:width$}  as declared"),
            Action::Create { partitions, replication, config } => {
                let config: Vec<_> = config.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let config = config.join(" ");
                writeln!(
                    text,
                    "+ {topic:width$}  create: {partitions} partitions, {replication} copies {config}"
                )
            }
            Action::Drift { differences } => differences.iter().try_for_each(|d| {
                let danger = if d.dangerous { " (dangerous)" } else { "" };
                let (setting, actual, declared) = (&d.setting, &d.actual, &d.declared);
                writeln!(text, "~ {topic:width$}  {setting}: {actual}, declared {declared}{danger}")
            }),
        };
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_shipped_declaration_names_every_topic_that_the_code_uses() {
        let declared: BTreeSet<_> = declaration(None).unwrap().topics.into_keys().collect();
        let used: BTreeSet<_> =
            schemas::Topic::ALL.iter().map(|topic| topic.name().to_owned()).collect();
        assert_eq!(declared, used);
    }

    #[test]
    fn topics_of_one_aggregate_are_co_partitioned() {
        let declaration = declaration(None).unwrap();
        let count =
            |name: &str| declaration.topics[name].partitions.unwrap_or(declaration.partitions);
        for aggregate in ["customer", "order", "campaign", "mailing"] {
            let counts: BTreeSet<_> =
                ["commands", "events", "state"].map(|t| count(&format!("{aggregate}.{t}"))).into();
            assert_eq!(counts.len(), 1, "{aggregate}");
        }
    }
}
