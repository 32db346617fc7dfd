//! Serving a router on a public address, with the limits that every service shares.

use std::{any::Any, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

use crate::{edge, problem::Problem, shell::Failure, shutdown::Shutdown};

/// Largest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Longest time for one request; more than the longest `Prefer: wait`.
const MAX_DURATION: Duration = Duration::from_secs(60);

/// Serves until the shutdown, then finishes the requests under way.
///
/// # Errors
/// [`Failure::Configuration`] when the address cannot be bound.
pub async fn serve(address: SocketAddr, router: Router, shutdown: Shutdown) -> Result<(), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot bind {address}"))
        .map_err(Failure::Configuration)?;
    let router = edge::behind(
        router
            .layer(RequestBodyLimitLayer::new(MAX_BODY))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, MAX_DURATION))
            .layer(CatchPanicLayer::custom(panicked)),
    );
    tracing::info!(http.address = %address, "serving");
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { shutdown.requested().await })
        .await
        .map_err(|error| Failure::Internal(error.into()))
}

fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this is a bug of the service")
        .into_response()
}
