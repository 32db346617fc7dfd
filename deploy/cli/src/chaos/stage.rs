//! The installation that is hurt, and how a fault is done to it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::anyhow;
use consumer_runtime::Server as Postgres;
use nix::sys::signal::Signal;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    database::{self, Server},
    fault::Fault,
    lives::Lives,
};
use crate::{
    failure::{Failure, Result},
    generations,
    report::Report,
    stack::{
        Endpoints,
        access::Access,
        build,
        catalog::{Instance, Map, Service, Shared, is_set},
        folder::StateFolder,
        kafka, postgres,
        process::{self, Identity},
        run::Running,
        spec::Spec,
    },
    workspace::Workspace,
};

const PROCESSOR: &str = "command-processor";
const API: &str = "command-api";

/// The consumers whose read models are compared with the log.
pub const CONSUMERS: [&str; 3] = ["orders", "customers", "customer-classifier"];

/// How long each guest of a storm stays; the next one comes while the others are still joining.
const STORM: [Duration; 3] =
    [Duration::from_secs(4), Duration::from_secs(5), Duration::from_secs(6)];

/// Time between the arrivals of a storm.
const STORM_GAP: Duration = Duration::from_millis(1_500);

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
            access: Access::open(),
            map: Map::default(),
            secure: None,
        };
        let name = instance.name();
        let mut env = instance.environment(&shared, is_set);
        env.extend(self.env.iter().cloned());
        let program = build::binary(&self.workspace, &instance.service.name, self.release)?;
        Ok(Spec::of_service(&self.workspace, &self.folder, name, program, env))
    }
}

