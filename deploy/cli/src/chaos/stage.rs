//! The installation that is hurt, and how a fault is done to it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::anyhow;
use nix::sys::signal::Signal;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::plan::Fault;
use crate::{
    failure::{Failure, Result},
    report::Report,
    stack::{
        Endpoints, build,
        catalog::{Instance, Service, Shared},
        folder::StateFolder,
        kafka,
        ledger::Kind,
        process::{self, Identity},
        run::Running,
        spec::Spec,
    },
    workspace::Workspace,
};

const PROCESSOR: &str = "command-processor";
const API: &str = "command-api";

/// Longest time that a guest may take to leave in good order.
const LEAVING: Duration = Duration::from_secs(40);

/// Guests are numbered from here, so that they have names of their own.
const GUESTS_FROM: u32 = 100;

/// What starts a process of the installation.
#[derive(Clone, Debug)]
pub struct Starter {
    pub workspace: Workspace,
    pub folder: StateFolder,
    pub endpoints: Endpoints,
    pub release: bool,
    /// Further variables of every service.
    pub env: Vec<(String, String)>,
}

impl Starter {
    /// How to run an instance of a service.
    pub fn spec(&self, instance: &Instance) -> Result<Spec> {
        let shared = Shared {
            endpoints: self.endpoints.clone(),
            namespace: String::new(),
            log_format: "text".to_owned(),
            state: self.folder.root().to_owned(),
        };
        let name = instance.name();
        let mut env = instance.environment(&shared, |name| std::env::var_os(name).is_some());
        env.extend(self.env.iter().cloned());
        Ok(Spec {
            kind: Kind::Service,
            program: build::binary(&self.workspace, &instance.service, self.release)?,
            args: Vec::new(),
            env,
            clear_env: false,
            folder: self.workspace.root().to_owned(),
            run_as: None,
            log: self.folder.log(&name),
            name,
        })
    }
}

/// The installation under fault.
#[derive(Debug)]
pub struct Stage<'r> {
    running: &'r Running,
    starter: Starter,
    instances: Vec<Instance>,
    report: Report,
    /// Faults that take their time.
    under_way: JoinSet<Result<()>>,
    guests: u32,
    /// How often which fault was done.
    pub done: BTreeMap<&'static str, u64>,
}

impl<'r> Stage<'r> {
    /// An installation whose services are all ready.
    pub fn new(
        running: &'r Running,
        starter: Starter,
        instances: Vec<Instance>,
        report: Report,
    ) -> Self {
        let done = BTreeMap::new();
        let under_way = JoinSet::new();
        Self { running, starter, instances, report, under_way, guests: GUESTS_FROM, done }
    }

    /// Does a fault. Those to processors go on by themselves; those to Kafka are over when this
    /// returns.
    pub async fn hurt(&mut self, fault: Fault) -> Result<()> {
        while let Some(ended) = self.under_way.try_join_next() {
            ended.map_err(|panic| Failure::Internal(panic.into()))??;
        }
        *self.done.entry(fault.name()).or_default() += 1;
        match fault {
            Fault::KillProcessor(victim) => self.signal(PROCESSOR, victim, Signal::SIGKILL),
            Fault::KillApi(victim) => self.signal(API, victim, Signal::SIGKILL),
            Fault::FreezeProcessor(victim, time) => {
                if let Some(identity) = self.victim(PROCESSOR, victim) {
                    self.under_way.spawn(freeze(identity, time));
                }
                Ok(())
            }
            Fault::GuestLeaves(time) => self.invite(time, Signal::SIGTERM),
            Fault::GuestDies(time) => self.invite(time, Signal::SIGKILL),
            Fault::KillBroker => match self.identity(kafka::NAME) {
                Some(kafka) => signal(&kafka, Signal::SIGKILL),
                None => Ok(()),
            },
            Fault::FreezeBroker(time) => match self.identity(kafka::NAME) {
                Some(kafka) => freeze(kafka, time).await,
                None => Ok(()),
            },
        }
    }

    /// Waits until no fault is under way any more.
    pub async fn heal(&mut self) -> Result<()> {
        while let Some(ended) = self.under_way.join_next().await {
            ended.map_err(|panic| Failure::Internal(panic.into()))??;
        }
        Ok(())
    }

    /// One of the instances of a service, if it runs just now.
    fn victim(&self, service: &str, number: usize) -> Option<Identity> {
        let all: Vec<_> = self.instances.iter().filter(|i| i.service.name == service).collect();
        self.identity(&all.get(number.checked_rem(all.len())?)?.name())
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        Identity::of(self.running.pid(name)?)
    }

    fn signal(&self, service: &str, victim: usize, how: Signal) -> Result<()> {
        self.victim(service, victim).map_or(Ok(()), |identity| signal(&identity, how))
    }

    /// One more command-processor, for some time.
    fn invite(&mut self, time: Duration, end: Signal) -> Result<()> {
        self.guests += 1;
        let service: Option<&Service> =
            self.instances.iter().map(|i| &i.service).find(|s| s.name == PROCESSOR);
        let service = service.cloned().ok_or_else(|| anyhow!("there is no {PROCESSOR}"))?;
        // Any free port will do.
        let guest = Instance { service, number: self.guests, http_port: None, admin_port: 0 };
        let spec = self.starter.spec(&guest)?;
        let report = self.report.clone();
        self.under_way.spawn(async move {
            let (mut child, pid) = spec.spawn().map_err(|error| Failure::Internal(error.into()))?;
            let ended = tokio::select! {
                status = child.wait() => Some(status),
                () = sleep(time) => None,
            };
            if let Some(status) = ended {
                // As any process may when Kafka goes away; nobody starts a guest again.
                report.note(format_args!("{} ended by itself: {status:?}", spec.name));
                return Ok(());
            }
            process::signal_child(pid, end).map_err(|error| Failure::Internal(error.into()))?;
            if timeout(LEAVING, child.wait()).await.is_err() {
                // What it held is fenced; it counts as one that died.
                report.note(format_args!("{} did not leave within {LEAVING:?}", spec.name));
                child.kill().await.map_err(|error| Failure::Internal(error.into()))?;
            }
            Ok(())
        });
        Ok(())
    }
}

async fn freeze(identity: Identity, time: Duration) -> Result<()> {
    signal(&identity, Signal::SIGSTOP)?;
    sleep(time).await;
    signal(&identity, Signal::SIGCONT)
}

fn signal(identity: &Identity, signal: Signal) -> Result<()> {
    // It may have died of another fault in between: then there is nothing to hurt.
    let delivered = identity.signal(signal);
    delivered.map(|_| ()).map_err(|error| Failure::Internal(error.into()))
}
