//! Start-up, and the thread that does the work.

use anyhow::anyhow;
use domain::{Customers, Orders};
use event_log::{
    Error, ErrorClass, Registry, Settings,
    exactly_once::{self, Role},
};
use schemas::Topic;
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::{processor::Processor, writer::Writer};

/// Decides commands until the shutdown.
pub async fn run(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let runtime = Handle::current();
    let health = shell.health.part("kafka");
    let role =
        Role { name: shell.name, topics: vec![Topic::CUSTOMER_COMMANDS, Topic::ORDER_COMMANDS] };
    // Kafka's transaction calls block for long: they get a thread that the runtime does not count.
    let (done, end) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("processor".into())
        .spawn(move || {
            let registry = Registry::new(&settings.registry_url);
            let step = || processor(&settings, &registry, &runtime);
            let ended = exactly_once::run(&settings, &role, step, &health, &shell.shutdown);
            // The receiver is gone only when the process is on its way out.
            let _ = done.send(ended);
        })
        .map_err(|error| Failure::Internal(error.into()))?;
    match end.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failure(error)),
        Err(_) => Err(Failure::Internal(anyhow!("the processor thread ended in a panic"))),
    }
}

/// A processor that knows no state yet.
fn processor(
    settings: &Settings,
    registry: &Registry,
    runtime: &Handle,
) -> Result<Processor, Error> {
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(settings, registry, runtime)?),
        Box::new(Writer::<Orders>::new(settings, registry, runtime)?),
    ]))
}

fn failure(error: Error) -> Failure {
    match error.class() {
        // Nothing that a restart could mend: a schema that no deploy has registered.
        ErrorClass::Poison => Failure::Configuration(error.into()),
        ErrorClass::Transient => Failure::Unavailable(error.into()),
        ErrorClass::Fatal => Failure::Internal(error.into()),
    }
}
