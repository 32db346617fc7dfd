//! A command processor as a process of its own, told by what it logs.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, anyhow};
use event_log::Settings;
use serde::Serialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::fill::STATES;
use crate::{
    failure::{Failure, Result},
    stack::memory,
};

/// Longest wait for it to have restored.
const LIMIT: Duration = Duration::from_mins(5);

/// One restore.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// What it was restored from.
    pub source: String,
    /// How long the partition took.
    pub seconds: f64,
    /// From the start of the process until then.
    pub seconds_since_start: f64,
    /// Bytes of ids and states.
    pub bytes: u64,
    /// Memory of the whole process afterwards.
    pub resident_bytes: u64,
}

/// A running processor; killed when dropped.
#[derive(Debug)]
pub struct Processor {
    child: Child,
    started: Instant,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Processor {
    /// Starts one, with checkpoints in a folder or without.
    pub fn start(program: &Path, settings: &Settings, checkpoints: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("KAFKA_BROKERS", &settings.brokers)
            .env("SCHEMA_REGISTRY_URL", &settings.registry_url)
            .env("ONEWAY_NAMESPACE", settings.namespace.as_str())
            .env("ONEWAY_INSTANCE", "command-processor-1")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = checkpoints {
            command.env("COMMAND_PROCESSOR_CHECKPOINT_DIR", folder);
        }
        let started = Instant::now();
        let mut child = command.spawn().context("cannot start the command processor")?;
        let output = child.stdout.take().context("it has no output")?;
        Ok(Self { child, started, lines: BufReader::new(output).lines() })
    }

    /// Waits until it has restored the partition of the bench.
    pub async fn restored(&mut self) -> Result<Restored> {
        let (started, partition) = (self.started, STATES.to_string());
        let mut said = Vec::new();
        let wait = async {
            while let Some(line) = self.lines.next_line().await.context("cannot read its log")? {
                let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
                let text = |name: &str| event.get(name).and_then(Value::as_str);
                if text("message") == Some("state restored")
                    && text("kafka.partition") == Some(&partition)
                {
                    return Ok(event);
                }
                said.push(line);
            }
            Err(anyhow!("the command processor ended:\n{}", said.join("\n")))
        };
        let event = timeout(LIMIT, wait).await;
        let event = event.map_err(|_| Failure::unavailable("it did not restore in time"))??;
        let number = |name: &str| {
            let value = event.get(name);
            // Numbers beyond 64 bits are logged as text.
            value.and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok())).unwrap_or_default()
        };
        let source = event.get("source").and_then(Value::as_str).unwrap_or_default();
        Ok(Restored {
            source: source.to_owned(),
            seconds: Duration::from_millis(number("duration_ms")).as_secs_f64(),
            seconds_since_start: started.elapsed().as_secs_f64(),
            bytes: number("bytes"),
            resident_bytes: self.resident_bytes()?,
        })
    }

    fn resident_bytes(&self) -> Result<u64> {
        let pid = self.child.id().context("it has ended")?;
        Ok(memory::resident_bytes(pid).context("it does not say how much memory it has")?)
    }

    /// Kills it without warning; when.
    pub async fn kill(mut self) -> Result<SystemTime> {
        let now = SystemTime::now();
        self.child.kill().await.context("cannot kill the command processor")?;
        Ok(now)
    }
}
