//! Start-up: which topics are read, and what is done with them.

use std::sync::Arc;

use domain::{Aggregate, Campaigns, Customers, Mailings, Orders};
use event_log::{
    Error, Registry,
    exactly_once::{Role, serve},
};
use schemas::{Messages, command::AggregateState};
use service::{Failure, Shell, Tracer};
use tokio::runtime::Handle;

use crate::{
    checkpoint::Checkpoints,
    guard::{self, Store},
    processor::Processor,
    settings::Settings,
    writer::{Outside, Writer},
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
    let (runtime, log, tracer) = (Handle::current(), settings.log.clone(), shell.tracer.clone());
    serve(shell, log, role, move || processor(&settings, &runtime, &tracer)).await
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
fn processor(settings: &Settings, runtime: &Handle, tracer: &Tracer) -> Result<Processor, Error> {
    let Settings { log, checkpoints, .. } = settings;
    let store = checkpoints.as_deref().and_then(|folder| Checkpoints::open(log, folder));
    let outside = Outside {
        registry: Registry::of(log),
        runtime: runtime.clone(),
        tracer: tracer.clone(),
        store: store.map(Arc::new),
    };
    Ok(Processor::new(vec![
        Box::new(Writer::<Customers>::new(log, &outside)?),
        Box::new(Writer::<Orders>::new(log, &outside)?),
        Box::new(Writer::<Campaigns>::new(log, &outside)?),
        Box::new(Writer::<Mailings>::new(log, &outside)?),
    ]))
}
