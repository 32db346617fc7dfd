//! `oneway chaos`: hurts an installation of its own under load, and verifies that nothing broke.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use event_log::Settings;
use tokio::{
    runtime::Handle,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    chaos::{
        client::Api,
        fault::Fault,
        ledger::Ledger,
        lives::Lives,
        load::{self, Crowd, Shared},
        plan::{self, Path},
        reading::{self, Observer, ReadPath},
        report::{Measured, Report as Outcome},
        stage::{CONSUMERS, Stage, Starter},
    },
    commands::cluster,
    failure::{Failure, Result},
    prepare::prepare,
    report::{self, Report},
    stack::{
        build, catalog,
        plan::{Existing, Plan, Scale},
        ports::Policy,
        run::{Ground, Running},
        signals::Signals,
        temporary::Temporary,
    },
    verify,
    workspace::Workspace,
};

/// How the folders of such stacks begin, so that those of killed runs are found again.
const PREFIX: &str = "oneway-chaos-";

/// The services of the write path.
const SERVICES: [&str; 2] = ["command-api", "command-processor"];

/// How long a command is sent again: longer than any fault, and what follows it, may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// Hurt an installation of its own under load, and verify that no promise was broken
#[derive(Debug, Args)]
#[command(
    long_about = "Hurt an installation of its own under load, and verify that no promise was \
    broken\n\n\
    Starts a whole stack on free ports with its data in a temporary folder, sends commands from \
    many clients (repeats and conflicts among them), and meanwhile hurts it.\n\n\
    The write path: kills and freezes command-processors, command-apis and Kafka, and lets further \
    command-processors join and leave. Then all that was begun must be answered by itself; the \
    answers must agree with each other and with the log, and `verify log` must be clean.\n\n\
    The read path: kills and freezes orders, customers, customer-classifier, Postgres and Kafka, \
    lets further consumers join and leave, takes all connections, locks tables and offsets. Then \
    every consumer must catch up and be ready by itself, no offset may ever have moved back, every \
    row must be what the log says, and no consumer may have taken more than 96 MiB.\n\n\
    The same path and seed make the same faults and commands. Exit code 0: nothing was broken; 1: \
    something was, and the data is kept."
)]
pub struct Options {
    /// How long faults are done
    #[arg(long, default_value_t = 10.0, value_name = "MINUTES", value_parser = parse_minutes)]
    minutes: f64,

    /// What is hurt
    #[arg(long, value_enum, default_value_t = Path::All)]
    path: Path,

    /// From which all faults and commands follow
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Instances of command-processor
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    processors: u32,

    /// Clients that buy
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    buyers: u64,

    /// Customers that several clients change at once
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    contests: u64,

    /// Clients that read models are looked at for: each is a customer, orders and is renamed
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    shoppers: u64,

    /// Do only these faults
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,

    /// Report as JSON, for scripts
    #[arg(long)]
    json: bool,

    /// Use the service binaries that are there
    #[arg(long)]
    no_build: bool,

    /// Build and run optimised service binaries
    #[arg(long)]
    release: bool,
}

fn parse_minutes(text: &str) -> std::result::Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| (0.01..=1_440.0).contains(minutes));
    minutes.ok_or_else(|| "use minutes from 0.01 to 1440".to_owned())
}

/// Runs the command.
pub async fn run(options: &Options, workspace: &Workspace) -> Result<ExitCode> {
    check(options)?;
    let report = Report::new();
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let services = catalog::read(&workspace.deploy("services.yaml"))?;
    let (names, scale) = cast(options);
    let services = catalog::select(services, &names)?;
    let none = Existing::default();
    let (plan, _reservation) =
        Plan::make(&none, services.clone(), &scale, Policy::Auto, &workspace.ports())?;
    if !options.no_build {
        build::build(workspace, &services, options.release, &report, &mut signals).await?;
    }
    let temporary = Temporary::create(PREFIX, &report).await?;
    let folder = temporary.folder();
    let mut running =
        Running::begin(folder, folder.lock()?, plan.document(folder, ""), report.clone())?;
    let starter = Starter {
        workspace: workspace.clone(),
        folder: folder.clone(),
        endpoints: plan.endpoints.clone(),
        release: options.release,
        env: if options.path.reads() { reading::environment() } else { Vec::new() },
    };
    let theatre = Theatre { options, plan: &plan, starter, report: &report };
    let result = tokio::select! {
        outcome = theatre.play(&mut running) => outcome,
        () = signals.next() => Err(Failure::Interrupted),
    };
    let stopped = running.stop(&mut signals).await;
    if is_of_interest(&result) {
        report.note(format_args!("the data and logs are kept in {}", temporary.keep()?.display()));
    } else {
        temporary.delete()?;
    }
    let outcome = result?;
    stopped?;
    if options.json {
        report::print(serde_json::to_string_pretty(&outcome).context("cannot print the report")?);
    } else {
        report::print(outcome.as_text());
    }
    Ok(ExitCode::from(u8::from(!outcome.clean)))
}

