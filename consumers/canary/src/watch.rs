//! Run after run, and what is told of each.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metrics::{counter, gauge, histogram};
use schemas::Timestamp;
use service::{Failure, Shell, health::Part};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    client::Client,
    error::Error,
    metrics::{self as counted, LAST_SUCCESS, OK, RUNS, SECONDS},
    order::{self, Correction},
    run::{Report, Stage, run, within},
    settings::Settings,
};

/// Name of the part of the health.
const PART: &str = "runs";

/// Watches until the shutdown.
pub async fn watch(shell: Shell, settings: Settings) -> Result<(), Failure> {
    counted::start();
    let Settings { interval: every, limit, services, token_file } = settings;
    let client = Client::new(services).map_err(|error| Failure::Internal(error.into()))?;
    let part = shell.health.part(PART);
    shell.health.complete();
    // It is ready when it runs, whatever comes of that: whoever takes an unready canary away, or
    // holds a roll-out back for it, loses the one that says what is wrong. What the last run has
    // met is said beside.
    part.ready();
    let (is_placed, has_failed) = (false, false);
    let mut canary = Canary { client, token_file, limit, part, is_placed, has_failed };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let turn = async {
            ticks.tick().await;
            canary.turn().await;
        };
        // A run that is under way leaves nothing behind that has to be finished.
        tokio::select! {
            () = shell.shutdown.requested() => return Ok(()),
            () = turn => {}
        }
    }
}

/// What lives from run to run.
struct Canary {
    client: Client,
    token_file: Option<PathBuf>,
    limit: Duration,
    part: Part,
    /// The order is known to be there.
    is_placed: bool,
    /// The last run did not come through.
    has_failed: bool,
}

impl Canary {
    async fn turn(&mut self) {
        let correction = Correction::new(Timestamp::now());
        let made = self.make(&correction).await;
        let report = made.unwrap_or_else(|error| Report::of_failure(Stage::Accepted, error));
        let failed = report.failed();
        // Perhaps the log is another one by now, without the order.
        self.is_placed &= failed != Some(Stage::Accepted);
        self.tell(&report, failed, &correction.correlation_id);
    }

    async fn make(&mut self, correction: &Correction) -> Result<Report, Error> {
        let deadline = Instant::now() + self.limit;
        let asking = self.client.asking(self.token_file.as_deref()).await?;
        if !self.is_placed {
            within(deadline, order::place(&asking, self.limit)).await?;
            self.is_placed = true;
        }
        Ok(run(&asking, correction, deadline).await)
    }

    fn tell(&mut self, report: &Report, failed: Option<Stage>, correlation_id: &str) {
        for (stage, took) in report.reached() {
            histogram!(SECONDS, "stage" => stage.as_str()).record(took);
        }
        counter!(RUNS, "result" => failed.map_or(OK, Stage::as_str)).increment(1);
        if let Some(stage) = failed {
            let (stage, reason) = (stage.as_str(), report.reason());
            tracing::warn!(canary.stage = stage, correlation.id = correlation_id, "{reason}");
            self.part.impaired(format!("the last run has failed: {reason}"));
        } else {
            gauge!(LAST_SUCCESS).set(since_1970().as_secs_f64());
            self.part.ready();
            if self.has_failed {
                tracing::info!(correlation.id = correlation_id, "runs come through again");
            }
        }
        self.has_failed = failed.is_some();
    }
}

/// By the system's clock, even where ours was moved: rules compare it with their own.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
