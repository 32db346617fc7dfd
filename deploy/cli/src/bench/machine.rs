//! Where a benchmark ran, and with what.

use std::fs;

use rdkafka::util::get_rdkafka_version;
use serde::Serialize;
use tokio::process::Command;

use crate::{
    bench::{debezium::DEBEZIUM, peer, streams::STREAMS},
    workspace::Workspace,
};

/// The property of a pom with the version of Kafka.
const KAFKA: &str = "kafka.version";

/// The machine; what cannot be told is absent.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The model's name.
    pub cpu: Option<String>,
    /// How many threads run at once.
    pub cores: Option<usize>,
    /// In MiB.
    pub memory_mib: Option<u64>,
    /// Average number of processes that wanted to run in the minute before: not zero means that
    /// others use the machine too.
    pub load_before: Option<f64>,
}

impl Machine {
    /// This one, now.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let memory = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().ok().map(std::num::NonZero::get),
            memory_mib: memory.map(|kib| kib / 1024),
            load_before: read("/proc/loadavg").split(' ').next().and_then(|n| n.parse().ok()),
        }
    }
}

/// Versions of what took part; what cannot be told is absent.
#[derive(Clone, Debug, Serialize)]
pub struct Versions {
    /// Our commit; `-dirty` when files were changed since.
    pub commit: Option<String>,
    pub rust: Option<String>,
    pub librdkafka: String,
    /// Absent when the broker is not ours.
    pub kafka: Option<String>,
    pub kafka_streams: Option<String>,
    pub debezium: Option<String>,
}

impl Versions {
    /// Of this workspace.
    pub async fn of(workspace: &Workspace, our_kafka: bool) -> Self {
        let (_, librdkafka) = get_rdkafka_version();
        let git = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
        let root = workspace.root();
        Self {
            commit: said(Command::new("git").args(git).current_dir(root)).await,
            rust: said(Command::new("rustc").arg("--version").current_dir(root)).await,
            librdkafka,
            kafka: peer::version(&workspace.deploy("pom.xml"), KAFKA).filter(|_| our_kafka),
            kafka_streams: STREAMS.version(workspace, KAFKA),
            debezium: DEBEZIUM.version(workspace, "debezium.version"),
        }
    }
}

/// The value in a line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// What a program prints; none when it fails.
async fn said(command: &mut Command) -> Option<String> {
    let output = command.output().await.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_system_files() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\nMemTotal:       24000 kB\n";
        assert_eq!(field(text, "model name").as_deref(), Some("AMD EPYC"));
        assert_eq!(field(text, "MemTotal").as_deref(), Some("24000 kB"));
        assert_eq!(field(text, "flags"), None);
    }

    #[test]
    fn all_poms_name_the_same_kafka() {
        let workspace = Workspace::find().unwrap();
        let broker = peer::version(&workspace.deploy("pom.xml"), KAFKA);
        assert!(broker.is_some());
        for peer in [STREAMS, DEBEZIUM] {
            assert_eq!(peer.version(&workspace, KAFKA), broker, "{}", peer.name);
        }
    }
}