/// A fault that never comes would be waited for without end.
fn check(options: &Options) -> Result<()> {
    let known = Fault::NAMES.into_iter().filter(|name| options.path.has(name));
    let known: Vec<_> = known.collect();
    match options.only.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(Failure::setup(format!(
            "there is no fault {unknown:?} on this path: the faults are {}",
            known.join(", ")
        ))),
    }
}

/// The services that run, and how many of each.
fn cast(options: &Options) -> (Vec<String>, Scale) {
    let mut scale = Scale::from([
        ("command-api".to_owned(), 2),
        ("command-processor".to_owned(), options.processors),
    ]);
    let mut names = SERVICES.map(str::to_owned).to_vec();
    if options.path.reads() {
        names.extend(CONSUMERS.map(str::to_owned));
        scale.extend(reading::scale());
    }
    (names, scale)
}

/// Whether somebody will want to look at what is left: something broke, or could not be judged.
fn is_of_interest(result: &Result<Outcome>) -> bool {
    match result {
        Ok(outcome) => !outcome.clean,
        Err(Failure::Setup(_) | Failure::Interrupted) => false,
        Err(_) => true,
    }
}

struct Theatre<'a> {
    options: &'a Options,
    plan: &'a Plan,
    starter: Starter,
    report: &'a Report,
}

impl Theatre<'_> {
    async fn play(self, running: &mut Running) -> Result<Outcome> {
        let Self { options, plan, starter, report } = self;
        let ground = Ground {
            workspace: &starter.workspace,
            folder: &starter.folder,
            ephemeral: true,
            secure: None,
        };
        running.start_infrastructure(plan, ground).await?;
        prepare(&plan.endpoints, "", report).await?;
        let specs = plan.instances.iter().map(|i| Ok((i.clone(), starter.spec(i)?)));
        running.start_services(specs.collect::<Result<_>>()?).await?;
        let settings = cluster::settings(
            &plan.endpoints.kafka_brokers,
            &plan.endpoints.schema_registry_url,
            "",
        )?;
        let observer = match options.path.reads() {
            true => Some(Observer::begin(&plan.endpoints.database_url, &plan.instances).await?),
            false => None,
        };
        let lives = Lives::default();
        let processes = observer.as_ref().map(Observer::processes).unwrap_or_default();
        let running = &*running;
        let stage =
            Stage::new(running, starter, plan.instances.clone(), lives.clone(), report.clone())?;
        let act = Act { options, settings, observer, lives: lives.clone(), report };
        tokio::select! {
            outcome = act.play(stage, plan) => outcome,
            never = lives.watch_all(running, &processes) => match never {},
        }
    }
}

/// What comes once everything runs.
struct Act<'a> {
    options: &'a Options,
    settings: Settings,
    observer: Option<Observer>,
    lives: Lives,
    report: &'a Report,
}

