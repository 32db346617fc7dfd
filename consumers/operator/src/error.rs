//! What can go wrong.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use service::Problem;

/// Why something cannot be shown or done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kafka or the registry.
    #[error(transparent)]
    Log(#[from] event_log::Error),
    /// Postgres.
    #[error("cannot {doing}: {source}")]
    Postgres {
        /// What was tried.
        doing: &'static str,
        /// What went wrong.
        source: tokio_postgres::Error,
    },
    /// What the runtime says of a read model.
    #[error(transparent)]
    ReadModel(#[from] consumer_runtime::Error),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A thread ended before its work was done: a bug.
    #[error("a reader ended early: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Error {
    /// Says what was being done.
    pub fn postgres(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Postgres { doing, source }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::Refused(_) => Self::new(StatusCode::BAD_REQUEST, "malformed_query", said),
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", said),
            Error::Ended(_) => {
                tracing::error!(%error, "a reader ended early");
                let detail = "this is a bug of the service";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
            Error::Log(_) | Error::Postgres { .. } | Error::ReadModel(_) => {
                tracing::warn!(%error, "cannot look");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "cannot_look", said).retry_after(2)
            }
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
