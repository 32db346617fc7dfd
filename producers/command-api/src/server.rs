//! How the parts come up and go down.

use std::{sync::Arc, time::Duration};

use event_log::{Appender, Error, ErrorClass, Registry, backoff::Backoff};
use schemas::{
    Encoder, Message, Messages,
    any_command::Encoders,
    command::{CommandOutcome, CommandRefused},
};
use service::{
    Failure, Gate, Shell, Shutdown, Tracer, auth::Admit, health::Part, http, shutdown::Trigger,
};
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};

use crate::{
    admission,
    dispatch::Dispatcher,
    lookup::Lookup,
    metrics, openapi,
    outcomes::Outcomes,
    reader::{Reader, chain},
    record::OutcomeDecoder,
    refusals::Refusals,
    routes::Api,
    settings::{Limits, Settings},
    traced,
};

/// Longest wait for the last acknowledgements of a stopping process.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// Serves until the shutdown.
pub async fn serve(shell: Shell, settings: Settings) -> Result<(), Failure> {
    metrics::start();
    let gate = Gate::new(&settings.gate, Admit::Known)?;
    let schemas_known = shell.health.part("registry");
    let outcomes_come = shell.health.part("kafka");
    let port = shell.health.part(http::PART);
    shell.health.complete();
    let registry = Registry::of(&settings.log);
    let Some(schemas) = resolve(&registry, &settings, &schemas_known, &shell.shutdown).await?
    else {
        return Ok(());
    };
    schemas_known.ready();

    let limits = settings.limits;
    let outcomes = Outcomes::new(&limits);
    let appender = Appender::bounded(&settings.log, limits.delivery, limits.queue_kbytes)
        .map_err(|error| Failure::Configuration(error.into()))?;
    let (trigger, stop) = Shutdown::new();
    let decoder =
        OutcomeDecoder::new(schemas.outcome, registry.clone(), Handle::current(), stop.clone());
    let reader = Reader {
        settings: settings.log.clone(),
        outcomes: Arc::clone(&outcomes),
        decoder: decoder.map_err(|error| failure(error.into()))?,
        health: outcomes_come,
        stop,
        runtime: Handle::current(),
    };
    let (positioned, position) = oneshot::channel();
    let mut reading = tokio::task::spawn_blocking(move || reader.run(positioned));

    let serving = async {
        let reply_to = tokio::select! {
            () = shell.shutdown.requested() => return Ok(()),
            place = position => match place {
                Ok(place) => place,
                // The reader has ended, and says why.
                Err(_) => return Ok(()),
            },
        };
        let history = Lookup::new(&settings.log, registry, schemas.outcome, limits.lookup)
            .map_err(failure)?;
        let back = Back { outcomes, history, reply_to };
        let api = api(appender.clone(), schemas, back, limits, shell.tracer.clone());
        let router = admission::behind(openapi::router(api), limits.body_kbytes);
        let router = traced::behind(router, &shell.tracer);
        http::serve(settings.listen, gate, router, port, shell.shutdown.clone()).await
    };
    tokio::select! {
        // First: when both have ended, the reader knows why.
        biased;
        ended = &mut reading => read_to_the_end(ended, &shell.shutdown),
        served = serving => {
            let stopped = stop_reading(trigger, reading).await;
            flush(appender).await;
            served.and(stopped)
        }
    }
}

/// How outcomes come back: as they are decided, and later.
struct Back {
    outcomes: Arc<Outcomes>,
    history: Lookup,
    reply_to: i32,
}

/// What the routes work with.
fn api(appender: Appender, schemas: Schemas, back: Back, limits: Limits, tracer: Tracer) -> Api {
    let Schemas { commands, refusals, .. } = schemas;
    let Back { outcomes, history, reply_to } = back;
    let log = Arc::new(appender);
    let refusals = Refusals::new(Arc::<Appender>::clone(&log), refusals);
    let dispatcher = Dispatcher::new(log, commands, Arc::clone(&outcomes), reply_to, limits);
    Api {
        dispatcher: Arc::new(dispatcher),
        refusals: Arc::new(refusals),
        outcomes,
        history: Arc::new(history),
        tracer,
    }
}

/// The schemas that commands are written with, and the id of that of outcomes.
struct Schemas {
    commands: Encoders,
    refusals: Encoder<CommandRefused>,
    outcome: u32,
}

/// Asks the registry until it has answered; `None` when the process is to stop before. A schema
/// that is not registered may yet be: a deploy may be under way.
async fn resolve(
    registry: &Registry,
    settings: &Settings,
    health: &Part,
    shutdown: &Shutdown,
) -> Result<Option<Schemas>, Failure> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        let resolved = tokio::select! {
            () = shutdown.requested() => return Ok(None),
            resolved = try_resolve(registry, settings) => resolved,
        };
        match resolved {
            Ok(schemas) => return Ok(Some(schemas)),
            Err(error) if error.class() == ErrorClass::Fatal => return Err(failure(error)),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "no schemas yet");
                health.not_ready(chain(&error));
            }
        }
        // Cut short by a shutdown, which the loop then sees.
        let _ = tokio::time::timeout(backoff.next_wait(), shutdown.requested()).await;
    }
}

async fn try_resolve(registry: &Registry, settings: &Settings) -> Result<Schemas, Error> {
    let namespace = &settings.log.namespace;
    let commands = Encoders {
        customer: registry.encoder(namespace).await?,
        order: registry.encoder(namespace).await?,
        campaign: registry.encoder(namespace).await?,
        mailing: registry.encoder(namespace).await?,
    };
    let topic = settings.log.qualify(CommandOutcome::TOPIC.name());
    let file = CommandOutcome::FILE;
    let outcome = registry.id(&file.subject(&topic), file.text).await?;
    let refusals = registry.encoder(namespace).await?;
    Ok(Schemas { commands, refusals, outcome })
}

/// The reader ends by itself only when something is wrong.
fn read_to_the_end(
    ended: Result<Result<(), Error>, tokio::task::JoinError>,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    match ended {
        Ok(Ok(())) if shutdown.is_requested() => Ok(()),
        Ok(Ok(())) => Err(Failure::Internal(anyhow::anyhow!("the reader of outcomes ended"))),
        Ok(Err(error)) => Err(failure(error)),
        Err(panic) => Err(Failure::Internal(panic.into())),
    }
}

/// Stops the reader, after the last request was answered.
async fn stop_reading(
    trigger: Trigger,
    reading: JoinHandle<Result<(), Error>>,
) -> Result<(), Failure> {
    trigger.fire();
    match reading.await {
        Ok(ended) => ended.map_err(failure),
        Err(panic) => Err(Failure::Internal(panic.into())),
    }
}

/// Waits for acknowledgements that no request waits for any more.
async fn flush(appender: Appender) {
    let flushed = tokio::task::spawn_blocking(move || appender.flush(FLUSH_LIMIT)).await;
    if let Ok(Err(error)) = flushed {
        tracing::warn!(error = %chain(&error), "commands were not acknowledged before the end");
    }
}

fn failure(error: Error) -> Failure {
    match error.class() {
        ErrorClass::Transient => Failure::Unavailable(error.into()),
        ErrorClass::Poison | ErrorClass::Fatal => Failure::Internal(error.into()),
    }
}
