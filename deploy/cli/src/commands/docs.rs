//! `oneway docs`: the documents that are made from schemas, topics and services.

use anyhow::{Context, anyhow};
use clap::Args;
use event_catalog::{Drift, Input, Schema, Service, Topic};
use event_log::topics::Declaration;

use crate::{
    failure::{Failure, Result},
    report::print,
    stack::catalog,
    workspace::Workspace,
};

/// Write the documents that are made from the schemas: AsyncAPI, and the catalogue of events
#[derive(Debug, Args)]
pub struct Options {
    /// Change nothing; exit 1 when a document is not as it must be
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let documents = event_catalog::documents(&input(workspace)?);
    let root = workspace.root();
    let changed = match options.check {
        true => event_catalog::drift(root, &documents),
        false => event_catalog::write(root, &documents),
    };
    let changed = changed.context("cannot use the documents")?;
    for drift in &changed {
        let (what, path) = match drift {
            Drift::Missing(path) => ("missing", path),
            Drift::Outdated(path) => ("outdated", path),
            Drift::Left(path) => ("of nothing any more", path),
        };
        print(format_args!("{}: {what}", path.display()));
    }
    match (changed.len(), options.check) {
        (0, _) => print(format_args!("{} documents are as they must be", documents.len())),
        (n, false) => print(format_args!("{n} documents written or removed")),
        (n, true) => {
            return Err(Failure::Negative(anyhow!(
                "{n} documents differ; `oneway docs` writes them"
            )));
        }
    }
    Ok(())
}

fn input(workspace: &Workspace) -> Result<Input> {
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let names = |topics: Vec<schemas::Topic>| topics.iter().map(|t| t.name().to_owned()).collect();
    let services = services.into_iter().map(|service| Service {
        name: service.name,
        about: service.about,
        reads: names(service.reads),
        writes: names(service.writes),
    });
    let schemas = Schema::all(&workspace.root().join("schemas")).context("cannot read schemas")?;
    Ok(Input { services: services.collect(), topics: topics(workspace)?, schemas })
}

/// In the order in which data flows.
fn topics(workspace: &Workspace) -> Result<Vec<Topic>> {
    let path = workspace.deploy("topics.yaml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Setup)?;
    let declared = Declaration::parse(&text).map_err(|error| Failure::Setup(error.into()))?;
    let topic = |name: &str| -> Option<Topic> {
        let topic = declared.topics.get(name)?;
        Some(Topic {
            name: name.to_owned(),
            holds: topic.holds.clone(),
            partitions: topic.partitions.unwrap_or(declared.partitions),
            replication: declared.replication,
            config: topic.config.clone(),
        })
    };
    Ok(schemas::Topic::ALL.iter().filter_map(|one| topic(one.name())).collect())
}
