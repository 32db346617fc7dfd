//! A stack of a benchmark's own: on free ports, with its data in a temporary folder.

use std::os::unix::process::CommandExt;

use event_log::Settings;

use crate::{
    bench::machine::Machine,
    chaos::stage::Starter,
    commands::cluster,
    failure::{Failure, Result},
    prepare::prepare,
    report::Report,
    stack::{
        build, catalog,
        plan::{Existing, Plan, Scale},
        ports::Policy,
        run::{Ground, Running},
        signals::Signals,
        temporary::Temporary,
    },
    workspace::Workspace,
};

/// The program that measures.
const OURSELVES: &str = "oneway";

/// What such a stack is to have.
#[derive(Debug)]
pub struct Wish<'a> {
    /// The service that is measured.
    pub service: &'a str,
    /// How many instances of it there may be.
    pub scale: Scale,
    /// How the folders of such stacks begin, so that those of killed runs are found again.
    pub prefix: &'a str,
    /// Whether optimised binaries are measured.
    pub release: bool,
}

/// The stack: its infrastructure runs; services are started by whoever measures them.
#[derive(Debug)]
pub struct OwnStack<'a> {
    /// What is where.
    pub plan: &'a Plan,
    /// Starts services.
    pub starter: Starter,
    /// Tells how far it is.
    pub report: &'a Report,
    /// The machine, as it was before anything ran.
    pub machine: Machine,
}

impl OwnStack<'_> {
    /// How its log is reached.
    pub fn settings(&self) -> Result<Settings> {
        let endpoints = &self.plan.endpoints;
        cluster::settings(&endpoints.kafka_brokers, &endpoints.schema_registry_url, "")
    }

    async fn start(&self, running: &mut Running) -> Result<()> {
        let Starter { workspace, folder, .. } = &self.starter;
        running
            .start_infrastructure(
                self.plan,
                Ground { workspace, folder, ephemeral: true, secure: None },
            )
            .await?;
        prepare(&self.plan.endpoints, "", self.report).await
    }
}

/// Builds what is measured, and what it is measured with: that is part of this program.
pub async fn build(
    workspace: &Workspace,
    services: &[&str],
    release: bool,
    report: &Report,
    signals: &mut Signals,
) -> Result<()> {
    report.note("building what is measured; optimised binaries take some minutes the first time");
    build::binaries(workspace, &[services, &[OURSELVES]].concat(), release, signals).await
}

/// Goes on as the program that was built. Returns only when it cannot.
pub fn become_built(workspace: &Workspace, release: bool) -> Result<()> {
    let mut built = std::process::Command::new(workspace.binary(OURSELVES, release));
    let error = built.args(std::env::args_os().skip(1)).arg("--no-build").exec();
    Err(anyhow::Error::new(error).context("cannot run the binary that was built").into())
}

/// Measures on such a stack, which is gone afterwards: what was measured, and how the stack ended.
pub async fn measure<T>(
    wish: Wish<'_>,
    workspace: &Workspace,
    report: &Report,
    signals: &mut Signals,
    measuring: impl AsyncFnOnce(OwnStack<'_>, &mut Running) -> Result<T>,
) -> Result<(T, Result<()>)> {
    let machine = Machine::here();
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let services = catalog::select(services, &[wish.service.to_owned()])?;
    let none = Existing::default();
    let (plan, _reservation) =
        Plan::make(&none, services, &wish.scale, Policy::Auto, &workspace.ports())?;
    let temporary = Temporary::create(wish.prefix, report).await?;
    let folder = temporary.folder();
    let document = plan.document(folder, "");
    let mut running = Running::begin(folder, folder.lock()?, document, report.clone())?;
    let starter = Starter {
        workspace: workspace.clone(),
        folder: folder.clone(),
        endpoints: plan.endpoints.clone(),
        release: wish.release,
        env: Vec::new(),
    };
    let stack = OwnStack { plan: &plan, starter, report, machine };
    let measured = tokio::select! {
        measured = async {
            stack.start(&mut running).await?;
            measuring(stack, &mut running).await
        } => measured,
        () = signals.next() => Err(Failure::Interrupted),
    };
    let stopped = running.stop(signals).await;
    let deleted = temporary.delete();
    Ok((measured?, stopped.and(deleted)))
}
