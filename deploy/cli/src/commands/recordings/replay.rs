//! Sends the commands of a file.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use event_log::{Registry, Settings, restore::PartitionReader};
use indicatif::HumanCount;
use schemas::{CommandId, Encoder, Messages, any_command::Encoders};
use serde_json::json;
use tokio::{runtime::Handle, time::MissedTickBehavior};
use uuid::Uuid;

use super::{
    file::{self, Line},
    outcomes::{self, Decided},
    place::{self, Place},
    sending::{Outgoing, Sending},
};
use crate::{
    commands::cluster::{Cluster, failed},
    failure::{Failure, Result},
    progress::Progress,
    refused::Refused,
    report::print,
    stack::signals::Signals,
};

/// How often is kept how far it is.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// How long the processors may stand still while they are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Send the commands of a file again, in its order
#[derive(Debug, Args)]
#[command(long_about = "Send the commands of a file again, in its order\n\n\
    A line is a JSON object with aggregateName, aggregateId, command and payload, as `export` and \
    other tools write it. Whoever asked for a command then is named as its actor now; nothing in \
    the file logs anybody in.\n\n\
    Commands keep their ids, times and expected versions: what was decided already changes nothing. \
    With --as-new they get new ids and count as made now, each once per replay; commands that \
    policies gave are then left out, since the policies answer the new ones themselves.\n\n\
    How far it is stands in FILE.place: a replay that was stopped is gone on with by running it \
    again. Lines that are no commands are reported, and the others are sent: that is exit code 0, or \
    1 with --strict.")]
pub struct Options {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Give the commands new ids: what they wish is wished anew
    #[arg(long)]
    as_new: bool,
    /// Leave out the commands that policies gave
    #[arg(long)]
    without_policies: bool,
    /// Most commands per second; as fast as it goes without it
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Begin at the first line, whatever was sent before
    #[arg(long)]
    again: bool,
    /// Check the file and report, but send nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with 1 when a line is no command or was refused
    #[arg(long)]
    strict: bool,
    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the command.
pub async fn run(options: Options, state: &Path) -> Result<ExitCode> {
    let survey = Survey::of(&options)?;
    if options.dry_run {
        return Ok(tell(&options, &survey, &Decided::default()));
    }
    let settings = options.cluster.clone().settings(state)?;
    let place_file = place::beside(&options.file);
    let fresh = Place {
        as_new: options.as_new.then(Uuid::now_v7),
        namespace: settings.namespace.as_str().to_owned(),
        cluster: cluster_id(&settings).await?,
        line: 0,
        is_done: false,
    };
    let place = place::begin(&place_file, fresh, options.again)?;
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let replay = Replay { options: &options, settings: &settings, place_file: &place_file };
    let decided = replay.run(place, survey.commands, &mut signals).await?;
    Ok(tell(&options, &survey, &decided))
}

/// What is in the file.
#[derive(Debug, Default)]
struct Survey {
    commands: u64,
    left_out: u64,
    refused: Refused,
}

impl Survey {
    fn of(options: &Options) -> Result<Self> {
        let mut survey = Self::default();
        for line in file::lines(&options.file)? {
            let line = line?;
            match &line.command {
                Err(reason) => survey.refused.add(line.number, reason.clone()),
                Ok(_) if is_left_out(&line, options) => survey.left_out += 1,
                Ok(_) => survey.commands += 1,
            }
        }
        Ok(survey)
    }
}

/// A command that answers an event has the event's id as its cause.
fn is_left_out(line: &Line, options: &Options) -> bool {
    let by_policy = line.command.as_ref().is_ok_and(|(c, _)| c.causation_id.is_some());
    by_policy && (options.without_policies || options.as_new)
}

struct Replay<'a> {
    options: &'a Options,
    settings: &'a Settings,
    place_file: &'a Path,
}

