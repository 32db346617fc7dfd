//! What the queries of every consumer share: reading arguments, telling errors, describing
//! themselves.

use axum::{
    Router,
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use deadpool_postgres::Object;
use event_log::ErrorClass;
use metrics::counter;
use serde::{Serialize, de::DeserializeOwned};
use service::Problem;
use tokio_postgres::{Row, types::ToSql};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    database::Database,
    error::Error,
    fresh::{self, demand::Shortfall},
    metrics::QUERY_STATEMENTS,
    row::{self, RowError},
};

/// Arguments in the query string; what is not known or malformed is refused.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Arguments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(arguments) = Query::try_from_uri(&parts.uri).map_err(|rejection| {
            let detail = rejection.body_text();
            Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
        })?;
        Ok(Self(arguments))
    }
}

/// A problem with one argument.
#[must_use]
pub fn bad_argument(name: &str, reason: &str) -> Problem {
    let detail = format!("argument {name} {reason}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
}

/// There is no such row.
#[must_use]
pub fn not_found(detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if error.is_unstorable_text() {
            let detail = "an argument has a NUL character";
            return Self::new(StatusCode::BAD_REQUEST, "malformed_query", detail);
        }
        if error.class() == ErrorClass::Transient {
            tracing::warn!(%error, "query failed");
            let detail = "the read model cannot be read at the moment";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Self::new(status, "read_model_unavailable", detail).retry_after(2);
        }
        tracing::error!(%error, "query failed");
        let detail = "this is a bug of the service";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl Database {
    /// Runs a query; each row is made by `read`.
    ///
    /// # Errors
    /// When Postgres fails or a row cannot be read.
    pub async fn select<T>(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl Fn(&mut Reading<'_>) -> Result<T, RowError>,
    ) -> Result<Vec<T>, Error> {
        select(&self.connection().await?, sql, parameters, read).await
    }
}

/// Runs a query on a connection.
pub(crate) async fn select<T>(
    connection: &Object,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    read: impl Fn(&mut Reading<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, Error> {
    let prepared = connection.prepare_cached(sql).await;
    let prepared = prepared.map_err(Error::postgres("prepare a query"))?;
    counter!(QUERY_STATEMENTS).increment(1);
    let rows = connection.query(&prepared, parameters).await;
    self::read(&rows.map_err(Error::postgres("run a query"))?, read)
}

/// Makes something of each row.
pub(crate) fn read<T>(
    rows: &[Row],
    read: impl Fn(&mut Reading<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, Error> {
    let rows = rows.iter().map(|row| read(&mut Reading { row, column: 0 }));
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A row that is read from its first column to its last.
#[derive(Debug)]
pub struct Reading<'a> {
    row: &'a Row,
    column: usize,
}

impl Reading<'_> {
    /// The next column.
    ///
    /// # Errors
    /// When its value is none of the wanted type.
    #[expect(clippy::should_implement_trait, reason = "columns have different types")]
    pub fn next<T: crate::field::Field>(&mut self) -> Result<T, RowError> {
        let column = self.column;
        self.column += 1;
        row::read_field(self.row, column, "of a query")
    }
}

/// A problem (RFC 9457), for descriptions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// Kind of problem, as a URI.
    #[serde(rename = "type")]
    #[schema(example = "urn:oneway:problem:not_found")]
    kind: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: String,
    /// The status.
    #[schema(example = 404)]
    status: u16,
    /// What was wrong, and what to do.
    detail: String,
    /// Stable code for programs.
    #[schema(example = "not_found")]
    code: String,
    /// Joins the answer with logs and events.
    correlation_id: Option<String>,
    /// How far the read model is behind a token; with 503 `not_applied_yet`.
    lag: Option<Vec<Lag>>,
}

/// How far the read model is behind one position of a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// The topic of the position.
    #[schema(example = "order.commands")]
    topic: &'static str,
    /// Its partition.
    #[schema(example = 3)]
    partition: i32,
    /// Its offset.
    #[schema(example = 1234)]
    wanted: i64,
    /// The offset up to which the read model has applied what is there, or was made by what is
    /// there; null when that is nothing.
    #[schema(example = 1200)]
    applied: Option<i64>,
    /// How many offsets are missing.
    #[schema(example = 34)]
    behind: i64,
}

impl From<&Shortfall> for Lag {
    fn from(Shortfall { wanted, applied }: &Shortfall) -> Self {
        Self {
            topic: wanted.partition.topic.name(),
            partition: wanted.partition.number,
            wanted: wanted.offset,
            applied: *applied,
            behind: wanted.offset.saturating_sub(applied.unwrap_or(-1)),
        }
    }
}

/// Serves described routes, with the description at `/openapi.json` and a page at `/docs`.
pub fn described<S: Clone + Send + Sync + 'static>(routes: OpenApiRouter<S>, state: S) -> Router {
    let (router, mut description) = routes.split_for_parts();
    fresh::describe(&mut description);
    router.with_state(state).merge(SwaggerUi::new("/docs").url("/openapi.json", description))
}
