//! What can go wrong.

use axum::http::StatusCode;
use service::Problem;

/// Why something cannot be shown or done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kafka or the registry.
    #[error(transparent)]
    Log(#[from] event_log::Error),
    /// Postgres, and what is in it.
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
            Error::Log(_) | Error::ReadModel(_) => {
                tracing::warn!(%error, "cannot look");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "cannot_look", said).retry_after(2)
            }
        }
    }
}
