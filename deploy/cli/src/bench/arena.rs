//! One contender at a time: its topics are made, its processes started, its series measured; then
//! they are stopped and deleted, and the next one finds the servers as this one did.

use std::{fs, io, path::PathBuf, process::Stdio};

use anyhow::{Context, anyhow};
use event_log::{Partition, Settings};
use schemas::Topic;
use tokio::process::Command;
use uuid::Uuid;

use crate::{
    bench::{
        clock::Measured,
        contender::Contender,
        cpu::Watched,
        series::Series,
        sizes::Sizes,
        streams::{self, STREAMS},
        topics,
    },
    commands::cluster,
    failure::{Failure, Result},
    stack::{
        access::Access,
        build,
        catalog::{Instance, Map, Shared, is_set},
        folder::StateFolder,
        kafka,
        plan::Plan,
        run::Running,
        spec::Spec,
    },
    workspace::Workspace,
};

/// Where all outcomes go.
pub const REPLY: Partition = Partition { topic: Topic::COMMAND_RESULTS, number: 0 };

const API: &str = "command-api";
const PROCESSOR: &str = "command-processor";

/// Where contenders compete.
#[derive(Debug)]
pub struct Arena<'a> {
    pub workspace: &'a Workspace,
    pub folder: &'a StateFolder,
    /// Where the servers are, and ports for our services.
    pub plan: &'a Plan,
    /// Whether the optimised binaries are measured.
    pub release: bool,
    /// Tells this benchmark from any other on the same servers.
    pub run: Uuid,
}