impl Replay<'_> {
    async fn run(&self, mut place: Place, total: u64, signals: &mut Signals) -> Result<Decided> {
        let (settings, runtime) = (self.settings, Handle::current());
        let of = settings.clone();
        let begins = blocking(move || outcomes::ends(&of)).await?;
        let encoders = encoders(settings).await?;
        let mut sending = Sending::new(settings, encoders, place.line)?;
        let mut ids = HashMap::new();
        let sent = tokio::select! {
            sent = self.send(&mut sending, &place, total, &mut ids) => sent,
            () = signals.next() => Err(Failure::Interrupted),
        };
        // What is under way counts once it is acknowledged, also when it was stopped.
        let finished = sending.finish().await;
        (place.line, place.is_done) = (sending.line, sent.is_ok() && finished.is_ok());
        place.store(self.place_file)?;
        sent.and(finished)?;
        outcomes::until_decided(settings, &sending.last, PATIENCE).await?;
        let of = settings.clone();
        blocking(move || outcomes::decided(&of, &runtime, &begins, ids)).await
    }

    async fn send(
        &self,
        sending: &mut Sending,
        place: &Place,
        total: u64,
        ids: &mut HashMap<CommandId, u64>,
    ) -> Result<()> {
        let Self { options, place_file, .. } = self;
        let mut progress = Progress::new(total, "commands sent", options.json);
        let mut pace = options.rate.map(|rate| {
            let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
            pace
        });
        let mut kept = Instant::now();
        for line in file::lines(&options.file)? {
            let line = line?;
            let left_out = is_left_out(&line, options);
            let Ok((recorded, sendable)) = line.command else { continue };
            if left_out {
                continue;
            }
            progress.step();
            if line.number <= place.line {
                continue;
            }
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let id = match place.as_new {
                Some(run) => CommandId(Uuid::new_v5(&run, &line.number.to_be_bytes())),
                None => sendable.id.unwrap_or(CommandId(line.id)),
            };
            ids.insert(id, line.number);
            let is_same = place.as_new.is_none();
            let outgoing = Outgoing { line: line.number, id, recorded, sendable, is_same };
            sending.send(&outgoing).await?;
            if kept.elapsed() >= KEEP_EVERY {
                kept = Instant::now();
                Place { line: sending.line, ..place.clone() }.store(place_file)?;
            }
        }
        progress.finish();
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, event_log::Error> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panic| Failure::Internal(panic.into()))?.map_err(failed)
}

async fn cluster_id(settings: &Settings) -> Result<String> {
    let settings = settings.clone();
    let id = blocking(move || Ok(PartitionReader::new(&settings)?.cluster_id())).await?;
    id.ok_or_else(|| Failure::unavailable("the brokers do not answer"))
}

async fn encoders(settings: &Settings) -> Result<Encoders> {
    async fn of<M: Messages>(settings: &Settings) -> Result<Encoder<M>> {
        let registry = Registry::of(settings);
        registry.encoder(&settings.namespace).await.map_err(failed)
    }
    Ok(Encoders {
        customer: of(settings).await?,
        order: of(settings).await?,
        campaign: of(settings).await?,
        mailing: of(settings).await?,
    })
}

/// Reports; returns the exit code.
fn tell(options: &Options, survey: &Survey, decided: &Decided) -> ExitCode {
    let Survey { commands, left_out, refused } = survey;
    let Decided { accepted, refused: rejected } = decided;
    if options.json {
        let value = json!({
            "dryRun": options.dry_run,
            "commands": commands,
            "leftOut": left_out,
            "accepted": accepted,
            "rejectedCount": rejected.count(),
            "rejected": rejected.lines(),
            "refusedCount": refused.count(),
            "refused": refused.lines(),
        });
        print(format!("{value:#}"));
    } else {
        let verb = if options.dry_run { "would be sent" } else { "sent, or were before" };
        print(format!("commands   {} {verb}", HumanCount(*commands)));
        if *left_out > 0 {
            print(format!("left out   {} of policies", HumanCount(*left_out)));
        }
        print(refused.as_text("refused"));
        if !options.dry_run {
            print(format!("accepted   {}", HumanCount(*accepted)));
            print(rejected.as_text("rejected"));
        }
    }
    let is_bad = options.strict && refused.count() + rejected.count() > 0;
    ExitCode::from(u8::from(is_bad))
}
