//! A peer: command-processor's work by Kafka Streams.

use std::path::{Path, PathBuf};

use event_log::Settings;
use schemas::Topic;

use crate::{
    bench::{arena::REPLY, peer::Peer, sizes::Sizes},
    failure::Result,
    stack::java::{self, Java},
    workspace::Workspace,
};

/// The application.
pub const STREAMS: Peer = Peer { name: "streams", title: "the Kafka Streams application" };

/// Its main class.
const MAIN: &str = "oneway.bench.Decisions";

/// How it is started.
#[derive(Debug)]
pub struct Launch {
    pub program: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
}

/// How to start it on the topics of a contender, with a folder for what it keeps.
pub async fn launch(
    workspace: &Workspace,
    home: &Path,
    settings: &Settings,
    sizes: &Sizes,
    tuned: &[(&str, &str)],
) -> Result<Launch> {
    let topic = |topic: Topic| settings.qualify(topic.name());
    let mut args = vec![
        "-Xmx1g".to_owned(),
        "-cp".to_owned(),
        STREAMS.class_path(workspace),
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
        format!("application.id={}", settings.qualify(STREAMS.name)),
        format!("state.dir={}", home.join(STREAMS.name).display()),
    ];
    args.extend(tuned.iter().map(|(name, value)| format!("{name}={value}")));
    let program = Java::find().await?.program();
    Ok(Launch { program, args, env: java::environment() })
}
