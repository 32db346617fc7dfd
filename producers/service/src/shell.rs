//! The life of a process: settings → logs → metrics → signals → role → drain → exit code.

use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    admin,
    env::{BadEnvironment, Env},
    health::Health,
    lifeline::Lifeline,
    logging,
    shutdown::{Shutdown, Trigger},
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
    const fn code(&self) -> u8 {
        match self {
            Self::Configuration(_) => 64,
            Self::Internal(_) => 70,
            Self::Unavailable(_) => 75,
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
}

/// Runs a role to its end: `configure` reads its settings, `role` works until the shutdown.
pub fn run<S, F>(
    name: &'static str,
    configure: impl FnOnce(&Env) -> S,
    role: impl FnOnce(Shell, S) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    let env = Env::of_process(name);
    if let Some(argument) = std::env::args().nth(1) {
        return explain(name, &argument, || {
            read(&env);
            configure(&env);
            env.asked()
        });
    }
    let (format, filter, admin) = read(&env);
    let _log = logging::init(format, filter.as_deref());
    let settings = configure(&env);
    let lifeline = env.lifeline();
    raise_file_limit();
    let end = env.finish().map_err(Failure::from).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Internal(error.into()))?;
        let end = runtime.block_on(live(name, admin, &lifeline, |shell| role(shell, settings)));
        // Blocking threads that ignore the shutdown must not hold the process back.
        runtime.shutdown_timeout(Duration::from_secs(1));
        end
    });
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
fn raise_file_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files is left as it is");
    }
}

/// The shell's own settings.
fn read(env: &Env) -> (logging::Format, Option<String>, SocketAddr) {
    let format = env.parsed("LOG_FORMAT", logging::Format::Text);
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    (format, env.optional("RUST_LOG"), env.parsed(&env.own("ADMIN_ADDRESS"), loopback))
}

/// Answers whoever starts a binary by hand: it takes no arguments, but tells what it reads.
fn explain(name: &str, argument: &str, asked: impl FnOnce() -> BTreeSet<String>) -> ExitCode {
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
         variables that it reads; deploy/env.example explains them"
    );
    if argument == "--help" { ExitCode::SUCCESS } else { ExitCode::from(64) }
}

async fn live<F>(
    name: &'static str,
    admin: SocketAddr,
    lifeline: &Lifeline,
    role: impl FnOnce(Shell) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let (trigger, shutdown) = Shutdown::new();
    let health = Health::default();
    let metrics = install_metrics();
    let shell = Shell { name, health: health.clone(), shutdown: shutdown.clone() };
    tracing::info!(service.name = name, admin.address = %admin, "starting");

    let mut admin = tokio::spawn(admin::serve(admin, health, metrics));
    let signals = signals(&trigger);
    let work = async {
        tokio::select! {
            end = role(shell) => end,
            served = &mut admin => Err(Failure::Configuration(match served {
                Ok(Ok(())) => anyhow::anyhow!("admin port closed"),
                Ok(Err(error)) => anyhow::Error::new(error).context("cannot bind the admin address"),
                Err(panic) => panic.into(),
            })),
            reason = lifeline.is_cut() => Err(Failure::Unavailable(anyhow::anyhow!(reason))),
            () = drain_limit(&shutdown) => Err(Failure::Internal(anyhow::anyhow!(
                "work was not finished {} s after the signal to stop", DRAIN_LIMIT.as_secs()
            ))),
        }
    };
    tokio::pin!(work);
    tokio::select! {
        end = &mut work => end,
        signals = signals => { signals?; work.await }
    }
}

/// Waits for SIGTERM or SIGINT and begins the shutdown.
async fn signals(trigger: &Trigger) -> Result<(), Failure> {
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

fn install_metrics() -> Option<PrometheusHandle> {
    match PrometheusBuilder::new().install_recorder() {
        Ok(handle) => {
            let upkeep = handle.clone();
            // Ends with the runtime; has nothing to finish.
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(METRICS_UPKEEP);
                loop {
                    ticks.tick().await;
                    upkeep.run_upkeep();
                }
            });
            Some(handle)
        }
        Err(error) => {
            tracing::warn!(%error, "metrics are off");
            None
        }
    }
}
