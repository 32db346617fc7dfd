//! `oneway what-if`: who would change by another rule, before it is in force.

mod forecast;
mod report;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use consumer_runtime::{read_model::WHAT_IF, run::schema_of};
use customer_classifier::rule::{Rule, Window};
use operator::Consumer;
use schemas::Money;

use self::forecast::forecast;
use crate::{
    commands::{
        cluster::{Cluster, running},
        read_model::ReadModels,
    },
    failure::{Failure, Result},
    generations::{self, build::Builder},
    report::print,
    stack::signals::Signals,
};

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which customers would get another class by other thresholds or another window
    #[command(
        long_about = "Show which customers would get another class by other thresholds or another \
            window\n\n\
            Applies the log in a scratch schema, up to the positions of the live classes at one \
            moment, counts every customer by the other rule, and compares the classes. Nothing is \
            published and nothing live is touched; the scratch schema is removed at the end. What \
            would change is what a customer-classifier that is started with this rule publishes.\
            \n\nWhat is left out is as in the rule by which most customers are counted now.",
        after_help = "Examples:\n  cargo oneway what-if classification --a 8000 --b 800\n  \
            cargo oneway what-if classification --window all --all --json"
    )]
    Classification(Box<Classification>),
}

/// What is asked for.
#[derive(Debug, Args)]
pub struct Classification {
    /// EUR of confirmed orders in the window: class A
    #[arg(long, value_name = "EUR")]
    a: Option<Money>,
    /// The same for class B
    #[arg(long, value_name = "EUR")]
    b: Option<Money>,
    /// Which orders count: `all`, or days such as `365d`
    #[arg(long, value_name = "WINDOW")]
    window: Option<Window>,
    /// List all customers that would change, not only some
    #[arg(long)]
    all: bool,
    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,
    /// How far the clock of the services is ahead, in a simulation [default: that of the local
    /// stack]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ONEWAY_CLOCK_OFFSET_SECONDS",
        allow_negative_numbers = true,
        hide_env_values = true
    )]
    clock_offset: Option<i64>,
    /// The consumer's binary [default: the one beside this]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    models: ReadModels,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let What::Classification(options) = options.what;
    let consumer = Consumer::CustomerClassifier;
    let builder = Builder {
        consumer,
        settings: options.cluster.clone().settings(state)?,
        database_url: options.models.url(state)?,
        program: match &options.binary {
            Some(binary) => binary.clone(),
            None => Builder::beside(consumer)?,
        },
        is_quiet: options.json,
    };
    let scratch = format!("{}{WHAT_IF}", schema_of(consumer.name()));
    let ahead = options.ahead(state)?;
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let forecast = tokio::select! {
        forecast = forecast(&options, &builder, (&scratch, ahead)) => forecast,
        () = signals.next() => Err(Failure::Interrupted),
    };
    // However it ended.
    let removed = remove(&builder.database_url, &scratch).await;
    let forecast = forecast?;
    removed?;
    let shown = forecast.shown(options.all);
    print(if options.json {
        serde_json::to_string_pretty(&shown).context("cannot print the forecast")?
    } else {
        shown.as_text()
    });
    Ok(ExitCode::SUCCESS)
}

/// Removes the scratch schema. Whoever filled it is killed by now, if it has not ended.
async fn remove(database_url: &str, scratch: &str) -> Result<()> {
    let client = generations::connect(database_url).await?;
    generations::end_sessions(&client, scratch).await?;
    generations::remove(&client, scratch).await
}

impl Classification {
    /// The rule that is asked for.
    fn rule(&self, now: Option<&Rule>) -> Result<Rule> {
        let a = self.a.or(now.map(Rule::a));
        let b = self.b.or(now.map(Rule::b));
        let window = self.window.or(now.map(Rule::window));
        let (Some(a), Some(b), Some(window)) = (a, b, window) else {
            return Err(Failure::setup(
                "no customer is counted yet, by any rule: name all of --a, --b and --window",
            ));
        };
        let rule = Rule::new(a, b, window).checked();
        rule.ok_or_else(|| Failure::setup("--b must be more than 0, and --a not less than it"))
    }

    /// How far the clock of the services is ahead, in microseconds.
    fn ahead(&self, state: &Path) -> Result<i64> {
        let seconds = match self.clock_offset {
            Some(seconds) => seconds,
            None => running(state)?.map_or(0, |stack| stack.clock_offset_seconds),
        };
        Ok(seconds.saturating_mul(1_000_000))
    }
}
