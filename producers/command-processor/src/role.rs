//! Start-up: which topics are read, and what is done with them.

use domain::{Customers, Orders};
use event_log::{
    Error, Registry, Settings,
    exactly_once::{Role, serve},
};
use schemas::Topic;
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::{processor::Processor, writer::Writer};

/// Decides commands until the shutdown.
pub async fn run(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let topics = vec![Topic::CUSTOMER_COMMANDS, Topic::ORDER_COMMANDS];
    let role = Role { name: shell.name, topics };
    let (runtime, log) = (Handle::current(), settings.clone());
    serve(shell, settings, role, move || processor(&log, &runtime)).await
}

/// A processor that knows no state yet.
fn processor(settings: &Settings, runtime: &Handle) -> Result<Processor, Error> {
    let registry = Registry::new(&settings.registry_url);
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(settings, &registry, runtime)?),
        Box::new(Writer::<Orders>::new(settings, &registry, runtime)?),
    ]))
}
