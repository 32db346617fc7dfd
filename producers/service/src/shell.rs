//! The life of a process: settings → logs → metrics → signals → role → drain → exit code.

use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    pin::pin,
    process::ExitCode,
    time::Duration,
};

use anyhow::anyhow;
use metrics_exporter_prometheus::PrometheusHandle;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    admin, clock,
    env::{BadEnvironment, Env},
    health::Health,
    lifeline::Lifeline,
    logging, metrics, probe,
    role::{Buckets, Role, Work},
    shutdown::{Shutdown, Trigger},
    trace::{self, Exporter, Tracer},
};

/// Longest time a role may take to finish its work after SIGTERM.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// How often gathered histograms are folded, so that an unscraped process stays small.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Why a process ends before it was asked to; decides its exit code.
#[derive(Debug)]
pub enum Failure {
    /// It was set up wrongly: restarting cannot help. Exit code 64.
    Configuration(anyhow::Error),
    /// A bug, or a limit that protects the data. Exit code 70.
    Internal(anyhow::Error),
    /// Something it needs was away for longer than it may wait. Exit code 75.
    Unavailable(anyhow::Error),
}

impl Failure {
    /// The exit code.
    const fn code(&self) -> u8 {
        match self {
            Self::Configuration(_) => 64,
            Self::Internal(_) => 70,
            Self::Unavailable(_) => 75,
        }
    }

    /// The same, said of a role among others.
    pub(crate) fn of(self, role: &str) -> Self {
        let of = |error: anyhow::Error| error.context(format!("{role} failed"));
        match self {
            Self::Configuration(error) => Self::Configuration(of(error)),
            Self::Internal(error) => Self::Internal(of(error)),
            Self::Unavailable(error) => Self::Unavailable(of(error)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Configuration(error) | Self::Internal(error) | Self::Unavailable(error)) = self;
        write!(f, "{error:#}")
    }
}

impl From<BadEnvironment> for Failure {
    fn from(error: BadEnvironment) -> Self {
        Self::Configuration(error.into())
    }
}

/// What a role gets from the process that runs it.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Kebab-case name of the binary: also its consumer group, service and folder.
    pub name: &'static str,
    /// Where the role reports whether it works.
    pub health: Health,
    /// When it has to stop.
    pub shutdown: Shutdown,
    /// What it does for the traces of requests is told there.
    pub tracer: Tracer,
}

/// Runs a role to its end, in a process of its own.
pub fn run(role: Role) -> ExitCode {
    let name = role.name();
    let env = Env::of_process(name);
    if let Some(argument) = std::env::args().nth(1) {
        if argument == "--health" {
            return tell_health([(name, admin_of(&env))]);
        }
        return explain(name, &argument, || {
            log_of(&env);
            admin_of(&env);
            clock::offset_of(&env);
            trace::Settings::from_env(&env);
            let _not_done = role.configure(&env);
            env.asked()
        });
    }
    let ((format, filter), admin) = (log_of(&env), admin_of(&env));
    let _log = logging::init(format, filter.as_deref());
    clock::move_by(clock::offset_of(&env));
    let traces = trace::Settings::from_env(&env);
    let buckets = role.buckets();
    let work = role.configure(&env);
    let lifeline = env.lifeline();
    try_to_raise_file_limit();
    let end = env.finish().map_err(Failure::from).and_then(|()| {
        block_on(runtime::Builder::new_multi_thread(), async {
            let (trigger, shutdown) = Shutdown::new();
            let metrics = install_metrics(buckets);
            let life = Life { name, admin, lifeline, metrics, traces, shutdown };
            let mut life = pin!(life.live(work));
            tokio::select! {
                end = &mut life => end,
                heard = signals(&trigger) => { heard?; life.await }
            }
        })
    });
    report(name, &end)
}

/// Runs something to its end, on a runtime of its own.
pub(crate) fn block_on(
    mut runtime: runtime::Builder,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Internal(error.into()))?;
    let end = runtime.block_on(work);
    // Blocking threads that ignore the shutdown must not hold the process back.
    runtime.shutdown_timeout(Duration::from_secs(1));
    end
}

