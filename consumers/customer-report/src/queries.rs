//! All that can be asked.

use std::sync::Arc;

use axum::Router;
use consumer_runtime::{Database, query::described};
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{list, resolvers::resolvers, single, summary};

/// Whole reports that are written at once: each holds a connection as long as its client reads.
const EXPORTS: usize = 2;

/// What answers are made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where the tables are.
    pub database: Database,
    /// One permit for each whole report.
    pub exports: Arc<Semaphore>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway customer report",
        description = "The customers with their orders, revenue and classes: now, or as of any \
            past moment.",
    ),
    tags((name = "report", description = "The report of the customers")),
)]
struct Description;

/// Everything that is served.
pub fn router(database: Database) -> Router {
    let report = Report { database: database.clone(), exports: Arc::new(Semaphore::new(EXPORTS)) };
    let routes = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list::list))
        .routes(routes!(list::search))
        .routes(routes!(single::one))
        .routes(routes!(summary::summary))
        .merge(resolvers(database).routes());
    described(routes, report)
}
