//! Waits until nobody takes part in a group any more.

use std::time::Duration;

use anyhow::{Context, anyhow};
use event_log::{Settings, members};
use tokio::time::{Instant, sleep};

use crate::{
    commands::cluster::failed,
    failure::{Failure, Result},
    report::Report,
};

/// How long members are waited for to leave: longer than the session of one that was stopped.
const PATIENCE: Duration = Duration::from_secs(15);

/// Waits until a service is stopped, whose group has its name; `since` says why it has to be.
pub async fn until_stopped(
    settings: &Settings,
    service: &'static str,
    since: &str,
    report: &Report,
) -> Result<()> {
    let step = report.step(&format!("waiting for instances of {service} to leave"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let cluster = settings.clone();
        let count = tokio::task::spawn_blocking(move || members::count(&cluster, service)).await;
        let count = count.context("counting panicked")?.map_err(failed)?;
        if count == 0 {
            step.done(&format!("no {service} runs"));
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Failure::Negative(anyhow!(
                "{count} instances of {service} run: stop them first, {since}"
            )));
        }
        sleep(Duration::from_millis(500)).await;
    }
}