/// Says how a role or a process has ended.
pub(crate) fn report(name: &'static str, end: &Result<(), Failure>) -> ExitCode {
    match end {
        Ok(()) => {
            tracing::info!(service.name = name, "stopped");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tracing::error!(service.name = name, exit.code = failure.code(), "stopped: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// Every connection is an open file, and the usual soft limit of 1,024 is older than servers that
/// have more of them. The hard limit stays what the operator says.
///
/// # Errors
/// When the system refuses it. Otherwise says what the limit is.
pub fn raise_file_limit() -> io::Result<u64> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}

/// The same for a service, which works with fewer, too.
pub(crate) fn try_to_raise_file_limit() {
    if let Err(error) = raise_file_limit() {
        tracing::warn!(%error, "the limit of open files is left as it is");
    }
}

/// How it logs.
pub(crate) fn log_of(env: &Env) -> (logging::Format, Option<String>) {
    (env.parsed("LOG_FORMAT", logging::Format::Text), env.optional("RUST_LOG"))
}

/// Where a role has its admin port.
pub(crate) fn admin_of(env: &Env) -> SocketAddr {
    env.parsed(&env.own("ADMIN_ADDRESS"), SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// Answers whoever starts a binary by hand: it takes no arguments, but tells what it reads.
pub(crate) fn explain(
    name: &str,
    argument: &str,
    asked: impl FnOnce() -> BTreeSet<String>,
) -> ExitCode {
    if argument == "--settings" {
        let asked = asked().into_iter().collect::<Vec<_>>();
        // Whoever closed the pipe has read enough.
        let _ = writeln!(io::stdout(), "{}", asked.join("\n"));
        return ExitCode::SUCCESS;
    }
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        io::stderr(),
        "{name} {version} takes no arguments but --settings, which lists the environment \
         variables that it reads (deploy/env.example explains them), and --health, which asks the \
         service with these variables whether it is ready"
    );
    if argument == "--help" { ExitCode::SUCCESS } else { ExitCode::from(64) }
}

/// Says whether the services at these admin ports are ready; 1 when one is not, or does not answer.
pub(crate) fn tell_health(
    services: impl IntoIterator<Item = (&'static str, SocketAddr)>,
) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (name, admin) in services {
        let said = match probe::ask(admin) {
            Ok(answer) if answer.is_ready => answer.parts,
            Ok(answer) => {
                code = ExitCode::FAILURE;
                answer.parts
            }
            Err(error) => {
                code = ExitCode::FAILURE;
                format!("{admin} does not answer: {error}")
            }
        };
        // Whoever closed the pipe has read enough.
        let _ = writeln!(io::stdout(), "{name}: {said}");
    }
    code
}

/// What a role gets from its process.
pub(crate) struct Life {
    pub name: &'static str,
    pub admin: SocketAddr,
    pub lifeline: Lifeline,
    /// Absent when nothing is counted.
    pub metrics: Option<PrometheusHandle>,
    /// Absent when nothing is recorded.
    pub traces: Option<trace::Settings>,
    pub shutdown: Shutdown,
}

impl Life {
    /// Has a role work until it ends, by itself or since it is asked to.
    pub async fn live(self, work: Work) -> Result<(), Failure> {
        let Self { name, admin, lifeline, metrics, traces, shutdown } = self;
        let health = Health::default();
        let traces = Exporter::start(name, traces);
        let (tracer, exporter) = traces.map_err(|error| Failure::Internal(error.into()))?;
        let shell = Shell { name, health: health.clone(), shutdown: shutdown.clone(), tracer };
        tracing::info!(service.name = name, admin.address = %admin, "starting");
        if let Some(metrics) = metrics.clone() {
            // Ends with the runtime; has nothing to finish.
            tokio::spawn(upkeep(metrics));
        }
        let mut admin = tokio::spawn(admin::serve(admin, health, metrics));
        let end = tokio::select! {
            end = work(shell) => end,
            served = &mut admin => Err(Failure::Configuration(match served {
                Ok(Ok(())) => anyhow!("admin port closed"),
                Ok(Err(error)) => anyhow::Error::new(error).context("cannot bind the admin address"),
                Err(panic) => panic.into(),
            })),
            reason = lifeline.is_cut() => Err(Failure::Unavailable(anyhow!(reason))),
            () = drain_limit(&shutdown) => Err(Failure::Internal(anyhow!(
                "work was not finished {} s after the signal to stop", DRAIN_LIMIT.as_secs()
            ))),
        };
        if let Some(exporter) = exporter {
            exporter.finish().await;
        }
        end
    }
}

/// Waits for SIGTERM or SIGINT and begins the shutdown.
pub(crate) async fn signals(trigger: &Trigger) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::Internal(error.into()));
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
    }
    trigger.fire();
    Ok(())
}

async fn drain_limit(shutdown: &Shutdown) {
    shutdown.requested().await;
    tokio::time::sleep(DRAIN_LIMIT).await;
}

fn install_metrics(buckets: Option<Buckets>) -> Option<PrometheusHandle> {
    let recorder = metrics::recorder(buckets);
    let installed = recorder.and_then(|recorder| recorder.install_recorder());
    installed.inspect_err(|error| tracing::warn!(%error, "metrics are off")).ok()
}

/// Folds what is gathered.
async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(METRICS_UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}
