//! Queries in the form that existing front ends ask them: `/query/<read model>/<resolver>`, with
//! arguments as JSON. The answer is always an array.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use service::Problem;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    database::Database,
    error::Error,
    query::{ProblemBody, not_found},
};

/// Most rows of an answer: a list that is longer is cut, and says so in [`ROW_LIMIT`].
pub const MOST_ROWS: i64 = 5_000;

/// Sent with an answer that has the most rows that it may have: there may be more.
pub const ROW_LIMIT: HeaderName = HeaderName::from_static("oneway-row-limit");

type Answering = BoxFuture<'static, Result<Response, Problem>>;

type Resolver = Box<dyn Fn(Database, Value) -> Answering + Send + Sync>;

/// The resolvers of a consumer, by read model and name.
pub struct Resolvers {
    database: Database,
    known: BTreeMap<(&'static str, &'static str), Resolver>,
}

/// For resolvers without arguments; what is sent is passed over.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct NoArguments {}

/// Of which row.
#[derive(Clone, Debug, Deserialize)]
pub struct ById {
    /// Its id.
    pub id: String,
}

impl fmt::Debug for Resolvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.known.keys()).finish()
    }
}

impl Resolvers {
    /// None yet.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database, known: BTreeMap::new() }
    }

    /// Adds one. Arguments beside those of `A` are passed over.
    #[must_use]
    pub fn with<A, R, F>(
        mut self,
        read_model: &'static str,
        name: &'static str,
        resolve: impl Fn(Database, A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Future<Output = Result<Vec<R>, Error>> + Send + 'static,
    {
        let resolver = move |database, arguments| -> Answering {
            match serde_json::from_value(arguments).map_err(|error| refused(&error)) {
                Ok(arguments) => {
                    let rows = resolve(database, arguments);
                    Box::pin(async move { Ok(answer(&rows.await?)) })
                }
                Err(problem) => Box::pin(async move { Err(problem) }),
            }
        };
        self.known.insert((read_model, name), Box::new(resolver));
        self
    }

    /// Where they are asked.
    #[must_use]
    pub fn routes<S: Clone + Send + Sync + 'static>(self) -> OpenApiRouter<S> {
        OpenApiRouter::new().routes(routes!(by_query, by_body)).with_state(Arc::new(self))
    }

    async fn resolve(
        &self,
        (read_model, name): (String, String),
        arguments: Value,
    ) -> Result<Response, Problem> {
        match self.known.get(&(read_model.as_str(), name.as_str())) {
            Some(resolver) => resolver(self.database.clone(), arguments).await,
            None => {
                let known = self.known.keys().map(|(model, name)| format!("{model}/{name}"));
                let known = known.collect::<Vec<_>>().join(", ");
                Err(not_found(&format!("there is no such resolver; there are {known}")))
            }
        }
    }
}

/// Ask a resolver, with its arguments in the query string.
#[utoipa::path(
    get, path = "/query/{readModel}/{resolver}", tag = "resolvers", operation_id = "getResolver",
    params(
        ("readModel" = String, Path, description = "Name of the read model"),
        ("resolver" = String, Path, description = "Name of the resolver"),
    ),
    responses(
        (status = 200, description = "The rows", body = Vec<Value>, headers(
            ("oneway-row-limit" = i64, description = "Only when the list may have been cut: its length"),
        )),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such resolver", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn by_query(
    State(resolvers): State<Arc<Resolvers>>,
    Path(path): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Query(arguments): Query<Vec<(String, String)>> =
        Query::try_from_uri(&uri).map_err(|_| malformed("the query string cannot be read"))?;
    let arguments = arguments.into_iter().map(|(name, value)| (name, Value::String(value)));
    resolvers.resolve(path, Value::Object(arguments.collect())).await
}

/// Ask a resolver, with its arguments as a JSON object; none when the body is empty.
#[utoipa::path(
    post, path = "/query/{readModel}/{resolver}", tag = "resolvers", operation_id = "postResolver",
    params(
        ("readModel" = String, Path, description = "Name of the read model"),
        ("resolver" = String, Path, description = "Name of the resolver"),
    ),
    request_body(content = Option<Object>, example = json!({"id": "anna"})),
    responses(
        (status = 200, description = "The rows", body = Vec<Value>, headers(
            ("oneway-row-limit" = i64, description = "Only when the list may have been cut: its length"),
        )),
        (status = 400, description = "An argument is malformed", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such resolver", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
async fn by_body(
    State(resolvers): State<Arc<Resolvers>>,
    Path(path): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Problem> {
    let arguments = match body.trim_ascii() {
        [] => Map::new(),
        body => serde_json::from_slice(body)
            .map_err(|_| malformed("the body must be a JSON object with the arguments"))?,
    };
    resolvers.resolve(path, Value::Object(arguments)).await
}

fn answer<R: Serialize>(rows: &[R]) -> Response {
    let mut response = Json(rows).into_response();
    if i64::try_from(rows.len()).is_ok_and(|rows| rows >= MOST_ROWS) {
        response.headers_mut().insert(ROW_LIMIT, HeaderValue::from(MOST_ROWS));
    }
    response
}

fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
}

/// Says what was expected, and not what was sent.
fn refused(error: &serde_json::Error) -> Problem {
    let reason = error.to_string();
    let expected = reason.rsplit_once(", expected ");
    match expected {
        Some((_, expected)) => malformed(&format!("an argument must be {expected}")),
        None => malformed(&format!("the arguments are refused: {reason}")),
    }
}
