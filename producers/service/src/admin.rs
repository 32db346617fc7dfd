//! The admin port of every binary: `/health/live`, `/health/ready` and `/metrics`.

use std::net::SocketAddr;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;

use crate::health::{self, Health};

#[derive(Clone, Debug)]
struct Admin {
    health: Health,
    metrics: Option<PrometheusHandle>,
}

/// Serves the admin port for as long as the process lives: also while it drains, so that whoever
/// watches sees it go.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(
    address: SocketAddr,
    health: Health,
    metrics: Option<PrometheusHandle>,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, router(Admin { health, metrics })).await
}

fn router(admin: Admin) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "alive" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(admin)
}

async fn ready(State(admin): State<Admin>) -> impl IntoResponse {
    let status =
        if admin.health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts: serde_json::Map<_, _> = admin
        .health
        .states()
        .into_iter()
        .map(|(name, state)| {
            let said = match state {
                health::State::Ready => "ready".to_owned(),
                health::State::Impaired(reason) => format!("impaired: {reason}"),
                health::State::NotReady(reason) => reason,
            };
            (name.into_owned(), json!(said))
        })
        .collect();
    (status, Json(parts))
}

async fn metrics(State(admin): State<Admin>) -> String {
    admin.metrics.map(|handle| handle.render()).unwrap_or_default()
}
