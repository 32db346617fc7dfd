//! `oneway dead-letters`: records that a consumer cannot handle, and what becomes of them.

mod show;

use std::{path::Path, process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use consumer_runtime::{
    Database,
    dead_letters::desk::{self, DeadLetter, Request, Selection},
};
use event_log::Position;
use operator::Consumer;
use tokio::time::{Instant, sleep};

use crate::{
    commands::read_model::{ReadModels, failed, user},
    failure::{Failure, Result},
    report::{Report, print},
};

/// How often is looked whether a request was dealt with.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Options of the command.
#[derive(Debug, Args)]
#[command(
    long_about = "Show, retry or skip records that a consumer cannot handle\n\n\
    Such a record is a dead letter. It is copied to the topic <consumer>.dead-letter and parked in \
    Postgres; later records of its key are parked behind it, and other keys flow. When its cause is \
    mended, `retry` has the record applied and everything behind it, in order. The consumer itself \
    does that: an instance must be running.",
    after_help = "Examples:\n  cargo oneway dead-letters list orders\n  \
    cargo oneway dead-letters show orders order.events/3/4711\n  \
    cargo oneway dead-letters retry orders --class projection --dry-run\n  \
    cargo oneway dead-letters skip orders order.events/3/4711 --reason \"made by a broken script\""
)]
pub struct Options {
    #[command(subcommand)]
    action: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Show what there is; exit with 1 when there is any
    List {
        #[command(flatten)]
        which: Which,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show one record whole: headers, payload, and why it cannot be handled
    Show {
        /// The consumer
        consumer: Consumer,
        /// Where the record is
        #[arg(value_name = "TOPIC/PARTITION/OFFSET", value_parser = place)]
        place: Position,
        #[command(flatten)]
        models: ReadModels,
    },
    /// Apply records and what is parked behind them; exit with 1 when some still cannot be handled
    Retry(Change),
    /// Give records up for good, and apply what is parked behind them
    Skip {
        #[command(flatten)]
        change: Change,
        /// Why, for those who ask later
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which dead letters are meant.
#[derive(Clone, Debug, Args)]
struct Which {
    /// The consumer
    consumer: Consumer,
    /// The one at this place
    #[arg(value_name = "TOPIC/PARTITION/OFFSET", value_parser = place)]
    place: Option<Position>,
    /// Those with this key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Those of this class of error
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    #[command(flatten)]
    models: ReadModels,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    which: Which,
    /// All of the consumer's
    #[arg(long)]
    all: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Longest wait until the consumer has done it
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
}

impl Which {
    fn selection(&self) -> Selection {
        let key = self.key.as_ref().map(|key| key.clone().into_bytes());
        Selection { at: self.place, key, class: self.class.clone() }
    }
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    match options.action {
        Act::List { which, json } => {
            let database = which.models.of(which.consumer, state)?;
            let letters = list(&database, which.consumer, &which.selection()).await?;
            print(if json { show::json(&letters)? } else { show::table(&letters) });
            Ok(ExitCode::from(u8::from(!letters.is_empty())))
        }
        Act::Show { consumer, place, models } => {
            let database = models.of(consumer, state)?;
            let selection = Selection { at: Some(place), ..Selection::default() };
            let letters = list(&database, consumer, &selection).await?;
            let record = desk::record(&database, place).await.map_err(failed)?;
            let record = record.ok_or_else(|| nothing(consumer))?;
            print(show::whole(&record, letters.first()));
            Ok(ExitCode::SUCCESS)
        }
        Act::Retry(change) => ask(change, Request::Retry, state).await,
        Act::Skip { change, reason } => ask(change, Request::Skip { reason }, state).await,
    }
}

/// Leaves the request, and waits until it is dealt with.
async fn ask(change: Change, request: Request, state: &Path) -> Result<ExitCode> {
    let Change { which, all, dry_run, wait } = change;
    let selection = which.selection();
    if selection == Selection::default() && !all {
        return Err(Failure::setup(
            "say which: TOPIC/PARTITION/OFFSET, --key, --class, or --all for all of them",
        ));
    }
    let database = which.models.of(which.consumer, state)?;
    let letters = list(&database, which.consumer, &selection).await?;
    if letters.is_empty() {
        return Err(nothing(which.consumer));
    }
    if dry_run {
        print(show::table(&letters));
        return Ok(ExitCode::SUCCESS);
    }
    desk::request(&database, &selection, &request, &user()).await.map_err(failed)?;
    let limit = Duration::from_secs(wait);
    let left = until_done(&database, which.consumer, &letters, limit).await?;
    let stays = |letter: &&DeadLetter| left.iter().any(|left| left.at == letter.at);
    let done = letters.len() - letters.iter().filter(stays).count();
    print(format!("{done} of {} dead letters dealt with", letters.len()));
    if left.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    print(show::table(&left));
    Ok(ExitCode::from(1))
}

/// Waits until no request is left at what was asked for; returns what still cannot be handled: of
/// that, or behind it.
async fn until_done(
    database: &Database,
    consumer: Consumer,
    asked: &[DeadLetter],
    limit: Duration,
) -> Result<Vec<DeadLetter>> {
    let report = Report::new();
    let step = report.step(&format!("waiting for {} to do it", consumer.name()));
    let deadline = Instant::now() + limit;
    loop {
        let mut left = list(database, consumer, &Selection::default()).await?;
        left.retain(|left| asked.iter().any(|asked| is_of_queue(left, asked)));
        let waiting = left.iter().filter(|letter| letter.request.is_some()).count();
        if waiting == 0 {
            step.done("done");
            return Ok(left);
        }
        if Instant::now() > deadline {
            return Err(Failure::unavailable(format!(
                "{waiting} requests are not dealt with after {} s: does an instance of {} run? \
                 They stay, and are dealt with as soon as one does",
                limit.as_secs(),
                consumer.name()
            )));
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn list(
    database: &Database,
    consumer: Consumer,
    selection: &Selection,
) -> Result<Vec<DeadLetter>> {
    desk::list(database, selection).await.map_err(|error| {
        if error.is_missing_table() {
            let name = consumer.name();
            return Failure::setup(format!("{name} has not run on this database yet"));
        }
        failed(error)
    })
}

fn nothing(consumer: Consumer) -> Failure {
    Failure::Negative(anyhow::anyhow!("{} has no such dead letter", consumer.name()))
}

/// Whether it is the dead letter that was asked for, or came behind it.
fn is_of_queue(left: &DeadLetter, asked: &DeadLetter) -> bool {
    let same_key = left.key.is_some() && left.key == asked.key;
    left.at == asked.at || (same_key && left.at.partition == asked.at.partition)
}

/// Reads `topic/partition/offset`.
fn place(text: &str) -> Result<Position, String> {
    operator::letters::place(text)
        .ok_or_else(|| "use TOPIC/PARTITION/OFFSET, such as order.events/3/4711".to_owned())
}
