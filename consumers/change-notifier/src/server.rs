//! How the parts come up and go down.

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    routing::{any, get},
};
use event_log::{Error, Registry};
use service::{Failure, Gate, Shell, Shutdown, auth::Admit, health::Part, http};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::{JoinError, JoinHandle},
};

use crate::{
    follow::Follow,
    history::History,
    hub::Hub,
    metrics,
    settings::Settings,
    socket,
    sse::{Changes, changes},
};

/// Serves until the shutdown.
pub async fn serve(shell: Shell, settings: Settings) -> Result<(), Failure> {
    metrics::start();
    let (trigger, stop) = Shutdown::new();
    let registry = Registry::of(&settings.log);
    let port = shell.health.part(http::PART);
    let follow = Follow {
        settings: settings.log.clone(),
        registry: registry.clone(),
        limits: settings.limits,
        health: shell.health.part("kafka"),
        stop,
        runtime: Handle::current(),
        tracer: shell.tracer.clone(),
    };
    shell.health.complete();
    let (ready, hub) = oneshot::channel();
    let mut following = tokio::task::spawn_blocking(move || follow.run(ready));
    let serving = async {
        // Nobody is served before, who would miss what is in the log already.
        let hub = tokio::select! {
            () = shell.shutdown.requested() => return Ok(()),
            hub = hub => match hub {
                Ok(hub) => hub,
                // What follows has ended, and says why.
                Err(_) => return Ok(()),
            },
        };
        let history = History::new(&settings.log, &registry, settings.limits.replayed);
        answer(&settings, (hub, history), port, &shell.shutdown).await
    };
    tokio::select! {
        // First: when both have ended, this one knows why.
        biased;
        ended = &mut following => followed_to_the_end(ended, &shell.shutdown),
        served = serving => {
            trigger.fire();
            served.and(stopped(following).await)
        }
    }
}

/// Serves both ways to hear of changes.
async fn answer(
    settings: &Settings,
    (hub, history): (Arc<Hub>, History),
    port: Part,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    let limits = &settings.limits;
    let (layer, io) = socket::endpoint(Arc::clone(&hub), limits.query_window);
    let state = Changes { hub, history, heartbeat: limits.heartbeat };
    let router = Router::new()
        .route("/v1/changes", get(changes))
        // Never asked: the layer takes such requests, but only those of routes pass through layers.
        .route(socket::PATH, any(async || StatusCode::NOT_FOUND))
        .with_state(state)
        .layer(layer);
    let gate = Gate::new(&settings.gate, Admit::Known)?;
    let closing = async {
        shutdown.requested().await;
        // The drain waits for the web sockets.
        io.close().await;
        std::future::pending().await
    };
    tokio::select! {
        served = http::serve(settings.listen, gate, router, port, shutdown.clone()) => served,
        never = closing => never,
    }
}

/// Following ends by itself only when something is wrong.
fn followed_to_the_end(
    ended: Result<Result<(), Error>, JoinError>,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    match ended {
        Ok(Ok(())) if shutdown.is_requested() => Ok(()),
        Ok(Ok(())) => Err(Failure::Internal(anyhow::anyhow!("the follower of changes ended"))),
        Ok(Err(error)) => Err(error.into()),
        Err(panic) => Err(Failure::Internal(panic.into())),
    }
}

/// Waits until following has stopped.
async fn stopped(following: JoinHandle<Result<(), Error>>) -> Result<(), Failure> {
    match following.await {
        Ok(ended) => ended.map_err(Failure::from),
        Err(panic) => Err(Failure::Internal(panic.into())),
    }
}
