//! Start-up: which topics are read, and what is done with them.

use std::{path::PathBuf, sync::Arc};

use domain::{Customers, Orders};
use event_log::{
    Error, Registry,
    exactly_once::{Role, serve},
};
use schemas::Topic;
use service::{Env, Failure, Shell};
use tokio::runtime::Handle;

use crate::{checkpoint::Checkpoints, processor::Processor, writer::Writer};

/// Settings of the binary.
#[derive(Clone, Debug)]
pub struct Settings {
    log: event_log::Settings,
    /// Where checkpoints are kept; without it there are none.
    checkpoints: Option<PathBuf>,
}

impl Settings {
    /// Reads them.
    pub fn from_env(env: &Env) -> Self {
        let name = env.own("CHECKPOINT_DIR");
        let checkpoints = env.optional(&name).map(PathBuf::from);
        if checkpoints.as_ref().is_some_and(|folder| !folder.is_absolute()) {
            env.problem(format!("{name} is malformed (not an absolute path)"));
        }
        Self { log: event_log::Settings::from_env(env), checkpoints }
    }
}

/// Decides commands until the shutdown.
pub async fn run(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let topics = vec![Topic::CUSTOMER_COMMANDS, Topic::ORDER_COMMANDS];
    let role = Role { name: shell.name, topics };
    let (runtime, log) = (Handle::current(), settings.log.clone());
    serve(shell, log, role, move || processor(&settings, &runtime)).await
}

/// A processor that knows no state yet.
fn processor(settings: &Settings, runtime: &Handle) -> Result<Processor, Error> {
    let Settings { log, checkpoints } = settings;
    let registry = Registry::new(&log.registry_url);
    let store = checkpoints.as_deref().and_then(|folder| Checkpoints::open(log, folder));
    let store = store.map(Arc::new);
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(log, &registry, runtime, store.clone())?),
        Box::new(Writer::<Orders>::new(log, &registry, runtime, store)?),
    ]))
}