impl Act<'_> {
    async fn play(self, mut stage: Stage<'_>, plan: &Plan) -> Result<Outcome> {
        let Self { options, settings, observer, lives, report } = self;
        let urls = plan.instances.iter().filter(|i| SERVICES.contains(&i.service.name.as_str()));
        let api = Api::new(urls.filter_map(catalog::Instance::url).collect());
        let api = api.map_err(|error| Failure::Internal(error.into()))?;
        let (served, serving) = watch::channel(Instant::now());
        let ledger = Ledger::default();
        let shared = Arc::new(Shared { api, ledger, served, patience: PATIENCE });
        let (stop, stopped) = watch::channel(false);
        let shoppers = if options.path.reads() { options.shoppers } else { 0 };
        let crowd = Crowd { buyers: options.buyers, contests: options.contests, shoppers };
        let clients = load::start(&shared, crowd, options.seed, &stopped);
        let (finished, all_finished) = watch::channel(false);
        let silence = tokio::spawn(longest_silence(serving, all_finished));

        let hurt = hurt(options, &mut stage, report).await?;
        let (last_fault, faults) = (Instant::now(), std::mem::take(&mut stage.done));
        stop.send_replace(true);
        let settle = async {
            finish(clients).await?;
            report.note("every client has its answers");
            Ok::<_, Failure>(last_fault.elapsed())
        };
        let heal = async {
            stage.heal().await?;
            report.note("the last fault is over");
            Ok::<_, Failure>(Instant::now())
        };
        let (settled, healed) = tokio::join!(settle, heal);
        let (settled, healed) = (settled?, healed?);
        finished.send_replace(true);
        let silence = silence.await.map_err(|panic| Failure::Internal(panic.into()))?;
        let attempts = shared.api.attempts();
        let measured = Measured { hurt, faults, attempts, silence, settled };
        report.note("looking at the log");
        let read_path = match &observer {
            Some(observer) => Some(observer.judge(&settings, healed, &lives).await?),
            None => None,
        };
        judge(options.seed, settings, shared, measured, read_path).await
    }
}

/// Does the faults of the plan, and tells for how long.
async fn hurt(options: &Options, stage: &mut Stage<'_>, report: &Report) -> Result<Duration> {
    let (begun, whole) = (Instant::now(), Duration::from_secs_f64(options.minutes * 60.0));
    let faults = plan::faults(options.path, options.seed);
    let is_wanted = |fault: Fault| {
        options.only.is_empty() || options.only.iter().any(|name| name == fault.name())
    };
    for planned in faults.filter(|planned| is_wanted(planned.fault)) {
        sleep(planned.wait.min(whole.saturating_sub(begun.elapsed()))).await;
        if begun.elapsed() >= whole {
            break;
        }
        let second = begun.elapsed().as_secs_f32();
        report.note(format_args!("{second:>6.1} s  {}", planned.fault));
        stage.hurt(planned.fault).await?;
    }
    Ok(begun.elapsed())
}

/// Waits until every client has its answers.
async fn finish(mut clients: JoinSet<()>) -> Result<()> {
    // Their own patience ends before.
    let all = async {
        while let Some(ended) = clients.join_next().await {
            ended.map_err(|panic| Failure::Internal(panic.into()))?;
        }
        Ok(())
    };
    let ended = timeout(PATIENCE * 4, all).await;
    ended.unwrap_or_else(|_| Err(Failure::unavailable("the clients did not come to an end")))
}

/// The longest time in which nobody had an answer, until all clients have finished.
async fn longest_silence(
    mut served: watch::Receiver<Instant>,
    mut finished: watch::Receiver<bool>,
) -> Duration {
    let (mut last, mut longest) = (*served.borrow(), Duration::ZERO);
    loop {
        tokio::select! {
            changed = served.changed() => {
                let now = *served.borrow_and_update();
                longest = longest.max(now.duration_since(last));
                last = now;
                if changed.is_err() {
                    return longest;
                }
            }
            _ = finished.wait_for(|finished| *finished) => return longest,
        }
    }
}

async fn judge(
    seed: u64,
    settings: Settings,
    shared: Arc<Shared>,
    measured: Measured,
    read_path: Option<ReadPath>,
) -> Result<Outcome> {
    // Every client has ended, and was the only other owner.
    let shared = Arc::into_inner(shared).context("a client is still at work")?;
    let runtime = Handle::current();
    let judging = tokio::task::spawn_blocking(move || {
        let log = verify::log(&settings, &runtime, &verify::Progress::default())?;
        let balance = shared.ledger.balance(&settings)?;
        Ok::<_, event_log::Error>(Outcome::new(seed, measured, balance, log, read_path))
    });
    let judged = judging.await.map_err(|panic| Failure::Internal(panic.into()))?;
    judged.map_err(cluster::failed)
}
