//! `/graphql`: orders and customers as a graph.
//!
//! - [`order`], [`customer`]: the types
//! - [`query`], [`subscription`]: where they begin
//! - [`loader`]: reads what a whole level of a query needs in one statement
//! - [`decimal`]: exact amounts
//! - [`socket`], `protocol`: subscriptions over web sockets
//!
//! Queries are bounded before they run: by how deep they go, and by how many fields they could
//! return at most. Fields that may be unknown, or are read apart, are nullable: what is missing of
//! one order never takes the others with it.

use async_graphql::{EmptyMutation, ErrorExtensions, Request, Schema, dataloader::DataLoader};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        RawQuery, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use consumer_runtime::{Database, Error, hearing::Changes};
use service::{Problem, auth::Subject};

pub mod customer;
pub mod decimal;
pub mod loader;
pub mod order;
mod protocol;
pub mod query;
pub mod socket;
pub mod subscription;

use loader::Rows;
use query::Query;
use socket::Sockets;
use subscription::Subscription;

/// Where it is served.
const PATH: &str = "/graphql";

/// How deep a query may go; the one by which tools ask for the schema goes to 15.
const MOST_DEPTH: usize = 16;

/// Most fields that a query may return, by the most rows of each list.
const MOST_FIELDS: usize = 200_000;

/// What a statement counts for: bounds those of a query to some hundred.
const STATEMENT: usize = 500;

/// Most rows of a list, and how many when the query does not say.
const MOST_ROWS: i32 = 500;
const ROWS: i32 = 100;

/// The graph.
pub type Graph = Schema<Query, EmptyMutation, Subscription>;

/// What is configured of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether queries may ask for the schema, and browsers get a page to explore it.
    pub explorer: bool,
    /// Most sockets with subscriptions.
    pub subscribers: usize,
}

/// A page to explore the graph. It takes nothing from elsewhere.
const EXPLORER: &str = include_str!("graphql/explorer.html");

/// What the page may do, as browsers are told.
const EXPLORER_POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
                               script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                               frame-ancestors 'none'";

/// The graph of a database; `tells_schema` when queries may ask for the schema.
#[must_use]
pub fn graph(database: Database, changes: Changes, tells_schema: bool) -> Graph {
    let rows = DataLoader::new(Rows(database.clone()), tokio::spawn);
    let schema = Schema::build(Query, EmptyMutation, Subscription)
        .data(database)
        .data(changes)
        .data(rows)
        .limit_depth(MOST_DEPTH)
        .limit_complexity(MOST_FIELDS)
        .limit_directives(8);
    if tells_schema {
        schema.finish()
    } else {
        schema.disable_introspection().disable_suggestions().finish()
    }
}

/// Serves the graph; where it is to be explored also its schema, and a page to whoever asks for HTML.
pub fn router(database: Database, changes: Changes, settings: Settings) -> Router {
    let Settings { explorer, subscribers } = settings;
    let sockets = Sockets::new(subscribers, changes.clone());
    let at = At { graph: graph(database, changes, explorer), explorer, sockets };
    Router::new().route(PATH, get(by_query).post(by_body)).with_state(at)
}

#[derive(Clone)]
struct At {
    graph: Graph,
    explorer: bool,
    sockets: Sockets,
}

async fn by_query(
    State(At { graph, explorer, sockets }): State<At>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    subject: Result<Subject, Problem>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if headers.contains_key(header::UPGRADE) {
        let upgrade = upgrade.map_err(|rejection| {
            Problem::new(rejection.status(), "no_websocket", rejection.body_text())
        })?;
        return sockets.accept(graph, subject?, upgrade);
    }
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if explorer && query.is_none() && accepted.is_some_and(|types| types.contains("text/html")) {
        let policy = [(header::CONTENT_SECURITY_POLICY, EXPLORER_POLICY)];
        return Ok((policy, Html(EXPLORER)).into_response());
    }
    let request = async_graphql::http::parse_query_string(&query.unwrap_or_default());
    answer(&graph, request.map_err(|_| malformed())?).await
}

async fn by_body(State(At { graph, .. }): State<At>, body: Bytes) -> Result<Response, Problem> {
    let request: Request = serde_json::from_slice(&body).map_err(|_| malformed())?;
    answer(&graph, request).await
}

async fn answer(graph: &Graph, request: Request) -> Result<Response, Problem> {
    if request.query.trim().is_empty() {
        return Err(malformed());
    }
    Ok(Json(graph.execute(request).await).into_response())
}

fn malformed() -> Problem {
    let detail = "a GraphQL query is a JSON object with query, variables and operationName";
    Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
}

/// Why something could not be read, as clients are told; the log has the rest.
#[derive(Clone, Debug)]
pub struct Unread {
    code: &'static str,
    detail: String,
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        let problem = Problem::from(error);
        Self { code: problem.code, detail: problem.detail }
    }
}

impl ErrorExtensions for Unread {
    fn extend(&self) -> async_graphql::Error {
        async_graphql::Error::new(&self.detail).extend_with(|_, more| more.set("code", self.code))
    }
}

/// A nullable field that is read apart: the library makes it null, and tells why, only when the
/// failure is inside the option.
pub type Nullable<T> = Option<async_graphql::Result<T>>;

/// What is wrong with an argument.
fn bad_argument(detail: impl Into<String>) -> async_graphql::Error {
    Unread { code: "bad_argument", detail: detail.into() }.extend()
}

/// How many rows are asked for.
fn rows(first: Option<i32>) -> Result<i64, async_graphql::Error> {
    match first.unwrap_or(ROWS) {
        first @ 1..=MOST_ROWS => Ok(first.into()),
        _ => Err(bad_argument(format!("first must be from 1 to {MOST_ROWS}"))),
    }
}

/// What a list of so many rows costs.
fn cost(first: Option<i32>, row: usize) -> usize {
    let rows = usize::try_from(first.unwrap_or(ROWS)).unwrap_or(usize::MAX);
    rows.saturating_mul(row.saturating_add(1))
}

/// The same of a list that takes a statement of its own.
fn list_cost(first: Option<i32>, row: usize) -> usize {
    cost(first, row).saturating_add(STATEMENT)
}
