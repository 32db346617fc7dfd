//! How the parts come together.

use axum::{
    Router,
    middleware::map_response,
    routing::{any, get},
};
use service::{Failure, Gate, Shell, auth::Admit, http};

use crate::{
    files,
    forward::{Forwarder, forward},
    headers::protect,
    settings::Settings,
};

/// Serves until the shutdown.
pub async fn serve(shell: Shell, settings: Settings) -> Result<(), Failure> {
    let port = shell.health.part(http::PART);
    shell.health.complete();
    let Settings { address, gate, services } = settings;
    if !files::is_built() {
        tracing::warn!("this binary was built without the page: `cargo oneway up` builds it");
    }
    // Who somebody is and what they may, the services say.
    let gate = Gate::new(&gate, Admit::Everybody)?;
    let forwarder = Forwarder::new(services, gate.clone())?;
    http::serve(address, gate, router(forwarder), port, shell.shutdown).await
}

fn router(forwarder: Forwarder) -> Router {
    Router::new()
        .route("/s/{service}/{*path}", any(forward))
        .with_state(forwarder)
        .route("/", get(files::serve))
        .route("/{*path}", get(files::serve))
        .layer(map_response(protect))
}
