//! Start-up: which topics are read, and what is done with them.

use std::sync::Arc;

use domain::{Aggregate, Campaigns, Customers, Mailings, Orders};
use event_log::{
    Error, Registry,
    exactly_once::{Role, serve},
};
use schemas::{Messages, command::AggregateState};
use service::{Failure, Shell};
use tokio::runtime::Handle;

use crate::{
    checkpoint::Checkpoints,
    guard::{self, Store},
    processor::Processor,
    settings::Settings,
    writer::Writer,
};

/// Decides commands until the shutdown.
pub async fn run(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let stores =
        [store::<Customers>(), store::<Orders>(), store::<Campaigns>(), store::<Mailings>()];
    if !guard::pass(&shell, &settings.log, &stores, &settings.accepted).await? {
        return Ok(());
    }
    let topics = stores.map(|store| store.commands).to_vec();
    let role = Role { name: shell.name, topics };
    let (runtime, log) = (Handle::current(), settings.log.clone());
    serve(shell, log, role, move || processor(&settings, &runtime)).await
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
fn processor(settings: &Settings, runtime: &Handle) -> Result<Processor, Error> {
    let Settings { log, checkpoints, .. } = settings;
    let registry = Registry::of(log);
    let store = checkpoints.as_deref().and_then(|folder| Checkpoints::open(log, folder));
    let store = store.map(Arc::new);
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(log, &registry, runtime, store.clone())?),
        Box::new(Writer::<Orders>::new(log, &registry, runtime, store.clone())?),
        Box::new(Writer::<Campaigns>::new(log, &registry, runtime, store.clone())?),
        Box::new(Writer::<Mailings>::new(log, &registry, runtime, store)?),
    ]))
}
