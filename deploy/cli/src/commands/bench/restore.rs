//! `oneway bench restore`: how long a command processor takes to be itself again.
//!
//! Fills the state topic of one partition with orders, then measures the real binary on it: against
//! a plain consume loop, from a checkpoint, killed under load, and from the events alone.

mod fill;
mod load;
mod processor;

use std::{path::Path, time::Duration};

use anyhow::{Context, anyhow};
use clap::Args;
use event_log::{
    Settings,
    topics::{self, Declaration},
};
use schemas::Namespace;
use serde::Serialize;
use tempfile::TempDir;

use self::processor::{Processor, Restored};
use crate::{
    bench::drain,
    commands::{
        cluster::{Cluster, failed},
        schemas::register,
    },
    failure::{Failure, Result},
    report::{Report, print},
    stack::{build, catalog, signals::Signals},
    workspace::Workspace,
};

/// Measure how long a command processor takes to restore one partition, and to be back after a kill
#[derive(Debug, Args)]
#[command(long_about = "Measure how long a command processor takes to restore one partition, and \
    to be back after a kill\n\n\
    Works in a namespace of its own on the cluster that is named or runs here, and leaves its \
    topics behind: use a cluster that is thrown away afterwards.")]
pub struct Options {
    /// How many aggregates there are in the partition
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    aggregates: usize,

    /// Commands per second while it is killed
    #[arg(long, default_value_t = 5_000, value_name = "COUNT")]
    rate: u32,

    /// Leave out the restore from the events
    #[arg(long)]
    no_events: bool,

    /// Measure optimised binaries
    #[arg(long)]
    release: bool,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cluster: Cluster,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    aggregates: usize,
    release: bool,
    /// Reading and dropping every record of the state topic, best of two.
    raw_seconds: f64,
    /// Without a checkpoint folder: from the whole state topic.
    state_topic: Restored,
    /// The first time with one: the same, and the file is written.
    state_topic_and_checkpoint: Restored,
    /// From the file.
    checkpoint: Restored,
    checkpoint_bytes: u64,
    /// Killed under load: until the next event was committed.
    seconds_to_commit_after_kill: f64,
    checkpoint_after_kill: Restored,
    /// The state topic says nothing: folded from the events.
    events: Option<Restored>,
}

/// Runs the command.
pub async fn run(options: Options, workspace: &Workspace, state: &Path) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let services = catalog::select(services, &["command-processor".into()])?;
    build::build(workspace, &services, options.release, &report, &mut signals).await?;
    let service = services.first().context("there is no command processor")?;
    let program = build::binary(workspace, &service.name, options.release)?;
    let settings = installation(options.cluster.clone().settings(state)?).await?;
    let bench = Bench { options: &options, settings, program, report };
    let figures = tokio::select! {
        figures = bench.run() => figures?,
        () = signals.next() => return Err(Failure::Interrupted),
    };
    if options.json {
        print(serde_json::to_string_pretty(&figures).context("cannot print the figures")?);
    } else {
        print(table(&figures));
    }
    Ok(())
}

/// A namespace of its own, every topic with one partition.
async fn installation(cluster: Settings) -> Result<Settings> {
    let name = format!("bench-restore-{:08x}", rand::random::<u32>());
    let namespace = Namespace::new(&name).context("cannot name the bench")?;
    let settings = Settings { namespace, ..cluster };
    let topics: Vec<_> = ["customer", "order", "campaign", "mailing"]
        .into_iter()
        .flat_map(|aggregate| {
            let kept = format!("{aggregate}.events: {{holds: events, event_store: true}}");
            let compact = "config: {cleanup.policy: compact}";
            let state = format!("{aggregate}.state: {{holds: states, {compact}}}");
            [format!("{aggregate}.commands: {{holds: commands}}"), kept, state]
        })
        .collect();
    let topics = topics.join(", ");
    let yaml = format!(
        "{{partitions: 1, replication: 1, topics: {{command.results: {{holds: outcomes}}, {topics}}}}}"
    );
    let declaration = Declaration::parse(&yaml).context("the bench's own topics")?;
    let plan = topics::plan(&settings, &declaration).await.map_err(failed)?;
    topics::create_missing(&settings, &plan).await.map_err(failed)?;
    register(&settings).await?;
    Ok(settings)
}

struct Bench<'a> {
    options: &'a Options,
    settings: Settings,
    program: std::path::PathBuf,
    report: Report,
}

