//! The peer: a Kafka Streams application (`tests/bench/streams`), built by Maven.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context;
use event_log::Settings;
use schemas::Topic;
use tokio::process::Command;

use crate::{
    bench::{arena::REPLY, sizes::Sizes},
    failure::{Failure, Result},
    report::Report,
    stack::{
        java::{self, Java},
        logs,
    },
    workspace::Workspace,
};

/// Its name among the processes.
pub const NAME: &str = "streams";

/// Its main class.
const MAIN: &str = "oneway.bench.Decisions";

/// How it is started.
#[derive(Debug)]
pub struct Launch {
    pub program: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
}

/// The pom, which names the version of Kafka Streams.
pub fn pom(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/bench/streams/pom.xml")
}

/// The jars.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("bench/streams")
}

/// Builds it. The first time Maven fetches what it needs.
pub async fn build(workspace: &Workspace, report: &Report) -> Result<()> {
    let step = report.step("building the Kafka Streams application");
    let into = folder(workspace);
    fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
    let log = into.join("maven.log");
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let errors = output.try_clone().context("cannot share the log of Maven")?;
    let status = Command::new("mvn")
        .args(["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "--file"])
        .arg(pom(workspace))
        .arg("package")
        .arg(format!("-Doneway.bench.dir={}", into.display()))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot run mvn")
        .map_err(Failure::Setup)?;
    if !status.success() {
        return Err(Failure::unavailable(format!(
            "Maven could not build the Kafka Streams application ({status}); its last lines, of {}:\n{}",
            log.display(),
            logs::last_lines(&log, 0, 12)
        )));
    }
    step.done("built the Kafka Streams application");
    Ok(())
}

/// How to start it on the topics of a contender, with a folder for what it keeps.
pub async fn launch(
    workspace: &Workspace,
    home: &Path,
    settings: &Settings,
    sizes: &Sizes,
    tuned: &[(&str, &str)],
) -> Result<Launch> {
    let jars = folder(workspace);
    let topic = |topic: Topic| settings.qualify(topic.name());
    let mut args = vec![
        "-Xmx1g".to_owned(),
        "-cp".to_owned(),
        format!("{0}/application.jar:{0}/lib/*", jars.display()),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".to_owned(),
        MAIN.to_owned(),
        format!("commands={}", topic(Topic::ORDER_COMMANDS)),
        format!("events={}", topic(Topic::ORDER_EVENTS)),
        format!("outcomes={}", topic(Topic::COMMAND_RESULTS)),
        format!("reply.partition={}", REPLY.number),
        format!("event.bytes={}", sizes.event),
        format!("state.bytes={}", sizes.state),
        format!("outcome.bytes={}", sizes.outcome),
        format!("bootstrap.servers={}", settings.brokers),
        format!("application.id={}", settings.qualify(NAME)),
        format!("state.dir={}", home.join(NAME).display()),
    ];
    args.extend(tuned.iter().map(|(name, value)| format!("{name}={value}")));
    let program = Java::find().await?.program();
    Ok(Launch { program, args, env: java::environment() })
}
