//! `oneway up`: builds and starts everything, waits until it is ready, supervises it.

mod autoscale;
mod crew;
mod detached;
mod summary;

use std::{convert::Infallible, path::Path, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Args, ValueEnum};

use self::{autoscale::Autoscaler, crew::Crew};
use crate::{
    failure::{Failure, Result},
    prepare::prepare,
    report::{self, Report},
    stack::{
        access::{self, Access},
        all_in_one, build,
        catalog::{self, Map, Service, Shared},
        folder::{Lock, StateFolder},
        java::Java,
        ledger::Ledger,
        leftovers, logs, page,
        plan::{Existing, Plan},
        ports::Policy,
        run::{Ground, Running},
        secure::Secure,
        signals::Signals,
    },
    workspace::Workspace,
};

/// Build and start everything, wait until it is ready, supervise it until Ctrl-C
#[derive(Debug, Args)]
#[command(long_about = "Build and start everything, wait until it is ready, supervise it until \
    Ctrl-C\n\n\
    Needs Java 17 or newer and, the first time, Maven. A service that dies is started again, with \
    growing pauses. The data stays in the state folder for the next start.\n\n\
    KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL name existing servers, which are used \
    instead of starting our own. ONEWAY_JWT_SECRET and ONEWAY_JWT_KEYS say whose tokens are taken; \
    without them everybody on this machine may do everything. All other variables are handed to the services, so that \
    CUSTOMER_CLASSIFIER_WINDOW=all and the like work.\n\n\
    With --autoscale consumers have as many instances as they need, by the rule of the Helm chart: records behind ÷ \
    threshold, rounded up, at once up, and one by one down when it has been quiet. Further instances are called NAME-2, \
    NAME-3 and so on; `status` and `logs` know them, and each change is told with its reason.\n\n\
    With --all-in-one the services are one process: each keeps its ports, health and metrics, every line of its log \
    names the service, and the first that fails ends them all.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// Start only these services, beside the infrastructure
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    services: Vec<String>,

    /// Start Kafka, the schema registry and Postgres, but no service
    #[arg(long, conflicts_with_all = ["services", "scale"])]
    only_infrastructure: bool,

    /// Which ports to use
    #[arg(long, value_enum, default_value_t = Policy::Default)]
    ports: Policy,

    /// Start several instances of a service, or a service that is optional; can be repeated
    #[arg(long, value_name = "NAME=COUNT", value_parser = parse_scale)]
    scale: Vec<(String, u32)>,

    #[command(flatten)]
    autoscale: autoscale::Options,

    /// Run all services in one process, for small machines and demos; ports and URLs stay the same
    #[arg(long, conflicts_with_all = ["scale", "only_infrastructure"])]
    all_in_one: bool,

    /// Let in only those the servers know, over TLS, and let each service do only what it must:
    /// Kafka by SCRAM with rights, Postgres by roles, with an authority and passwords of the stack's
    /// own, which stack.json tells
    #[arg(long, conflicts_with = "all_in_one")]
    secure: bool,

    /// Prefix of topics, consumer groups and transactional ids
    #[arg(long, value_name = "PREFIX", env = "ONEWAY_NAMESPACE", default_value = "", value_parser = parse_namespace)]
    namespace: String,

    /// Use the service binaries that are there
    #[arg(long)]
    no_build: bool,

    /// Build and run optimised service binaries
    #[arg(long)]
    release: bool,

    /// How the services write their logs
    #[arg(long, value_enum, env = "LOG_FORMAT", default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    /// Return once everything is ready, and leave it running until `down`
    #[arg(long, short)]
    detach: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Runs the command.
