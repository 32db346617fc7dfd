//! `oneway bench changes`: what clients of the change notifier cost, and how soon they hear.

mod append;
mod figures;
mod files;
mod hot;
mod idle;
mod stream;

use std::num::NonZeroUsize;

use anyhow::{Context, anyhow};
use clap::Args;

use self::{
    append::Load,
    figures::{Figures, Hot, Resident},
    idle::Idle,
    stream::Clients,
};
use crate::{
    bench::{
        cpu::Since,
        machine::Versions,
        own_stack::{self, OwnStack, Wish},
    },
    failure::{Failure, Result},
    report::{self, Report},
    stack::{catalog::Instance, kafka, memory, plan::Scale, run::Running, signals::Signals},
    workspace::Workspace,
};

/// How the folders of such stacks begin.
const PREFIX: &str = "oneway-bench-changes-";

/// What is measured.
const SERVICE: &str = "change-notifier";

/// Clients that come and go before the first look at the memory: what is set up for the first ones
/// is there for all.
const FIRST: usize = 20;

/// Measure what clients of the change notifier cost, and how soon they hear of a change
#[derive(Debug, Args)]
#[command(
    long_about = "Measure what clients of the change notifier cost, and how soon they hear of a \
    change\n\n\
    Starts a stack of its own on free ports with its data in a temporary folder, with one instance \
    of the change notifier, and measures:\n\n  \
    idle  how much memory it has more for streams of server-sent events on which nothing comes but \
    heartbeats, once each has had one\n  \
    hot   with those still there: how long each change is under way to each of other clients that \
    hear all of them, from where a consumer hands it to its producer, after its commit, until the \
    client has read it\n\n\
    Ends with 1 when a client missed a change, heard one twice or out of order, or was cut off. \
    The clients are in this process, on the same machine. Each takes an open file here and one \
    there.",
    after_help = "Examples:\n  cargo oneway bench changes --release\n  cargo oneway bench changes \
    --idle 500 --hot 10 --seconds 3 --json"
)]
pub struct Options {
    /// Clients that hear nothing
    #[arg(long, default_value = "10000", value_name = "COUNT")]
    idle: NonZeroUsize,

    /// Clients that hear everything
    #[arg(long, default_value = "100", value_name = "COUNT")]
    hot: NonZeroUsize,

    /// Changes per second
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// How long they are timed, after a second that is not
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,

    /// Measure optimised binaries
    #[arg(long)]
    release: bool,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Use the binaries that are there
    #[arg(long)]
    no_build: bool,
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<()> {
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    files::allow(options.idle.get().saturating_add(options.hot.get()))?;
    if !options.no_build {
        own_stack::build(workspace, &[SERVICE], options.release, &report, &mut signals).await?;
        return own_stack::become_built(workspace, options.release);
    }
    let wish =
        Wish { service: SERVICE, scale: Scale::new(), prefix: PREFIX, release: options.release };
    let measuring = async |stack: OwnStack<'_>, running: &mut Running| {
        Bench { options, stack }.run(running).await
    };
    let (figures, ended) =
        own_stack::measure(wish, workspace, &report, &mut signals, measuring).await?;
    report::print(if options.json {
        serde_json::to_string_pretty(&figures).context("cannot print the figures")?
    } else {
        figures::text(&figures)
    });
    figures.hot.verdict().and(ended)
}

struct Bench<'a> {
    options: &'a Options,
    stack: OwnStack<'a>,
}

impl Bench<'_> {
    async fn run(self, running: &mut Running) -> Result<Figures> {
        let machine = self.stack.machine.clone();
        let versions = Versions::of(&self.stack.starter.workspace, true).await;
        let clients = self.start(running).await?;
        let release = self.options.release;
        let measured = tokio::select! {
            measured = self.measure(running, clients) => measured,
            failure = running.service_ends() => Err(failure),
        };
        let (idle, hot) = measured?;
        running.stop_services().await;
        Ok(Figures { machine, versions, release, idle, hot })
    }

    /// Starts the notifier, with room for all clients.
    async fn start(&self, running: &mut Running) -> Result<Clients> {
        let instance = self.stack.plan.instances.first().context("there is no change notifier")?;
        let Options { idle, hot, .. } = self.options;
        let mut spec = self.stack.starter.spec(instance)?;
        let places = idle.get() + hot.get() + FIRST;
        spec.env.push(("CHANGE_NOTIFIER_CONNECTIONS".to_owned(), places.to_string()));
        running.start_services(vec![(instance.clone(), spec)]).await?;
        let Instance { http_port, .. } = instance;
        Ok(Clients::of(http_port.context("it has no port")?))
    }

    async fn measure(&self, running: &Running, clients: Clients) -> Result<(Resident, Hot)> {
        let Options { idle, hot, rate, seconds, .. } = *self.options;
        let pid = running.pid(SERVICE).context("the change notifier does not run")?;
        Idle::connect(clients, FIRST).await?.leave().await?;
        let before = resident_bytes(pid)?;
        let report = self.stack.report;
        let step = report.step(&format!("{idle} idle clients"));
        let idlers = Idle::connect(clients, idle.get()).await?;
        step.at(&format!("{idle} idle clients: waiting for a heartbeat of each"));
        idlers.each_hears().await?;
        let resident = Resident::new(idle, before, resident_bytes(pid)?);
        step.done(&format!("{idle} idle clients: {:.0} bytes each", resident.bytes_per_client));
        let step = report.step(&format!("{hot} clients hear {rate} changes/s"));
        let (settings, load) = (self.stack.settings()?, Load { rate, seconds });
        let watched = [("kafka", running.pid(kafka::NAME)), (SERVICE, Some(pid))];
        let watched = watched.into_iter().filter_map(|(name, pid)| Some((name, pid?)));
        let cpu = Since::now(watched.chain([("clients", std::process::id())]));
        let heard = hot::hear(&settings, clients, hot, load).await?;
        let peak =
            memory::peak_resident_bytes(pid).context("it does not say what memory it had")?;
        let hot = Hot::new(hot, load, heard, cpu.spent(), peak);
        step.done(&format!("{} clients heard {} changes", hot.clients, hot.changes));
        idlers.leave().await?;
        Ok((resident, hot))
    }
}

fn resident_bytes(pid: u32) -> Result<u64> {
    let bytes = memory::resident_bytes(pid);
    Ok(bytes.ok_or_else(|| anyhow!("the change notifier does not say what memory it has"))?)
}