impl Arena<'_> {
    /// Lets a contender compete.
    pub async fn measure(
        &self,
        running: &mut Running,
        contender: Contender,
        sizes: &Sizes,
        series: Series,
    ) -> Result<Vec<Measured>> {
        let settings = self.settings()?;
        topics::create(&settings).await?;
        let measured = self.compete(running, contender, (&settings, sizes), series).await;
        running.stop_services().await;
        let measured = measured?;
        self.forget(&settings).await.map(|()| measured)
    }

    /// How large the records are that command-processor makes of the commands of a series.
    pub async fn measure_sizes(&self, running: &mut Running, series: Series) -> Result<Sizes> {
        let settings = self.settings()?;
        topics::create(&settings).await?;
        let none = Sizes::default();
        let competed = self.compete(running, Contender::Processor, (&settings, &none), series);
        let competed = competed.await;
        running.stop_services().await;
        competed?;
        let log = settings.clone();
        let sizes = tokio::task::spawn_blocking(move || Sizes::measure(&log)).await;
        let sizes = sizes.context("reading what command-processor wrote ended in a panic")??;
        self.forget(&settings).await.map(|()| sizes)
    }

    /// Deletes the topics of an interrupted contender, which others may see on their servers.
    pub async fn tidy(&self) -> Result<()> {
        topics::delete(&self.settings()?, &self.prefix()).await
    }

    /// What contenders keep on disk.
    fn home(&self) -> PathBuf {
        self.folder.root().join("contender")
    }

    /// Deletes what a contender leaves.
    async fn forget(&self, settings: &Settings) -> Result<()> {
        topics::delete(settings, &settings.qualify("")).await?;
        match fs::remove_dir_all(self.home()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::Internal(anyhow!("cannot delete what a contender left: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Settings with a namespace that nobody has used before.
    fn settings(&self) -> Result<Settings> {
        let endpoints = &self.plan.endpoints;
        let (turn, ..) = Uuid::new_v4().as_fields();
        let namespace = format!("{}{turn:08x}", self.prefix());
        cluster::settings(&endpoints.kafka_brokers, &endpoints.schema_registry_url, &namespace)
    }

    /// How all our namespaces begin.
    fn prefix(&self) -> String {
        let (run, ..) = self.run.as_fields();
        format!("bench-{run:08x}-")
    }

    async fn compete(
        &self,
        running: &mut Running,
        contender: Contender,
        (settings, sizes): (&Settings, &Sizes),
        mut series: Series,
    ) -> Result<Vec<Measured>> {
        let names = match contender {
            Contender::Processor => self.start_services(running, settings, &[PROCESSOR]).await?,
            Contender::Http => self.start_services(running, settings, &[PROCESSOR, API]).await?,
            Contender::Limit => {
                running.launch(self.limit(settings, sizes)?).await?;
                vec![Contender::Limit.name().to_owned()]
            }
            Contender::Streams | Contender::StreamsLatency | Contender::StreamsRate => {
                let tuned = contender.streams_settings().unwrap_or_default();
                running.launch(self.streams(settings, sizes, tuned).await?).await?;
                vec![STREAMS.name.to_owned()]
            }
        };
        let watched = names.into_iter().chain([kafka::NAME.to_owned()]);
        series.watch =
            watched.filter_map(|name| Some(Watched { pid: running.pid(&name)?, name })).collect();
        let mut driver = self.driver(contender, settings, &series)?;
        tokio::select! {
            output = driver.output() => {
                let output = output.context("cannot run the driver")?;
                let said = String::from_utf8_lossy(&output.stderr);
                if !output.status.success() {
                    let (name, said) = (contender.name(), said.trim());
                    return Err(Failure::Unavailable(anyhow!("{name} was not measured: {said}")));
                }
                Ok(series.read(&String::from_utf8_lossy(&output.stdout))?)
            }
            failure = running.service_ends() => Err(failure),
        }
    }

    /// Starts services and waits until they are ready; their names.
    async fn start_services(
        &self,
        running: &mut Running,
        settings: &Settings,
        names: &[&str],
    ) -> Result<Vec<String>> {
        let shared = Shared {
            endpoints: self.plan.endpoints.clone(),
            namespace: settings.namespace.as_str().to_owned(),
            log_format: "text".to_owned(),
            state: self.home(),
            access: Access::open(),
            map: Map::default(),
            secure: None,
        };
        let instances = self.plan.instances.iter();
        let wanted = instances.filter(|instance| names.contains(&instance.service.name.as_str()));
        let services = wanted.map(|instance| {
            let spec = Spec {
                program: build::binary(self.workspace, &instance.service.name, self.release)?,
                env: instance.environment(&shared, is_set),
                ..self.spec(&instance.name())
            };
            Ok((instance.clone(), spec))
        });
        running.start_services(services.collect::<Result<_>>()?).await?;
        Ok(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn limit(&self, settings: &Settings, sizes: &Sizes) -> Result<Spec> {
        let topic = |topic: Topic| settings.qualify(topic.name());
        let mut args = vec!["bench".to_owned(), "limit".to_owned()];
        args.extend([
            format!("--brokers={}", settings.brokers),
            format!("--commands={}", topic(Topic::ORDER_COMMANDS)),
            format!("--events={}", topic(Topic::ORDER_EVENTS)),
            format!("--states={}", topic(Topic::ORDER_STATE)),
            format!("--outcomes={}", topic(Topic::COMMAND_RESULTS)),
            format!("--group={}", settings.qualify("limit")),
        ]);
        args.extend(sizes.arguments());
        Ok(Spec { program: self.program()?, args, ..self.spec(Contender::Limit.name()) })
    }

    async fn streams(
        &self,
        settings: &Settings,
        sizes: &Sizes,
        tuned: &[(&str, &str)],
    ) -> Result<Spec> {
        let launch = streams::launch(self.workspace, &self.home(), settings, sizes, tuned).await?;
        let streams::Launch { program, args, env } = launch;
        Ok(Spec { program, args, env, clear_env: true, ..self.spec(STREAMS.name) })
    }

    fn spec(&self, name: &str) -> Spec {
        let (name, program) = (name.to_owned(), PathBuf::new());
        Spec::of_service(self.workspace, self.folder, name, program, Vec::new())
    }

    /// The process that measures; it does not outlive its handle.
    fn driver(
        &self,
        contender: Contender,
        settings: &Settings,
        series: &Series,
    ) -> Result<Command> {
        let mut driver = Command::new(self.program()?);
        driver.arg("bench");
        if contender == Contender::Http {
            let api = self.plan.instances.iter().find(|instance| instance.service.name == API);
            let port = api.and_then(|api: &Instance| api.http_port).unwrap_or_default();
            driver.args(["http", &format!("--address=127.0.0.1:{port}")]);
        } else {
            driver.arg("drive").args([
                format!("--brokers={}", settings.brokers),
                format!("--registry={}", settings.registry_url),
                format!("--namespace={}", settings.namespace.as_str()),
            ]);
        }
        driver.args(series.arguments()).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        Ok(driver)
    }

    /// This command as it is measured: the loop and the driver are part of it.
    fn program(&self) -> Result<PathBuf> {
        let program = self.workspace.binary("oneway", self.release);
        match program.is_file() {
            true => Ok(program),
            false => Err(Failure::setup(format!(
                "there is no binary {}: leave out --no-build",
                program.display()
            ))),
        }
    }
}
