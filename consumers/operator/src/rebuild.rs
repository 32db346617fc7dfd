//! Rebuilds from the page: each step is the command of that name, run by this service, one at a
//! time for each consumer. So there is one way to do it, whoever asks.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemas::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
};
use utoipa::ToSchema;

use crate::{consumer::Consumer, error::Error};

/// Lines of a step that are kept: the last ones.
const LINES: usize = 200;

/// A step of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Show what a start would do.
    Plan,
    /// Build the next one up to the end of the topics.
    Start,
    /// Show the builds that there are.
    Status,
    /// Compare the live one with the next, row by row.
    Diff,
    /// Make the next one live, and keep the one before.
    Switch,
    /// Make the one before live again.
    Back,
    /// Remove what is not live.
    Drop,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Start => "start",
            Self::Status => "status",
            Self::Diff => "diff",
            Self::Switch => "switch",
            Self::Back => "back",
            Self::Drop => "drop",
        }
    }
}

/// Which step is wanted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The step.
    pub step: Step,
}

/// Runs steps. Cheap to clone. Shows no password.
#[derive(Clone)]
pub struct Rebuilds {
    /// The command-line tool; absent where there is none.
    tool: Option<PathBuf>,
    env: Arc<Vec<(&'static str, String)>>,
    runs: Arc<Mutex<BTreeMap<Consumer, Run>>>,
}

/// The last step of a consumer.
#[derive(Clone, Debug)]
struct Run {
    step: Step,
    began: Timestamp,
    by: String,
    lines: Vec<String>,
    /// The exit code, once it has ended; none of a process that was killed.
    ended: Option<Option<i32>>,
}

impl std::fmt::Debug for Rebuilds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rebuilds").field("tool", &self.tool).finish_non_exhaustive()
    }
}

impl Rebuilds {
    /// By this tool, which works on these servers.
    #[must_use]
    pub fn new(tool: Option<PathBuf>, log: &event_log::Settings, database_url: String) -> Self {
        let env = vec![
            ("KAFKA_BROKERS", log.brokers.clone()),
            ("SCHEMA_REGISTRY_URL", log.registry_url.clone()),
            ("ONEWAY_NAMESPACE", log.namespace.as_str().to_owned()),
            ("DATABASE_URL", database_url),
        ];
        Self { tool, env: Arc::new(env), runs: Arc::default() }
    }

    /// Begins a step.
    ///
    /// # Errors
    /// When the consumer has nothing to build, one is under way, or there is no tool.
    pub fn begin(&self, consumer: Consumer, step: Step, by: &str) -> Result<(), Error> {
        if let Some(reason) = consumer.is_no_read_model() {
            return Err(Error::Refused(reason.to_owned()));
        }
        let missing = || {
            let name = consumer.name();
            Error::Refused(format!(
                "this service has no command-line tool (OPERATOR_TOOL): run `oneway rebuild \
                 {name} {}` where there is one",
                step.name()
            ))
        };
        let tool = self.tool.as_ref().ok_or_else(missing)?;
        let mut runs = self.runs();
        if runs.get(&consumer).is_some_and(|run| run.ended.is_none()) {
            let name = consumer.name();
            return Err(Error::Refused(format!(
                "a step for {name} is under way: wait for its end"
            )));
        }
        let mut command = Command::new(tool);
        command
            .args(["rebuild", consumer.name(), step.name()])
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let by = by.to_owned();
        let run = Run { step, began: Timestamp::now(), by, lines: Vec::new(), ended: None };
        runs.insert(consumer, run);
        drop(runs);
        tokio::spawn(self.clone().run(consumer, command));
        Ok(())
    }

    async fn run(self, consumer: Consumer, mut command: Command) {
        let ended = match command.spawn() {
            Ok(mut child) => {
                let (said, told) = (child.stdout.take(), child.stderr.take());
                tokio::join!(self.keep(consumer, said), self.keep(consumer, told));
                child.wait().await.ok().and_then(|status| status.code())
            }
            Err(error) => {
                self.line(consumer, format!("cannot run the command-line tool: {error}"));
                None
            }
        };
        if let Some(run) = self.runs().get_mut(&consumer) {
            run.ended = Some(ended);
        }
    }

    async fn keep(&self, consumer: Consumer, from: Option<impl AsyncRead + Unpin>) {
        let Some(from) = from else { return };
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.line(consumer, line);
        }
    }

    fn line(&self, consumer: Consumer, line: String) {
        if let Some(run) = self.runs().get_mut(&consumer) {
            run.lines.push(line);
            let beyond = run.lines.len().saturating_sub(LINES);
            run.lines.drain(..beyond);
        }
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<Consumer, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last step of a consumer, and what it said so far; null when there was none.
    #[must_use]
    pub fn last(&self, consumer: Consumer) -> Value {
        self.runs().get(&consumer).map_or(Value::Null, |run| {
            let Run { step, began, by, lines, ended } = run;
            json!({
                "step": step.name(),
                "began": began,
                "by": by,
                "lines": lines,
                "running": ended.is_none(),
                "exitCode": ended.flatten(),
            })
        })
    }
}
