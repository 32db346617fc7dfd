//! `oneway mailings`: mails of campaigns, and what a person decides about those of which nobody knows
//! whether they were sent.

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use reqwest::{Client, Url};
use schemas::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    commands::services::{answered, base, client},
    failure::{Failure, Result},
    report::print,
};

/// Who shows mailings, and who takes decisions.
const SHOWS: &str = "campaigns";
const TAKES: &str = "command-api";

/// Longest wait for one answer.
const TIME_OUT: Duration = Duration::from_secs(30);

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List mailings; without options those that a person has to decide
    List {
        /// Only those that stand so
        #[arg(long, value_enum, value_name = "STATUS", default_value = "uncertain")]
        status: Standing,
        /// Only those of this campaign
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        /// Where the consumer `campaigns` is [default: that of the local stack]
        #[arg(long, value_name = "URL")]
        campaigns: Option<String>,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Decide what became of a mailing of which nobody knows whether it was sent
    #[command(long_about = "Decide what became of a mailing of which nobody knows whether it was \
        sent\n\n\
        A mail is uncertain when it was handed to the mail server and no answer was heard: it is \
        not sent again by itself. Look for its Message-ID in the log of the mail server, or ask \
        the customer, and decide:\n\n  \
        sent    it arrived\n  \
        failed  it did not arrive, and is not to be sent\n  \
        again   send it once more (also for one that has failed)\n\n\
        An installation that asks for a token gets that in ONEWAY_TOKEN, see `tokens issue`.")]
    Resolve {
        /// The mailing, such as spring:00004
        #[arg(value_name = "MAILING")]
        mailing: String,
        /// What became of it, or shall become
        #[arg(value_enum)]
        decision: Decision,
        /// Why, for those who ask later; with `failed`
        #[arg(long, value_name = "TEXT", default_value = "decided by a person")]
        reason: String,
        /// Where the command API is [default: that of the local stack]
        #[arg(long, value_name = "URL", env = "ONEWAY_COMMAND_API")]
        api: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Standing {
    All,
    Requested,
    Sent,
    Failed,
    Uncertain,
    Excluded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    Sent,
    Failed,
    Again,
}

impl Standing {
    /// As the query takes it; none for all.
    fn argument(self) -> Option<String> {
        let name = self.to_possible_value().map(|value| value.get_name().to_owned());
        name.filter(|_| self != Self::All)
    }
}

impl Decision {
    fn command(self, reason: &str) -> (&'static str, Value) {
        match self {
            Self::Sent => ("MARK_SENT", json!({ "sentAt": Timestamp::now() })),
            Self::Failed => ("MARK_FAILED", json!({ "reason": reason })),
            Self::Again => ("REQUEST_AGAIN", json!({})),
        }
    }
}

/// A page of mailings.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Value>,
    next: Option<String>,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let http = client(TIME_OUT)?;
    match options.action {
        Act::List { status, campaign, campaigns, json } => {
            let base = base(campaigns.as_deref(), (SHOWS, "--campaigns"), state)?;
            let path = match campaign {
                Some(campaign) => format!("{base}/v1/campaigns/{campaign}/mailings"),
                None => format!("{base}/v1/mailings"),
            };
            let found = list(&http, &path, status).await?;
            print(if json { as_json(&found)? } else { as_text(&found) });
        }
        Act::Resolve { mailing, decision, reason, api } => {
            let url = format!("{}/api/command", base(api.as_deref(), (TAKES, "--api"), state)?);
            let (command, payload) = decision.command(&reason);
            let body = json!({
                "aggregateName": "mailing", "aggregateId": mailing, "command": command,
                "payload": payload,
            });
            answered(http.post(&url).json(&body).send().await, &url).await?;
            print(format!("{mailing}: {}", told(decision)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

const fn told(decision: Decision) -> &'static str {
    match decision {
        Decision::Sent => "recorded as sent",
        Decision::Failed => "recorded as failed",
        Decision::Again => "will be sent once more",
    }
}

async fn list(http: &Client, path: &str, status: Standing) -> Result<Vec<Value>> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut url = Url::parse(path).map_err(|_| Failure::setup(format!("{path} is no URL")))?;
        url.query_pairs_mut().append_pair("limit", "500");
        for (name, value) in [("status", status.argument()), ("cursor", cursor.clone())] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let answer = answered(http.get(url).send().await, path).await?;
        let page: Page = answer.json().await.context("cannot read the answer")?;
        found.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

fn as_json(found: &[Value]) -> Result<String> {
    Ok(serde_json::to_string_pretty(found).context("cannot print the mailings")?)
}

fn as_text(found: &[Value]) -> String {
    if found.is_empty() {
        return "no such mailings".to_owned();
    }
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let line = |row: &Value| {
        let of = |name| text(row, name).unwrap_or_else(|| "-".to_owned());
        format!(
            "{:<30} {:<10} {:<27} {}",
            of("id"),
            of("status"),
            text(row, "endedAt").unwrap_or_else(|| of("requestedAt")),
            text(row, "reason").unwrap_or_default()
        )
        .trim_end()
        .to_owned()
    };
    let head = format!("{:<30} {:<10} {:<27} REASON", "MAILING", "STATUS", "SINCE");
    [head].into_iter().chain(found.iter().map(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailings_are_lines() {
        let row = json!({
            "id": "spring:c1", "status": "uncertain", "endedAt": "2026-11-20T10:00:00.000000Z",
            "reason": "the connection broke",
        });
        let text = as_text(&[row]);
        assert!(text.ends_with("the connection broke"), "{text}");
        assert_eq!(as_text(&[]), "no such mailings");
        assert_eq!(Standing::All.argument(), None);
        assert_eq!(Standing::Uncertain.argument().as_deref(), Some("uncertain"));
    }
}