/// The installation under fault.
#[derive(Debug)]
pub struct Stage<'r> {
    running: &'r Running,
    starter: Starter,
    instances: Vec<Instance>,
    report: Report,
    database: Postgres,
    /// What is seen of guests.
    lives: Lives,
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
        lives: Lives,
        report: Report,
    ) -> Result<Self> {
        let database = generations::server(&starter.endpoints.database_url)?;
        let (done, under_way) = (BTreeMap::new(), JoinSet::new());
        let guests = GUESTS_FROM;
        Ok(Self { running, starter, instances, report, database, lives, under_way, guests, done })
    }

    /// Does a fault. Those to Kafka are over when this returns; the others go on by themselves.
    pub async fn hurt(&mut self, fault: Fault) -> Result<()> {
        while let Some(ended) = self.under_way.try_join_next() {
            ended.map_err(|panic| Failure::Internal(panic.into()))??;
        }
        *self.done.entry(fault.name()).or_default() += 1;
        match fault {
            Fault::KillProcessor(victim) => self.signal(PROCESSOR, victim, Signal::SIGKILL),
            Fault::KillApi(victim) => self.signal(API, victim, Signal::SIGKILL),
            Fault::FreezeProcessor(victim, time) => self.freeze(PROCESSOR, victim, time),
            Fault::GuestLeaves(time) => {
                self.invite(PROCESSOR, Duration::ZERO, time, Signal::SIGTERM)
            }
            Fault::GuestDies(time) => self.invite(PROCESSOR, Duration::ZERO, time, Signal::SIGKILL),
            Fault::KillBroker => match self.identity(kafka::NAME) {
                Some(kafka) => signal(&kafka, Signal::SIGKILL),
                None => Ok(()),
            },
            Fault::FreezeBroker(time) => match self.identity(kafka::NAME) {
                Some(kafka) => freeze(kafka, time).await,
                None => Ok(()),
            },
            Fault::KillConsumer(_)
            | Fault::FreezeConsumer(..)
            | Fault::ConsumerLeaves(..)
            | Fault::ConsumerDies(..)
            | Fault::Storm(_) => self.hurt_consumer(fault),
            Fault::RestartPostgres
            | Fault::KillPostgres
            | Fault::FreezePostgres(_)
            | Fault::FillPostgres(_)
            | Fault::LockTable(..)
            | Fault::LockOffset(..) => self.hurt_database(fault),
        }
    }

    /// Waits until no fault is under way any more.
    pub async fn heal(&mut self) -> Result<()> {
        while let Some(ended) = self.under_way.join_next().await {
            ended.map_err(|panic| Failure::Internal(panic.into()))??;
        }
        Ok(())
    }

    fn hurt_consumer(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::KillConsumer(victim) => {
                self.signal(consumer(victim), victim / CONSUMERS.len(), Signal::SIGKILL)
            }
            Fault::FreezeConsumer(victim, time) => {
                self.freeze(consumer(victim), victim / CONSUMERS.len(), time)
            }
            Fault::ConsumerLeaves(victim, time) => {
                self.invite(consumer(victim), Duration::ZERO, time, Signal::SIGTERM)
            }
            Fault::ConsumerDies(victim, time) => {
                self.invite(consumer(victim), Duration::ZERO, time, Signal::SIGKILL)
            }
            Fault::Storm(victim) => (0..).zip(STORM).try_for_each(|(place, time)| {
                self.invite(consumer(victim), STORM_GAP * place, time, Signal::SIGTERM)
            }),
            _ => Ok(()),
        }
    }

    fn hurt_database(&mut self, fault: Fault) -> Result<()> {
        let config = self.database.clone();
        match (fault, self.identity(postgres::NAME).map(Server)) {
            (Fault::RestartPostgres, Some(server)) => return server.stop(),
            (Fault::KillPostgres, Some(server)) => return server.kill(),
            (Fault::FreezePostgres(time), Some(server)) => {
                self.under_way.spawn(server.freeze(time));
            }
            (Fault::FillPostgres(time), _) => {
                self.under_way.spawn(database::fill(config, time));
            }
            (Fault::LockTable(which, time), _) => {
                self.under_way.spawn(database::lock_table(config, which, time));
            }
            (Fault::LockOffset(which, time), _) => {
                self.under_way.spawn(database::lock_offset(config, which, time));
            }
            _ => {}
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

    fn freeze(&mut self, service: &str, victim: usize, time: Duration) -> Result<()> {
        if let Some(identity) = self.victim(service, victim) {
            self.under_way.spawn(freeze(identity, time));
        }
        Ok(())
    }

    /// One more instance of a service, after a while, for some time.
    fn invite(&mut self, name: &str, after: Duration, time: Duration, end: Signal) -> Result<()> {
        self.guests += 1;
        let service: Option<&Service> =
            self.instances.iter().map(|i| &i.service).find(|s| s.name == name);
        let service = service.cloned().ok_or_else(|| anyhow!("there is no {name}"))?;
        // Any free port will do.
        let http_port = service.http_port.map(|_| 0);
        let guest = Instance { service, number: self.guests, http_port, admin_port: 0 };
        let spec = self.starter.spec(&guest)?;
        let visit =
            Visit { spec, time, end, lives: self.lives.clone(), report: self.report.clone() };
        let name = name.to_owned();
        self.under_way.spawn(async move {
            sleep(after).await;
            visit.take_place(&name).await
        });
        Ok(())
    }
}

/// The consumer of a number; what is left of the number chooses its instance.
fn consumer(victim: usize) -> &'static str {
    let index = victim.checked_rem(CONSUMERS.len());
    index.and_then(|index| CONSUMERS.get(index)).copied().unwrap_or_default()
}

/// A guest's stay.
struct Visit {
    spec: Spec,
    time: Duration,
    end: Signal,
    lives: Lives,
    report: Report,
}

impl Visit {
    async fn take_place(self, service: &str) -> Result<()> {
        let Self { spec, time, end, lives, report } = self;
        let (mut child, pid) = spec.spawn().map_err(|error| Failure::Internal(error.into()))?;
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = sleep(time) => None,
            never = lives.watch(service, pid) => match never {},
        };
        if let Some(status) = ended {
            // As any process may when Kafka goes away; nobody starts a guest again.
            report.note(format_args!("{} ended by itself: {status:?}", spec.name));
            if let Ok(status) = status {
                lives.ended(&spec.name, &status.to_string());
            }
            return Ok(());
        }
        process::signal_child(pid, end).map_err(|error| Failure::Internal(error.into()))?;
        if timeout(LEAVING, child.wait()).await.is_err() {
            // What it held is fenced; it counts as one that died.
            report.note(format_args!("{} did not leave within {LEAVING:?}", spec.name));
            child.kill().await.map_err(|error| Failure::Internal(error.into()))?;
        }
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
