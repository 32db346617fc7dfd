//! `oneway classification`: how many customers are of each class, and how far a change of the rule is.

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    commands::services::{answered, base, client},
    failure::{Failure, Result},
    progress::Progress,
    report::print,
    stack::signals::Signals,
};

const SERVICE: &str = "customer-classifier";

/// Longest wait for one answer.
const TIME_OUT: Duration = Duration::from_secs(30);

/// Time between two looks.
const LOOKS: Duration = Duration::from_millis(200);

/// Options of the command.
#[derive(Debug, Args)]
#[command(
    about = "Show the classes of the customers, and how far a change of the rule is",
    long_about = "Show the classes of the customers, and how far a change of the rule is\n\n\
        The rule is a setting of the customer-classifier: its thresholds and its window. One that \
        is started with another rule counts all customers anew and publishes real changes only; \
        `what-if classification` shows beforehand which. With --wait this command ends when all \
        are counted.\n\n\
        An installation that asks for a token gets that in ONEWAY_TOKEN, see `tokens issue`."
)]
pub struct Options {
    /// Wait until all customers are counted by the rule
    #[arg(long)]
    wait: bool,
    /// Where the customer-classifier is [default: that of the local stack]
    #[arg(long, value_name = "URL")]
    classifier: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// What the service says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(rename = "A")]
    a: u64,
    #[serde(rename = "B")]
    b: u64,
    #[serde(rename = "C")]
    c: u64,
    total: u64,
    rule_version: String,
    pending: u64,
}

/// Runs the command.
pub async fn run(options: &Options, state: &Path) -> Result<ExitCode> {
    let base = base(options.classifier.as_deref(), (SERVICE, "--classifier"), state)?;
    let asked =
        Asked { http: client(TIME_OUT)?, url: format!("{base}/v1/classifications/summary") };
    let said = match options.wait {
        true => asked.settled(options.json).await?,
        false => asked.now().await?,
    };
    print(match options.json {
        true => serde_json::to_string_pretty(&said).context("cannot print the classes")?,
        false => read(&said)?.as_text(),
    });
    Ok(ExitCode::SUCCESS)
}

struct Asked {
    http: Client,
    url: String,
}

impl Asked {
    async fn now(&self) -> Result<Value> {
        let answer = answered(self.http.get(&self.url).send().await, &self.url).await?;
        Ok(answer.json().await.context("cannot read the answer")?)
    }

    /// Looks until nobody is counted by another rule.
    async fn settled(&self, is_quiet: bool) -> Result<Value> {
        let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
        let first = read(&self.now().await?)?;
        let mut progress = Progress::new(first.total, "customers counted", is_quiet);
        let mut looks = tokio::time::interval(LOOKS);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = signals.next() => return Err(Failure::Interrupted),
            }
            let said = self.now().await?;
            let summary = read(&said)?;
            progress.at(summary.total - summary.pending);
            if summary.pending == 0 {
                progress.finish();
                return Ok(said);
            }
        }
    }
}

fn read(said: &Value) -> Result<Summary> {
    Ok(Summary::deserialize(said).context("cannot read the answer")?)
}

impl Summary {
    fn as_text(&self) -> String {
        let Self { a, b, c, total, rule_version, pending } = self;
        let counted = match pending {
            0 => format!("all {total} customers are counted by it"),
            _ => format!("{pending} of {total} customers are still counted by another"),
        };
        format!("rule  {rule_version}: {counted}\nA     {a}\nB     {b}\nC     {c}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_lines() {
        let said = serde_json::json!({
            "A": 1, "B": 2, "C": 3, "total": 6, "ruleVersion": "a=2.00,b=1.00,window=all",
            "pending": 4,
        });
        let expected = "rule  a=2.00,b=1.00,window=all: 4 of 6 customers are still counted by \
                        another\nA     1\nB     2\nC     3";
        assert_eq!(read(&said).unwrap().as_text(), expected);
        assert!(read(&Value::Null).is_err());
    }
}