pub async fn run(options: Options, workspace: &Workspace, state: &Path) -> Result<ExitCode> {
    let in_background = detached::is_this_process();
    let report = if in_background { detached::begin()? } else { Report::new() };
    let mut signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
    let folder = StateFolder::open_or_create(state)?;
    let lock = folder.lock()?;
    leftovers::stop(&folder, &report).await?;
    let begun = Ledger::begin(&folder.ledger_file()).context("cannot write to the state folder");
    begun.map_err(Failure::Setup)?;
    let services = wanted_services(&options, workspace)?;
    let scaled = options.autoscale.choose(&services)?;
    let existing = Existing::of_environment();
    existing.announce(&report);
    let scale = options.scale.iter().cloned().collect();
    let (mut plan, reservation) =
        Plan::make(&existing, services.clone(), &scale, options.ports, &workspace.ports())?;
    let secure = secure(&options, workspace, &folder, &existing, &mut plan)?;
    if plan.needs_java() {
        Java::find().await?;
    }
    if !options.no_build && !in_background {
        let release = options.release;
        page::build(workspace, &services, &report, &mut signals).await?;
        match options.all_in_one {
            true => {
                let name = [all_in_one::NAME];
                build::announced(workspace, &name, release, &report, &mut signals).await?;
            }
            false => build::build(workspace, &services, release, &report, &mut signals).await?,
        }
    }
    if options.detach && !in_background {
        drop((lock, reservation));
        return detached::launch(&folder, &services, &mut signals, &report).await;
    }
    let (options, folder, wanted) = (&options, &folder, services);
    let stack = Foreground { options, workspace, folder, wanted, scaled, plan, secure, report };
    let end = stack.run(lock, &mut signals).await;
    drop(reservation);
    end
}

/// A stack that lives as long as this process.
struct Foreground<'a> {
    options: &'a Options,
    workspace: &'a Workspace,
    folder: &'a StateFolder,
    wanted: Vec<Service>,
    /// Those whose instances come and go.
    scaled: Vec<Service>,
    plan: Plan,
    secure: Option<Arc<Secure>>,
    report: Report,
}

impl Foreground<'_> {
    async fn run(self, lock: Lock, signals: &mut Signals) -> Result<ExitCode> {
        let Self { options, folder, plan, report, .. } = &self;
        if !detached::is_this_process() {
            let log = logs::open(&folder.log(detached::LOG));
            report.copy_to(log.map_err(|error| Failure::Setup(error.into()))?);
        }
        let crew = self.crew()?;
        let scaler = match self.scaled.as_slice() {
            [] => None,
            scaled => Some(Autoscaler::new(&options.autoscale, scaled, plan, &crew, report)?),
        };
        let mut document = plan.document(folder, &options.namespace);
        let entries = plan.instances.iter().map(|one| (one.name(), crew.entry(one)));
        document.services = entries.collect();
        if options.all_in_one {
            document.unite(all_in_one::NAME, &folder.log(all_in_one::NAME));
        }
        let mut running = Running::begin(folder, lock, document, report.clone())?;
        let started = tokio::select! {
            started = self.start(&crew, &mut running) => started,
            () = signals.next() => Err(Failure::Interrupted),
        };
        if let Err(Failure::Interrupted) = &started {
            report.note("interrupted: stopping what was started");
        }
        if started.is_ok() {
            tokio::select! {
                () = signals.next() => {}
                never = autoscale(scaler, &mut running) => match never {},
            }
            report.note("stopping; once more kills everything at once");
        }
        let stopped = running.stop(signals).await;
        // Why it did not start says more than what then went wrong while stopping.
        started.and(stopped).map(|()| ExitCode::SUCCESS)
    }

    async fn start(&self, crew: &Crew<'_>, running: &mut Running) -> Result<()> {
        let Self { options, workspace, folder, plan, report, .. } = self;
        // Whatever is missing is missed before anything starts.
        let processes = crew.processes(&plan.instances, options.all_in_one)?;
        let secure = self.secure.as_deref();
        let ground = Ground { workspace, folder, ephemeral: false, secure };
        running.start_infrastructure(plan, ground).await?;
        prepare(&plan.endpoints, &options.namespace, report).await?;
        running.start_processes(processes).await?;
        let stack = running.publish()?;
        if !detached::is_this_process() {
            report::print(summary::text(&self.wanted, &stack));
            report.note("Ctrl-C stops everything; the data stays for the next start.");
        }
        Ok(())
    }

    /// How all services are run.
    fn crew(&self) -> Result<Crew<'_>> {
        let Self { options, workspace, folder, plan, .. } = self;
        let log_format = options.log_format.to_possible_value();
        let shared = Shared {
            endpoints: plan.endpoints.clone(),
            namespace: options.namespace.clone(),
            state: folder.root().to_owned(),
            access: Access::of_environment(folder.secret_file(), &self.report)?,
            log_format: log_format.map_or_else(String::new, |value| value.get_name().to_owned()),
            map: Map::of(&plan.instances),
            secure: self.secure.clone(),
        };
        Ok(Crew { workspace, folder, release: options.release, shared })
    }
}

