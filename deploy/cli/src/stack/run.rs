//! The life of a stack: infrastructure first, then the services; ready; stopped in reverse order.

mod further;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::future::{join_all, try_join_all};
use tokio::time::sleep;

use crate::{
    failure::{Failure, Result},
    report::{Report, Step},
    stack::{
        Endpoints,
        catalog::Instance,
        distribution::Distribution,
        document::Stack,
        folder::{Lock, StateFolder},
        java::Java,
        kafka::{self, Kafka},
        ledger::Kind,
        logs,
        mail::{self, Mail},
        plan::{KafkaPorts, MailPorts, Plan, RegistryPorts},
        postgres::{self, Postgres},
        readiness,
        records::Records,
        registry::{self, Registry},
        secure::{self, Secure},
        signals::Signals,
        spec::Spec,
        supervisor::{State, Stop, Supervised},
    },
    workspace::Workspace,
};

/// Longest time until a part of the infrastructure works; after a crash Postgres and Kafka read
/// their logs first.
const INFRASTRUCTURE_LIMIT: Duration = Duration::from_mins(2);

/// Longest time until a service is ready; it may have to catch up first.
const SERVICE_LIMIT: Duration = Duration::from_mins(2);

/// How often a service may end before it is ready for the first time: six seconds of back-off.
const PATIENCE: u32 = 6;

/// How many lines of its log are shown of a part that did not come up.
const SHOWN_LINES: usize = 20;

/// A stack from its first process to its last.
#[derive(Debug)]
pub struct Running {
    records: Arc<Records>,
    report: Report,
    parts: Vec<Supervised>,
    /// Held as long as anything runs.
    _lock: Lock,
}

/// What the infrastructure is started from and on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub workspace: &'a Workspace,
    pub folder: &'a StateFolder,
    /// The data will be thrown away.
    pub ephemeral: bool,
    /// Whom the servers let in; everybody when there is none.
    pub secure: Option<&'a Secure>,
}

impl Running {
    /// Begins a stack in which nothing runs yet.
    pub fn begin(folder: &StateFolder, lock: Lock, stack: Stack, report: Report) -> Result<Self> {
        let records = Records::begin(folder, stack)
            .with_context(|| format!("cannot write to {}", folder.root().display()))
            .map_err(Failure::Setup)?;
        Ok(Self { records: Arc::new(records), report, parts: Vec::new(), _lock: lock })
    }

    /// Starts what the plan has of Postgres, Kafka and the registry, and waits until all work.
    /// Kafka starts while the others do.
    pub async fn start_infrastructure(&mut self, plan: &Plan, ground: Ground<'_>) -> Result<()> {
        if plan.is_all_existing() {
            return Ok(());
        }
        let java = if plan.needs_java() { Some(Java::find().await?) } else { None };
        let distribution = Distribution::fetch(ground.workspace, &self.report).await?;
        let step = self.report.step("starting the infrastructure");
        let postgres = match plan.postgres {
            Some(port) => Some(self.start_postgres(port, &distribution, ground).await?),
            None => None,
        };
        let (distribution, folder) = (&distribution, ground.folder);
        if let (Some(java), Some(KafkaPorts { port, controller })) = (&java, plan.kafka) {
            step.at("starting Kafka");
            let controller_port = controller;
            let secure = ground.secure;
            let kafka = Kafka { java, distribution, folder, port, controller_port, secure };
            self.start(kafka.prepare().await?);
        }
        if let Some(postgres) = postgres {
            self.await_postgres(&postgres, ground.secure).await?;
        }
        if let (Some(java), Some(RegistryPorts { port, management })) = (&java, plan.registry) {
            step.at("starting the schema registry");
            let (management_port, postgres_port) = (management, plan.postgres);
            let secure = ground.secure;
            let registry = Registry {
                java,
                distribution,
                folder,
                port,
                management_port,
                postgres_port,
                secure,
            };
            self.start(registry.prepare()?);
        }
        if let (Some(java), Some(MailPorts { smtp, api })) = (&java, plan.mail) {
            step.at("starting the mail catcher");
            let mail = Mail { java, distribution, folder, smtp_port: smtp, api_port: api };
            self.start(mail.prepare());
        }
        self.await_infrastructure(plan, ground.secure, &step).await?;
        step.done("the infrastructure is ready");
        Ok(())
    }

