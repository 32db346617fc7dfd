//! `oneway import`: sends an order history from a CSV file through the command API.
//!
//! In reading order:
//! - [`columns`]: which column is what
//! - [`row`]: one line of the file, checked by the domain's rules
//! - [`ids`]: the same line always makes the same commands
//! - [`window`]: which part of the history is sent
//! - [`history`]: the file, read twice: for its customers, then for its orders
//! - [`sender`]: one command over HTTP, again and again until it has an answer
//! - [`tally`]: what came of it all

mod columns;
mod history;
mod ids;
mod row;
pub mod sender;
mod tally;
mod window;

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::StreamExt;
use schemas::Timestamp;

use self::{
    columns::Names,
    history::{Customer, History},
    row::NewOrder,
    sender::{Answer, Sender},
    tally::Tally,
    window::Window,
};
use crate::{
    commands::services::base,
    failure::{Failure, Result},
    progress::Progress,
    report,
    stack::signals::Signals,
};

/// The service that takes commands.
const SERVICE: &str = "command-api";

/// Send an order history from a CSV file
#[derive(Debug, Args)]
#[command(long_about = "Send an order history from a CSV file\n\n\
    Creates the customers, then the orders, through the command API. Which column is what is said \
    by --customer, --date, --value and so on; other columns are passed over. A date is YYYY-MM-DD \
    (its midnight, UTC) or RFC 3339.\n\n\
    The same line always makes the same commands, so that a second import changes nothing, and an \
    import that was cut off is finished by running it again. Lines that differ in nothing are told \
    apart by their order.\n\n\
    Lines that are refused are reported with their number and the reason, and the others are sent: \
    that is exit code 0, or 1 with --strict.\n\n\
    An installation that asks for a token gets that in ONEWAY_TOKEN, see `tokens issue`.")]
pub struct Options {
    /// The file; its first line names the columns
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    names: Names,

    /// What separates the columns
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    delimiter: u8,

    /// Which part of the history to send: `all`, the last days before the newest date of the file
    /// (`365d`), or dates that are both included (`1997-01-01..1997-12-31`, open ends allowed)
    #[arg(long, value_name = "WINDOW", default_value = "all")]
    window: Window,

    /// Where the command API is [default: that of the local stack]
    #[arg(long, value_name = "URL", env = "ONEWAY_COMMAND_API")]
    api: Option<String>,

    /// How many commands may be under way at once
    #[arg(long, value_name = "COUNT", default_value = "256")]
    concurrency: NonZeroUsize,

    /// How long one command is sent again while the API or Kafka is away, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience: u64,

    /// Check the file and report, but send nothing
    #[arg(long)]
    dry_run: bool,

    /// Exit with 1 when a line was refused
    #[arg(long)]
    strict: bool,

    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    // The file first: what is wrong with it is told without anything running.
    let history = History::new(&options, Timestamp::now())?;
    let sender = match options.dry_run {
        true => None,
        false => Some(Sender::new(
            &base(options.api.as_deref(), (SERVICE, "--api"), state)?,
            Duration::from_secs(options.patience),
        )?),
    };
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let tally = tokio::select! {
        tally = import(&options, history, sender) => tally?,
        () = signals.next() => return Err(Failure::Interrupted),
    };
    report::print(if options.json { tally.as_json()? } else { tally.as_text() });
    let is_refused = options.strict && tally.refused.count() > 0;
    Ok(ExitCode::from(u8::from(is_refused)))
}

async fn import(options: &Options, history: History, sender: Option<Sender>) -> Result<Tally> {
    let (history, survey) = tokio::task::spawn_blocking(move || {
        let survey = history.survey();
        (history, survey)
    })
    .await
    .map_err(|panic| Failure::Internal(panic.into()))?;
    let survey = survey?;
    let total = survey.customers.len() as u64 + survey.orders;
    let mut tally = Tally::new(&survey, sender.is_none());
    let is_quiet = options.json || sender.is_none();
    let mut progress = Progress::new(total, "commands answered", is_quiet);
    let send = Sending { sender, width: options.concurrency.get() };
    send.customers(survey.customers, &mut tally, &mut progress).await?;
    let since = Instant::now();
    send.orders(&history, &mut tally, &mut progress).await?;
    tally.order_time = since.elapsed();
    progress.finish();
    Ok(tally)
}

/// Sends many commands at once, or only says that they would be.
struct Sending {
    sender: Option<Sender>,
    width: usize,
}

impl Sending {
    /// All customers first: whoever follows the orders then knows their names.
    async fn customers(
        &self,
        customers: Vec<Customer>,
        tally: &mut Tally,
        progress: &mut Progress,
    ) -> Result<()> {
        let sent = futures_util::stream::iter(customers).map(|customer| async move {
            let answer = match &self.sender {
                Some(sender) => sender.create_customer(&customer).await?,
                None => Answer::Accepted,
            };
            Ok::<_, Failure>((customer, answer))
        });
        let mut sent = sent.buffer_unordered(self.width);
        while let Some(result) = sent.next().await {
            let (customer, answer) = result?;
            tally.customer(customer.line, answer);
            progress.step();
        }
        Ok(())
    }

    async fn orders(
        &self,
        history: &History,
        tally: &mut Tally,
        progress: &mut Progress,
    ) -> Result<()> {
        let sent = futures_util::stream::iter(history.orders()?).map(|order| async move {
            let order: NewOrder = order?;
            let answer = match &self.sender {
                Some(sender) => sender.create_order(&order).await?,
                None => Answer::Accepted,
            };
            Ok::<_, Failure>((order, answer))
        });
        let mut sent = sent.buffer_unordered(self.width);
        while let Some(result) = sent.next().await {
            let (order, answer) = result?;
            tally.order(order.line, order.command.value, answer);
            progress.step();
        }
        Ok(())
    }
}

/// Where the command API is: as told, or as the local stack has it.
fn delimiter(text: &str) -> std::result::Result<u8, String> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ if text == "\\t" || text == "tab" => Ok(b'\t'),
        _ => Err("must be one ASCII character, or tab".to_owned()),
    }
}