impl Bench<'_> {
    async fn run(&self) -> Result<Figures> {
        let Options { aggregates, rate, no_events, release, .. } = *self.options;
        let step = self.report.step(&format!("writing {aggregates} aggregates"));
        let settings = self.settings.clone();
        fill::fill(&settings, aggregates, !no_events).await?;
        step.done(&format!("{aggregates} aggregates written"));
        let raw_seconds = self.raw().await?.min(self.raw().await?);

        let folder = TempDir::new().context("cannot make a folder for checkpoints")?;
        let state_topic = self.life(None, "state topic").await?.1;
        let (first, state_topic_and_checkpoint) = self.life(Some(&folder), "state topic").await?;
        first.kill().await?;
        let (second, checkpoint) = self.life(Some(&folder), "checkpoint").await?;
        let checkpoint_bytes = bytes_below(folder.path())?;

        let load = load::Load::start(&self.settings, aggregates, rate).await?;
        let step = self.report.step("deciding commands, then killed");
        load.until_committed(Duration::from_secs(12)).await?;
        let killed = second.kill().await?;
        let (third, checkpoint_after_kill) = self.life(Some(&folder), "checkpoint").await?;
        let seconds_to_commit_after_kill = load.first_commit_after(killed).await?.as_secs_f64();
        step.done("back after a kill under load");
        load.stop().await?;
        third.kill().await?;
        let events = if no_events { None } else { Some(self.events_alone().await?) };
        Ok(Figures {
            aggregates,
            release,
            raw_seconds,
            state_topic,
            state_topic_and_checkpoint,
            checkpoint,
            checkpoint_bytes,
            seconds_to_commit_after_kill,
            checkpoint_after_kill,
            events,
        })
    }

    async fn raw(&self) -> Result<f64> {
        let settings = self.settings.clone();
        let drained = tokio::task::spawn_blocking(move || drain::drain(&settings, &[fill::STATES]));
        let (_, took) = drained.await.context("the consume loop panicked")??;
        Ok(took.as_secs_f64())
    }

    /// Starts a processor and waits until it has restored; it must have come from `source`.
    async fn life(
        &self,
        checkpoints: Option<&TempDir>,
        source: &str,
    ) -> Result<(Processor, Restored)> {
        let step = self.report.step(&format!("restoring from: {source}"));
        let folder = checkpoints.map(TempDir::path);
        let mut processor = Processor::start(&self.program, &self.settings, folder)?;
        let restored = processor.restored().await?;
        step.done(&format!("restored from: {}", restored.source));
        if restored.source != source {
            let found = &restored.source;
            return Err(anyhow!("it restored from the {found}, not from the {source}").into());
        }
        Ok((processor, restored))
    }

    async fn events_alone(&self) -> Result<Restored> {
        fill::withdraw_completeness(&self.settings).await?;
        let (processor, restored) = self.life(None, "events").await?;
        processor.kill().await?;
        Ok(restored)
    }
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).context("cannot look at the checkpoints")? {
        let entry = entry.context("cannot look at the checkpoints")?;
        let kind = entry.metadata().context("cannot look at a checkpoint")?;
        bytes += if kind.is_dir() { bytes_below(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn table(figures: &Figures) -> String {
    let count = figures.aggregates as f64;
    let mut lines = vec![format!(
        "{:<34} {:>9} {:>14} {:>12} {:>12} {:>10}",
        "1 partition", "seconds", "aggregates/s", "× raw loop", "state bytes", "RSS MB"
    )];
    let raw = figures.raw_seconds;
    lines.push(format!(
        "{:<34} {raw:>9.2} {:>14.0} {:>12.2}",
        "raw consume loop",
        count / raw,
        1.0
    ));
    let mut row = |name: &str, restored: &Restored| {
        let Restored { seconds, bytes, resident_bytes, .. } = restored;
        lines.push(format!(
            "{name:<34} {seconds:>9.2} {:>14.0} {:>12.2} {:>12.1} {:>10.0}",
            count / seconds,
            raw / seconds,
            *bytes as f64 / count,
            *resident_bytes as f64 / 1e6,
        ));
    };
    row("state topic", &figures.state_topic);
    row("state topic, writes a checkpoint", &figures.state_topic_and_checkpoint);
    row("checkpoint", &figures.checkpoint);
    row("checkpoint, after a kill -9", &figures.checkpoint_after_kill);
    if let Some(events) = &figures.events {
        row("events (no state topic)", events);
    }
    lines.push(format!(
        "first commit after a kill -9 under load: {:.1} s · checkpoint file: {:.1} MB",
        figures.seconds_to_commit_after_kill,
        figures.checkpoint_bytes as f64 / 1e6
    ));
    lines.join("\n")
}