    async fn await_infrastructure(
        &self,
        plan: &Plan,
        secure: Option<&Secure>,
        step: &Step,
    ) -> Result<()> {
        if plan.kafka.is_some() {
            step.at("waiting for Kafka");
            if let Some(secure) = secure {
                self.give_rights(secure).await?;
            }
            let Endpoints { kafka_brokers, client_environment, .. } = &plan.endpoints;
            let ready = readiness::until_kafka_answers(kafka_brokers, client_environment);
            self.await_part(kafka::NAME, ready).await?;
        }
        if plan.registry.is_some() {
            step.at("waiting for the schema registry");
            let url = format!("{}/subjects", plan.endpoints.schema_registry_url);
            let http = readiness::http_of(&plan.endpoints.client_environment)?;
            self.await_part(registry::NAME, readiness::until_answers(&http, &url)).await?;
        }
        if let Some(ports) = plan.mail {
            step.at("waiting for the mail catcher");
            let url = format!("{}/api/service/readiness", mail::api_url(ports.api));
            let http = readiness::http()?;
            self.await_part(mail::NAME, readiness::until_answers(&http, &url)).await?;
        }
        Ok(())
    }

    /// Tells the broker its users and their rights, as soon as it listens.
    async fn give_rights(&self, secure: &Secure) -> Result<()> {
        let why = std::cell::RefCell::new(None);
        let given = readiness::until_some(async || match secure::admin::apply(secure).await {
            Ok(()) => Some(()),
            Err(error) => {
                why.replace(Some(error));
                None
            }
        });
        let given = self.await_part(kafka::NAME, given).await;
        // What the broker has said last is more than that it was too late.
        given.map_err(|failure| match why.take() {
            Some(error) => Failure::unavailable(format!("{error:#}\n{failure:#}")),
            None => failure,
        })
    }

    async fn start_postgres(
        &mut self,
        port: u16,
        distribution: &Distribution,
        ground: Ground<'_>,
    ) -> Result<Postgres> {
        let Ground { folder, ephemeral, secure, .. } = ground;
        let settings = postgres::Settings { distribution, folder, port, ephemeral, secure };
        let (postgres, spec) = settings.prepare().await?;
        self.start(spec);
        Ok(postgres)
    }

    async fn await_postgres(&self, postgres: &Postgres, secure: Option<&Secure>) -> Result<()> {
        let mut client = None;
        let connected = async {
            let connected = async || postgres.connect(postgres::SUPERUSER).await.ok();
            client = Some(readiness::until_some(connected).await);
        };
        self.await_part(postgres::NAME, connected).await?;
        let Some(client) = client else { return Ok(()) };
        match secure {
            Some(secure) => postgres.provide_roles(&client, secure).await,
            None => postgres.provide_databases(&client).await,
        }
    }

    /// Starts the services, all at once, and waits until all are ready.
    pub async fn start_services(&mut self, services: Vec<(Instance, Spec)>) -> Result<()> {
        let each = services.into_iter().map(|(instance, spec)| (vec![instance], spec));
        self.start_processes(each.collect()).await
    }

    /// As [`Running::start_services`], where a process may be several services.
    pub async fn start_processes(&mut self, processes: Vec<(Vec<Instance>, Spec)>) -> Result<()> {
        let count: usize = processes.iter().map(|(instances, _)| instances.len()).sum();
        if count == 0 {
            return Ok(());
        }
        let all = if count == 1 { "1 service".to_owned() } else { format!("{count} services") };
        let step = self.report.step(&format!("starting {all}"));
        let mut waited_for = Vec::with_capacity(count);
        for (instances, spec) in processes {
            let part = spec.name.clone();
            self.start(spec);
            waited_for.extend(instances.into_iter().map(|instance| (part.clone(), instance)));
        }
        let http = readiness::http()?;
        let ready = std::cell::Cell::new(0_usize);
        let waits = waited_for.iter().map(async |(part, instance)| {
            let url = format!("{}/health/ready", instance.admin_url());
            let works = readiness::until_answers(&http, &url);
            match self.await_part(part, works).await {
                Err(Failure::Unavailable(error)) => {
                    // What it says to miss itself may say more than its log.
                    let said = readiness::said(&http, &url).await;
                    return Err(Failure::unavailable(format!("{error:#}\n{said}")));
                }
                other => other?,
            }
            ready.set(ready.get() + 1);
            step.at(&format!("ready: {} of {all}", ready.get()));
            Ok::<_, Failure>(())
        });
        try_join_all(waits).await?;
        step.done(&format!("ready: {all}"));
        Ok(())
    }

    /// Tells the world: `stack.json` is there from now on.
    pub fn publish(&self) -> Result<Stack> {
        Ok(self.records.publish().context("cannot write stack.json")?)
    }

    fn start(&mut self, spec: Spec) {
        self.parts.push(Supervised::start(spec, Arc::clone(&self.records), self.report.clone()));
    }

