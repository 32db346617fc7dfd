//! A peer: rows from events by the Debezium JDBC sink in Kafka Connect.

use std::{fs, path::Path};

use anyhow::{Context, anyhow};
use reqwest::Client;
use serde::Deserialize;

use crate::{
    bench::peer::Peer,
    failure::{Failure, Result},
    stack::{
        folder::StateFolder,
        java::{self, Java},
        ledger::Kind,
        spec::Spec,
    },
    workspace::Workspace,
};

/// Kafka Connect with the sink and the converter that reads our events for it.
pub const DEBEZIUM: Peer = Peer { name: "debezium", title: "Kafka Connect with the Debezium sink" };

/// The main class of a worker alone.
const MAIN: &str = "org.apache.kafka.connect.cli.ConnectStandalone";

/// Bounded, with room for what two tasks read ahead.
const HEAP: &str = "-Xmx1g";

/// A worker with one connector.
#[derive(Clone, Debug)]
pub struct Worker<'a> {
    pub workspace: &'a Workspace,
    pub folder: &'a StateFolder,
    /// Of its connector; a new one starts at the oldest event.
    pub name: &'a str,
    /// Where it tells how it is.
    pub port: u16,
    /// What depends on the run, beside the files of the module.
    pub worker: &'a [(&'a str, String)],
    pub sink: &'a [(&'a str, String)],
}

impl Worker<'_> {
    /// How to run it.
    pub async fn spec(&self) -> Result<Spec> {
        let Self { workspace, folder, name, port, worker, sink } = *self;
        let home = folder.root().join(DEBEZIUM.name);
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let own = [
            ("listeners", format!("http://127.0.0.1:{port}")),
            // Where a source would keep its offsets: asked for, but not used.
            ("offset.storage.file.filename", home.join("offsets").display().to_string()),
        ];
        let sources = DEBEZIUM.sources(workspace);
        let write = |file: &str, settings: &mut dyn Iterator<Item = &(&str, String)>| {
            let path = home.join(file);
            let text = with(&sources.join(file), settings)?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path.display().to_string())
        };
        let worker = write("worker.properties", &mut own.iter().chain(worker))?;
        let sink = write("sink.properties", &mut [("name", name.to_owned())].iter().chain(sink))?;
        let mut args = [HEAP, "-XX:+ExitOnOutOfMemoryError", "-Duser.timezone=UTC"]
            .map(str::to_owned)
            .to_vec();
        args.extend([
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".to_owned(),
            "-cp".to_owned(),
            DEBEZIUM.class_path(workspace),
            MAIN.to_owned(),
            worker,
            sink,
        ]);
        Ok(Spec {
            name: DEBEZIUM.name.to_owned(),
            kind: Kind::Service,
            program: Java::find().await?.program(),
            args,
            env: java::environment(),
            clear_env: true,
            folder: home,
            run_as: None,
            log: folder.log(DEBEZIUM.name),
        })
    }
}

/// A file of settings with others behind.
fn with(
    file: &Path,
    settings: &mut dyn Iterator<Item = &(&str, String)>,
) -> anyhow::Result<String> {
    let reading = || format!("cannot read {}", file.display());
    let mut text = fs::read_to_string(file).with_context(reading)?;
    for (name, value) in settings {
        // A backslash would begin an escape.
        text.push_str(&format!("{name}={}\n", value.replace('\\', "\\\\")));
    }
    Ok(text)
}

/// What a worker tells of its connector.
#[derive(Debug, Deserialize)]
struct Status {
    connector: Part,
    tasks: Vec<Part>,
}

#[derive(Debug, Deserialize)]
struct Part {
    state: String,
    #[serde(default)]
    trace: String,
}

/// An error when the connector, or a task of it, has given up; its worker lives on. None when the
/// worker does not answer yet.
pub async fn check(http: &Client, port: u16, name: &str) -> Result<()> {
    let url = format!("http://127.0.0.1:{port}/connectors/{name}/status");
    let asked = async { http.get(&url).send().await?.error_for_status()?.text().await };
    let Ok(answer) = asked.await else { return Ok(()) };
    let Status { connector, tasks } =
        serde_json::from_str(&answer).map_err(|error| anyhow!(error).context(url))?;
    match tasks.into_iter().chain([connector]).find(|part| part.state == "FAILED") {
        Some(failed) => {
            let trace: Vec<_> = failed.trace.lines().filter(|line| tells(line)).take(8).collect();
            let trace = trace.join("\n");
            Err(Failure::unavailable(format!("the sink has given up:\n{trace}")))
        }
        None => Ok(()),
    }
}

/// Whether a line of a trace says what went wrong, not just where.
fn tells(line: &str) -> bool {
    !line.trim_start().starts_with("at ")
}
