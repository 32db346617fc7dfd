//! `oneway schemas register`: puts every schema file under its subject in the registry.

use std::path::Path;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use event_log::{Registry, Settings, registry::RegistryError};

use crate::{
    commands::cluster::Cluster,
    failure::{Failure, Result},
    report::print,
};

/// No reader of any version, old or new, may be broken by any other.
const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Register every schema file under its subject, `FULL_TRANSITIVE`; a second run changes nothing
    Register {
        #[command(flatten)]
        cluster: Cluster,
    },
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    let Act::Register { cluster } = options.action;
    let settings = cluster.settings(state)?;
    for (subject, id) in register(&settings).await? {
        print(format_args!("{id:>6}  {subject}"));
    }
    Ok(())
}

/// Registers every schema file; the subjects with their ids.
pub async fn register(settings: &Settings) -> Result<Vec<(String, u32)>> {
    let registry = Registry::new(&settings.registry_url);
    let mut registered = Vec::new();
    for schemas::catalog::Subject { topic, file } in schemas::catalog::subjects() {
        let subject = file.subject(&settings.qualify(topic.name()));
        // The level first: it is to judge this very registration.
        registry.set_compatibility(&subject, COMPATIBILITY).await.map_err(refused)?;
        let id = registry.register(&subject, file.text).await.map_err(refused)?;
        registered.push((subject, id));
    }
    Ok(registered)
}

fn refused(error: RegistryError) -> Failure {
    match error {
        RegistryError::Refused { .. } => Failure::Negative(anyhow!(error)),
        _ => Failure::Unavailable(error.into()),
    }
}
