//! Looks at the log before anything is written to it. An event store that forgets, or whose keys
//! have moved, must not be gone on with: the process refuses to start, unless the very risk is
//! accepted by setting, which is then told at each start and by a metric for as long as it lasts.

mod keys;
mod risk;

use std::time::Duration;

use anyhow::anyhow;
use event_log::{
    Error, ErrorClass, Settings,
    backoff::Backoff,
    topics::{Described, describe},
};
use metrics::gauge;
use schemas::Topic;
use service::{Failure, Shell};

pub use risk::Accepted;
use risk::{Finding, Risk, findings};

use crate::metrics::ACCEPTED_RISK;

/// The topics of one aggregate type.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// Its commands.
    pub commands: Topic,
    /// Its events: the store itself.
    pub events: Topic,
    /// Its states.
    pub state: Topic,
}

/// Looks until the brokers have answered; false when the process is to stop before.
pub async fn pass(
    shell: &Shell,
    settings: &Settings,
    stores: &[Store],
    accepted: &Accepted,
) -> Result<bool, Failure> {
    let health = shell.health.part("log");
    for (store, risk) in stores.iter().flat_map(|store| Risk::ALL.map(|risk| (store, risk))) {
        // Seen by rules also where there is none.
        accept(risk, store.events, 0.0);
    }
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    while !shell.shutdown.is_requested() {
        match look(settings, stores).await {
            Ok(findings) => {
                judge(&findings, accepted)?;
                health.ready();
                return Ok(true);
            }
            Err(error) if error.class() != ErrorClass::Transient => return Err(error.into()),
            Err(error) => {
                let error = anyhow!(error);
                tracing::warn!(error = format!("{error:#}"), "the log cannot be looked at yet");
                health.not_ready(format!("{error:#}"));
            }
        }
        // Cut short by a shutdown, which the loop then sees.
        let _ = tokio::time::timeout(backoff.next_wait(), shell.shutdown.requested()).await;
    }
    Ok(false)
}

/// Everything that endangers the log.
async fn look(settings: &Settings, stores: &[Store]) -> Result<Vec<Finding>, Error> {
    let topics: Vec<_> =
        stores.iter().flat_map(|store| [store.commands, store.events, store.state]).collect();
    let described = describe(settings, &topics).await?;
    let mut all = Vec::new();
    for store in stores {
        all.extend(findings(store, &described.topics));
        warn_of_forgotten_offsets(store.commands, &described);
    }
    let events: Vec<_> = stores.iter().map(|store| store.events).collect();
    all.extend(moved(settings, events, described).await?);
    Ok(all)
}

/// Reads the log, which blocks.
async fn moved(
    settings: &Settings,
    events: Vec<Topic>,
    described: Described,
) -> Result<Vec<Finding>, Error> {
    let settings = settings.clone();
    let count = move |topic| described.topics.get(&topic).map_or(0, |topic| topic.partitions);
    // All at once: nobody decides these partitions' commands meanwhile, and a client takes most of a
    // second until it reads a topic.
    let looks = events.into_iter().map(|topic| {
        let (settings, count) = (settings.clone(), count(topic));
        tokio::task::spawn_blocking(move || keys::moved(&settings, topic, count))
    });
    let mut findings = Vec::new();
    for look in looks.collect::<Vec<_>>() {
        // A panic there is a bug that the process ends with.
        let found =
            look.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        findings.extend(found?);
    }
    Ok(findings)
}

/// Refuses what is not accepted, all of it in one sentence each; tells what is.
fn judge(findings: &[Finding], accepted: &Accepted) -> Result<(), Failure> {
    let (taken, refused): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| accepted.covers(finding.risk));
    if !refused.is_empty() {
        let refused = refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Err(Failure::Configuration(anyhow!("the log is in danger: {refused}")));
    }
    for Finding { risk, topic, .. } in &taken {
        accept(*risk, *topic, 1.0);
    }
    for finding in taken {
        tracing::warn!(risk = finding.risk.name(), "started with an accepted risk: {finding}");
    }
    Ok(())
}

fn accept(risk: Risk, topic: Topic, count: f64) {
    gauge!(ACCEPTED_RISK, "risk" => risk.name(), "topic" => topic.name()).set(count);
}

/// A group that is away for longer than its offsets are kept starts over with the oldest command:
/// repeats are recognised only as far as outcomes are remembered. That cannot happen while the
/// offsets outlive the commands.
fn warn_of_forgotten_offsets(topic: Topic, described: &Described) {
    let number = |text: &String| text.parse::<i64>().ok();
    let commands = described.topics.get(&topic);
    let kept = commands.and_then(|topic| topic.config.get("retention.ms")).and_then(number);
    let offsets = described.broker.get("offsets.retention.minutes").and_then(number);
    if let (Some(kept), Some(offsets)) = (kept, offsets)
        && risk::outlive(kept, offsets)
    {
        tracing::warn!(
            kafka.topic = %topic,
            retention_ms = kept,
            offsets_retention_minutes = offsets,
            "commands are kept for longer than the group's offsets: a processor that is stopped \
             for that long decides old commands again"
        );
    }
}
