//! The broker: one node that is broker and controller (KRaft).

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::process::Command;
use uuid::Uuid;

use crate::{
    failure::{Failure, Result},
    stack::{
        distribution::Distribution,
        folder::StateFolder,
        java::{self, Java},
        ledger::Kind,
        secure::Secure,
        spec::Spec,
    },
};

/// Its name in the stack.
pub const NAME: &str = "kafka";

/// Longest time to format the storage: one start of a Java machine.
const FORMAT_LIMIT: Duration = Duration::from_mins(1);

/// Settings of a single node on loopback; `{…}` is filled in. Replication is 1 everywhere, also for
/// the internal topics, which have few partitions since each costs files and start-up time.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
";

/// The same, where nobody is let in but those the broker knows: clients by SCRAM, itself by its
/// certificate. Whatever no right allows is denied.
const SECURE_SETTINGS: &str = "\
listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal}
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=kafka;User:oneway
";

/// What the broker needs to run.
#[derive(Debug)]
pub struct Kafka<'a> {
    pub java: &'a Java,
    pub distribution: &'a Distribution,
    pub folder: &'a StateFolder,
    pub port: u16,
    pub controller_port: u16,
    pub secure: Option<&'a Secure>,
}

impl Kafka<'_> {
    /// Writes the settings, formats the storage unless that was done before, and tells how to run it.
    pub async fn prepare(&self) -> Result<Spec> {
        let home = self.folder.kafka();
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let data = home.join("data");
        // Kafka takes a comma for the end of the first of several folders.
        if data.as_os_str().as_encoded_bytes().contains(&b',') {
            return Err(Failure::setup(format!(
                "Kafka cannot keep its data in a folder with a comma in its name: {}; choose another \
                 with --state",
                data.display()
            )));
        }
        if !data.join("meta.properties").is_file() {
            self.format(&home.join("data.new"), &data).await?;
        }
        let settings = self.write_settings("server.properties", &data)?;
        let mut args = self.jvm();
        // Each line of the log has its time; requests are not worth one.
        args.extend(
            [
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                "-Dorg.slf4j.simpleLogger.log.kafka.request.logger=warn",
                "kafka.Kafka",
            ]
            .map(str::to_owned),
        );
        args.push(settings.display().to_string());
        Ok(Spec {
            name: NAME.into(),
            kind: Kind::Kafka,
            program: self.java.program(),
            args,
            env: java::environment(),
            clear_env: true,
            folder: home,
            run_as: None,
            log: self.folder.log(NAME),
        })
    }

    /// The serial collector did not lose against the default one in a producer's run of 3 million
    /// records on two cores, and keeps the process smaller.
    fn jvm(&self) -> Vec<String> {
        let mut args: Vec<String> =
            ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
                .map(str::to_owned)
                .into();
        args.push("-cp".into());
        args.push(self.distribution.kafka_classpath().display().to_string());
        args
    }

    fn write_settings(&self, name: &str, data: &std::path::Path) -> Result<PathBuf> {
        let path = self.folder.kafka().join(name);
        let mut text = settings(self.port, self.controller_port, &data.display().to_string());
        if let Some(secure) = self.secure {
            text = secured(&text, self.port, self.controller_port, secure);
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Formats under another name, so that an interrupted format is never taken for a whole one.
    async fn format(&self, new: &std::path::Path, data: &std::path::Path) -> Result<()> {
        if new.exists() {
            fs::remove_dir_all(new).with_context(|| format!("cannot clear {}", new.display()))?;
        }
        let settings = self.write_settings("format.properties", new)?;
        let mut command = Command::new(self.java.program());
        command
            .args(self.jvm())
            .args([
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "kafka.tools.StorageTool",
                "format",
            ])
            .args(["--cluster-id", &cluster_id(), "--config"])
            .arg(settings)
            .env_clear()
            .envs(java::environment())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(FORMAT_LIMIT, command.output())
            .await
            .map_err(|_| Failure::unavailable("Kafka took too long to format its storage"))?
            .context("cannot run Kafka's storage tool")?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Err(Failure::unavailable(format!(
                "Kafka could not format its storage in {} ({}):\n{}",
                new.display(),
                output.status,
                String::from_utf8_lossy(&said).trim_end()
            )));
        }
        fs::rename(new, data).with_context(|| format!("cannot make {}", data.display()))?;
        Ok(())
    }
}

fn settings(port: u16, controller: u16, data: &str) -> String {
    SETTINGS
        .replace("{port}", &port.to_string())
        .replace("{controller}", &controller.to_string())
        // A properties file takes a backslash for an escape.
        .replace("{data}", &data.replace('\\', "\\\\"))
}

/// With what is said otherwise in a secure stack.
fn secured(open: &str, port: u16, controller: u16, secure: &Secure) -> String {
    let of = |line: &str| line.split_once('=').map(|(name, _)| name.to_owned());
    let path = |path: PathBuf| path.display().to_string().replace('\\', "\\\\");
    let closed = SECURE_SETTINGS
        .replace("{port}", &port.to_string())
        .replace("{controller}", &controller.to_string())
        .replace("{internal}", &secure.internal_port.to_string())
        .replace("{keystore}", &path(secure.keystore(NAME)))
        .replace("{authority}", &path(secure.authority()));
    let names: Vec<_> = closed.lines().filter_map(of).collect();
    let kept = open.lines().filter(|line| of(line).is_none_or(|name| !names.contains(&name)));
    kept.chain(closed.lines()).map(|line| format!("{line}\n")).collect()
}

/// 16 random bytes; not with a leading dash, which the tool would take for an option.
fn cluster_id() -> String {
    loop {
        let id = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
        if !id.starts_with('-') {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_filled_in() {
        let text = settings(1, 2, "/d");
        assert!(text.contains("listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n"));
        assert!(text.contains("log.dirs=/d\n"));
        assert!(!text.contains('{'));
    }

    #[test]
    fn cluster_ids_are_what_kafka_asks_for() {
        assert!((0..500).map(|_| cluster_id()).all(|id| id.len() == 22 && !id.starts_with('-')));
    }
}
