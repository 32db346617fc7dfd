//! `oneway schemas`: from a changed file to a registered revision, and back again to every record
//! ever written.

mod against;
mod files;
mod history;
pub mod register;
mod status;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use event_log::Settings;
use schema_workflow::finding;
use schemas::catalog::Subject;

pub use self::{
    history::scan,
    register::{plan, register},
};
use crate::{commands::cluster::Cluster, failure::Result};

/// What a subject is called in an installation.
pub fn subject_name(settings: &Settings, subject: &Subject) -> String {
    subject.file.subject(&settings.qualify(subject.topic.name()))
}

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Check the files by the rules of form; exit 1 when one is broken
    Lint(Files),
    /// Show what changed files break for earlier revisions; exit 1 when they do
    Breaking {
        /// A git revision, `registry`, or a folder [default: every locked revision]
        #[arg(long, value_name = "REF|registry|DIR")]
        against: Option<String>,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        cluster: Cluster,
    },
    /// Explain a rule; without a name, list them all
    Explain {
        /// Its name, such as `field-renamed`
        rule: Option<String>,
    },
    /// Make each changed file the next revision of its schema, after all checks
    Lock {
        /// Show what would be done
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        files: Files,
    },
    /// Check everything: form, what breaks, revisions and lock file; with --registry that, too
    Check {
        /// Also that the registry has every revision, and nothing else
        #[arg(long)]
        registry: bool,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        cluster: ClusterOfCheck,
    },
    /// Register what the registry lacks, `FULL_TRANSITIVE`; without --apply only show it
    Register {
        /// Do it; only when the registry takes all of it
        #[arg(long, conflicts_with = "dry_run")]
        apply: bool,
        /// Only show what would be done, and what the registry says to it (the default)
        #[arg(long)]
        dry_run: bool,
        /// Register the locked revisions of a folder [default: those of this build]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        #[command(flatten)]
        cluster: Cluster,
    },
    /// Show files, lock file, registry and topics side by side
    Status {
        /// Leave out the topics, which have to be read from end to end
        #[arg(long)]
        no_topics: bool,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        cluster: Cluster,
    },
    /// Read a record of every schema that is in the topics; exit 1 when this build cannot
    VerifyHistory {
        /// Read every record, not just the first and the last of each schema
        #[arg(long)]
        every_record: bool,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        cluster: Cluster,
    },
}

/// Where the files are, and how findings are told.
#[derive(Debug, Args)]
struct Files {
    /// The folder with `avro`, `revisions` and `schemas.lock` [default: schemas of the workspace]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How findings are told
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The options of [`Cluster`], under `--registry-url` where `--registry` is a switch.
#[derive(Debug, Args)]
struct ClusterOfCheck {
    /// Bootstrap servers of Kafka
    #[arg(long, env = "KAFKA_BROKERS", value_name = "HOST:PORT,…", hide_env_values = true)]
    brokers: Option<String>,
    /// Base URL of the schema registry's Confluent API
    #[arg(long, env = "SCHEMA_REGISTRY_URL", value_name = "URL", hide_env_values = true)]
    registry_url: Option<String>,
    /// Prefix of the installation's topics on a shared cluster
    #[arg(long, env = "ONEWAY_NAMESPACE", value_name = "NAME", hide_env_values = true)]
    namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// An array of findings
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}

impl From<Format> for finding::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Sarif => Self::Sarif,
        }
    }
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    match options.action {
        Act::Lint(files) => files::lint(&files),
        Act::Breaking { against: None, files, .. } => files::breaking(&files),
        Act::Breaking { against: Some(against), files, cluster } => {
            against::breaking(&against, &files, cluster, state).await
        }
        Act::Explain { rule } => files::explain(rule.as_deref()),
        Act::Lock { dry_run, files } => files::lock(&files, dry_run),
        Act::Check { registry, files, cluster } => {
            files::check(&files)?;
            if !registry {
                return Ok(());
            }
            let ClusterOfCheck { brokers, registry_url: registry, namespace } = cluster;
            let cluster = Cluster { brokers, registry, namespace };
            register::check(&cluster.settings(state)?).await
        }
        Act::Register { apply, dir, cluster, .. } => {
            register::run(&cluster.settings(state)?, dir.as_deref(), apply).await
        }
        Act::Status { no_topics, json, cluster } => {
            status::run(&cluster.settings(state)?, no_topics, json).await
        }
        Act::VerifyHistory { every_record, json, cluster } => {
            history::run(cluster.settings(state)?, every_record, json).await
        }
    }
}