/// Has instances come and go, if that is wanted, until it is dropped.
async fn autoscale(scaler: Option<Autoscaler<'_>>, running: &mut Running) -> Infallible {
    match scaler {
        Some(scaler) => scaler.run(running).await,
        None => std::future::pending().await,
    }
}

/// Certificates, users and passwords, if they are wanted. A state folder is secure for life, or not:
/// its servers are set up once.
fn secure(
    options: &Options,
    workspace: &Workspace,
    folder: &StateFolder,
    existing: &Existing,
    plan: &mut Plan,
) -> Result<Option<Arc<Secure>>> {
    let was_secure = folder.secure().is_dir();
    if options.secure != was_secure && (was_secure || folder.kafka().is_dir()) {
        let (was, is) = if options.secure { ("without", "with") } else { ("with", "without") };
        return Err(Failure::setup(format!(
            "the stack in {} was made {was} --secure: it cannot be started {is} it",
            folder.root().display()
        )));
    }
    if !options.secure {
        return Ok(None);
    }
    let Existing { kafka_brokers, schema_registry_url, database_url, .. } = existing;
    if kafka_brokers.is_some() || schema_registry_url.is_some() || database_url.is_some() {
        return Err(Failure::setup(
            "--secure is for servers that are started here: those that KAFKA_BROKERS, \
             SCHEMA_REGISTRY_URL and DATABASE_URL name have rights of their own",
        ));
    }
    let all = catalog::read(&workspace.deploy("services.yaml"))?;
    let ports = workspace.ports();
    Secure::provide(folder, all, &options.namespace, &ports, plan)
        .map(|secure| Some(Arc::new(secure)))
}

fn wanted_services(options: &Options, workspace: &Workspace) -> Result<Vec<Service>> {
    if options.only_infrastructure {
        return Ok(Vec::new());
    }
    let mut all = catalog::read(&workspace.deploy("services.yaml"))?;
    if options.services.is_empty() {
        all.retain(|service| is_usual(service, &options.scale));
        if !access::tokens_can_be_made() {
            // They come from the issuer whose keys are trusted.
            all.retain(|service| service.name != "tokens");
        }
    }
    catalog::select(all, &options.services)
}

/// Whether a service is started where none are named.
fn is_usual(service: &Service, scale: &[(String, u32)]) -> bool {
    !service.optional || scale.iter().any(|(name, _)| *name == service.name)
}

fn parse_scale(text: &str) -> std::result::Result<(String, u32), String> {
    let (name, count) = text.split_once('=').ok_or("write NAME=COUNT, such as orders=2")?;
    let count = count.parse().ok().filter(|count| (1..=64).contains(count));
    Ok((name.to_owned(), count.ok_or("the count is a number from 1 to 64")?))
}

/// A prefix, as text.
pub fn parse_namespace(text: &str) -> std::result::Result<String, String> {
    let namespace = schemas::Namespace::new(text).map_err(|error| error.to_string())?;
    Ok(namespace.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_optional_is_started_when_it_is_named() {
        let optional = Service { name: "canary".into(), optional: true, ..Service::default() };
        let usual = Service { name: "orders".into(), ..Service::default() };
        let (none, some) = ([], [parse_scale("canary=1").unwrap()]);
        assert!(!is_usual(&optional, &none) && is_usual(&optional, &some));
        assert!(is_usual(&usual, &none) && is_usual(&usual, &some));
    }

    #[test]
    fn scales_and_namespaces() {
        assert_eq!(parse_scale("orders=2"), Ok(("orders".into(), 2)));
        assert!(parse_scale("orders").is_err());
        assert!(parse_scale("orders=0").is_err());
        assert_eq!(parse_namespace("test-1"), Ok("test-1".into()));
        assert!(parse_namespace("Test.1").is_err());
    }
}
