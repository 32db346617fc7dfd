//! What operators see of an installation, and what they may do about it: for the command line, and
//! as a service for pages.
//!
//! In reading order:
//! - [`consumer`]: the consumers, and what each can do
//! - [`scan`], [`seen`]: records in topics, as operators see them
//! - [`events`], [`timeline`], [`trace`]: the newest, those of one aggregate, those of one request
//! - [`lag`], [`standing`]: how far consumers are, and how they stand
//! - [`schema`]: what the registry says of the schemas that records name
//! - [`letters`]: records that a consumer cannot handle
//! - [`rebuild`]: the next build of a read model, step by step
//! - [`health`]: whether the parts of an installation work
//! - [`settings`], [`routes`], [`error`]: the service
//!
//! Invariants: looking changes nothing; what an operator may do is done by the consumers themselves,
//! on a request that is left for them.

pub mod consumer;
pub mod error;
pub mod events;
pub mod health;
pub mod lag;
pub mod letters;
pub mod rebuild;
pub mod routes;
pub mod scan;
pub mod schema;
pub mod seen;
pub mod settings;
pub mod standing;
pub mod timeline;
pub mod trace;

pub use consumer::Consumer;
pub use error::Error;

use service::{Failure, Gate, Role, auth::Admit, http};
use tokio::runtime::Handle;

use crate::{
    health::Health, rebuild::Rebuilds, routes::Desk, scan::Scan, settings::Settings,
    standing::Observer,
};

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("operator", Settings::from_env, async |shell, settings| {
        let port = shell.health.part(http::PART);
        shell.health.complete();
        let Settings { address, gate, log, database_url, database, services, tool } = settings;
        let internal = |error: Error| Failure::Internal(anyhow::Error::new(error));
        let observer = Observer::new(log.clone(), &database).map_err(internal)?;
        let health = Health::new(log.clone(), database, services).map_err(internal)?;
        let rebuilds = Rebuilds::new(tool, &log, database_url);
        let scan = Scan { settings: log, runtime: Handle::current() };
        let gate = Gate::new(&gate, Admit::Queries(shell.name))?;
        let desk = Desk::new(scan, observer, health, rebuilds);
        http::serve(address, gate, routes::router(desk), port, shell.shutdown).await
    })
}
