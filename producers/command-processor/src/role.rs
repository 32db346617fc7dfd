//! Start-up: which topics are read, and what is done with them.

use domain::{Aggregate, Customers, Orders};
use event_log::{
    Error, Registry,
    exactly_once::{Role, serve},
};
use schemas::{Messages, command::AggregateState};
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::{
    guard::{self, Store},
    processor::Processor,
    settings::Settings,
    writer::Writer,
};

/// Decides commands until the shutdown.
pub async fn run(
    shell: Shell,
    Settings { log: settings, accepted }: Settings,
) -> Result<(), Failure> {
    let stores = [store::<Customers>(), store::<Orders>()];
    if !guard::pass(&shell, &settings, &stores, &accepted).await? {
        return Ok(());
    }
    let topics = stores.map(|store| store.commands).to_vec();
    let role = Role { name: shell.name, topics };
    let (runtime, log) = (Handle::current(), settings.clone());
    serve(shell, settings, role, move || processor(&log, &runtime)).await
}

const fn store<A: Aggregate>() -> Store
where
    AggregateState<A::State>: Messages,
{
    Store {
        commands: A::Command::TOPIC,
        events: A::Event::TOPIC,
        state: AggregateState::<A::State>::TOPIC,
    }
}

/// A processor that knows no state yet.
fn processor(settings: &event_log::Settings, runtime: &Handle) -> Result<Processor, Error> {
    let registry = Registry::new(&settings.registry_url);
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(settings, &registry, runtime)?),
        Box::new(Writer::<Orders>::new(settings, &registry, runtime)?),
    ]))
}
