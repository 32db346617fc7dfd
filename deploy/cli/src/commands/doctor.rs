//! `oneway doctor`: what is well, what is not, and what could not be looked at.

mod check;
mod clock;
mod log;
mod rows;
mod services;

use std::{path::Path, time::Duration};

use anyhow::{Context, anyhow};
use clap::Args;
use consumer_runtime::Server;
use event_log::Settings;
use operator::standing::Observer;
use serde_json::Value;

use self::check::{Check, Verdict};
use crate::{
    commands::{
        cluster::{Cluster, running},
        read_model::ReadModels,
    },
    failure::{Failure, Result},
    generations::server,
    report::print,
};

/// Longest wait for one thing to be looked at; reading the whole log may take longer.
const LIMIT: Duration = Duration::from_secs(15);

/// Look at everything: broker, topics, registry, schemas, history, database, consumers, dead letters, clocks, services
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 all is well · 1 something is bad · 75 nothing is bad, but not \
                        everything could be looked at"
)]
pub struct Options {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    /// Do not read the topics from end to end
    #[arg(long)]
    no_history: bool,
    /// From how many seconds on a consumer is too far behind
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    lag: u32,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    read_models: ReadModels,
}

/// Where to look.
struct Patient {
    settings: Settings,
    /// Or why nobody knows where the rows are.
    database: std::result::Result<Server, String>,
    lag: Duration,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<()> {
    let Options { json: is_json, no_history, lag, cluster, read_models } = options;
    let database = read_models.url(state).map_err(|failure| failure.to_string());
    let database = database.and_then(|url| server(&url).map_err(|failure| failure.to_string()));
    let lag = Duration::from_secs(lag.into());
    let patient = Patient { settings: cluster.settings(state)?, database, lag };
    let mut checks = Vec::new();
    let mut tell = |found: Vec<Check>| {
        if !is_json {
            found.iter().for_each(print);
        }
        checks.extend(found);
    };
    let broker = log::broker(&patient.settings).await;
    let has_broker = broker.iter().all(|check| check.verdict == Verdict::Ok);
    tell(broker);
    tell(log::registry(&patient.settings).await);
    tell(log::subjects(&patient.settings).await);
    tell(rows::database(&patient).await);
    if has_broker {
        tell(log::topics(&patient.settings).await);
        if !no_history {
            tell(log::history(&patient.settings, is_json).await);
        }
        tell(rows::consumers(&patient).await);
    } else {
        // Each would wait for a broker in its own time.
        let unseen = ["topics", "history", "consumers", "dead letters"];
        tell(unseen.map(|name| Check::unchecked(name, "no broker answers")).into());
    }
    tell(clock::all(&patient).await);
    if let Some(stack) = running(state)? {
        tell(services::all(&stack).await);
    }
    if is_json {
        let checks: Value = checks.iter().map(Check::as_json).collect();
        print(serde_json::to_string_pretty(&checks).context("cannot print")?);
    }
    conclude(&checks, is_json)
}

fn conclude(checks: &[Check], is_json: bool) -> Result<()> {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    match (count(Verdict::Bad), count(Verdict::Unchecked)) {
        (0, 0) => {
            if !is_json {
                print(format_args!("all is well: {} checks", checks.len()));
            }
            Ok(())
        }
        (0, open) => Err(Failure::unavailable(format!("{open} checks could not be made"))),
        (bad, 0) => Err(Failure::Negative(anyhow!("{bad} of {} checks are bad", checks.len()))),
        (bad, open) => Err(Failure::Negative(anyhow!(
            "{bad} of {} checks are bad, and {open} could not be made",
            checks.len()
        ))),
    }
}

impl Patient {
    fn observer(&self) -> std::result::Result<Observer, String> {
        let database = self.database.as_ref().map_err(Clone::clone)?;
        Observer::new(self.settings.clone(), database).map_err(|error| error.to_string())
    }
}