    /// Starts a process and waits until it runs, ready or not.
    pub async fn launch(&mut self, spec: Spec) -> Result<()> {
        let name = spec.name.clone();
        self.start(spec);
        let state = self.parts.last().map(|part| part.state.clone());
        let runs = async {
            if let Some(mut state) = state {
                // An error is the end of its supervision, which the other side of the wait sees.
                let _ = state.wait_for(|state| *state == State::Running).await;
            }
        };
        self.await_part(&name, runs).await
    }

    /// Waits until a part works, or cannot be expected to any more. A service may be started again
    /// meanwhile; infrastructure has no reason to die at all.
    async fn await_part(&self, name: &str, works: impl Future<Output = ()>) -> Result<()> {
        let Some(part) = self.parts.iter().find(|part| part.name == name) else { return Ok(()) };
        let is_service = part.kind == Kind::Service;
        let limit = if is_service { SERVICE_LIMIT } else { INFRASTRUCTURE_LIMIT };
        let mut state = part.state.clone();
        let ended = state.wait_for(|state| match state {
            State::GivenUp(_) | State::Stopped => true,
            State::Waiting(_, times) => !is_service || *times >= PATIENCE,
            State::New | State::Running => false,
        });
        let what = tokio::select! {
            () = works => return Ok(()),
            state = ended => match state.as_deref() {
                Ok(State::GivenUp(how) | State::Waiting(how, _)) => format!("ended ({how})"),
                _ => "ended".to_owned(),
            },
            () = sleep(limit) => format!("is not ready after {limit:?}"),
        };
        Err(part_failed(part, &what))
    }

    /// Returns when one of the services has ended by itself, and tells how.
    pub async fn service_ends(&self) -> Failure {
        let services = self.parts.iter().filter(|part| part.kind == Kind::Service);
        let ends = services.map(|part| {
            Box::pin(async {
                let mut state = part.state.clone();
                let ended = state.wait_for(|state| {
                    matches!(state, State::Waiting(..) | State::GivenUp(_) | State::Stopped)
                });
                let how = match ended.await.as_deref() {
                    Ok(State::GivenUp(how) | State::Waiting(how, _)) => format!("ended ({how})"),
                    _ => "ended".to_owned(),
                };
                part_failed(part, &how)
            })
        });
        let ends: Vec<_> = ends.collect();
        match ends.is_empty() {
            true => std::future::pending().await,
            false => futures_util::future::select_all(ends).await.0,
        }
    }

    /// Stops the services, and leaves the infrastructure as it is.
    pub async fn stop_services(&mut self) {
        self.ask_to_stop(Kind::Service, Stop::Gently);
        self.stopped(Kind::Service).await;
        self.forget(Kind::Service).await;
    }

    /// The pid of a part that runs.
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.records.pid(name)
    }

    /// How a part ended when it ended last.
    pub fn last_exit(&self, name: &str) -> Option<String> {
        self.records.last_exit(name)
    }

    /// Stops everything, users before what they use. A further signal ends all patience.
    pub async fn stop(mut self, signals: &mut Signals) -> Result<()> {
        if let Err(error) = self.records.withdraw() {
            self.report.note(format_args!("cannot remove stack.json: {error}"));
        }
        let mut how = Stop::Gently;
        for kind in Kind::STOP_ORDER {
            let names: Vec<_> = self.of(kind).map(|part| part.name.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            let names = names.join(", ");
            let step = self.report.step(&format!("stopping {names}"));
            self.ask_to_stop(kind, how);
            loop {
                tokio::select! {
                    () = self.stopped(kind) => break,
                    () = signals.next() => {
                        how = Stop::Now;
                        self.ask_to_stop(kind, how);
                    }
                }
            }
            step.done(&format!("stopped {names}"));
            self.forget(kind).await;
        }
        Ok(self.records.end().context("cannot remove stack.json")?)
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Supervised> {
        self.parts.iter().filter(move |part| part.kind == kind)
    }

    fn ask_to_stop(&self, kind: Kind, how: Stop) {
        self.of(kind).for_each(|part| part.ask_to_stop(how));
    }

    async fn stopped(&self, kind: Kind) {
        join_all(self.of(kind).map(Supervised::stopped)).await;
    }

    /// Ends the supervision of parts that have stopped.
    async fn forget(&mut self, kind: Kind) {
        let group: Vec<_> = self.parts.extract_if(.., |part| part.kind == kind).collect();
        join_all(group.into_iter().map(Supervised::finish)).await;
    }
}

/// A part is not as it should be; the end of its log says more.
fn part_failed(part: &Supervised, what: &str) -> Failure {
    Failure::unavailable(format!(
        "{} {what}; the last lines of its log {}:\n{}",
        part.name,
        part.log.display(),
        logs::last_lines(&part.log, part.log_begin, SHOWN_LINES)
    ))
}
