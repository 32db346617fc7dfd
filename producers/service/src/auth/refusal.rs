//! What is told to those who may not, and what is recorded of them.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::Subject;
use crate::{metrics::REFUSALS, problem::Problem};

/// Why a request has no subject. Says more than its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no token.
    #[error("there is no token")]
    Missing,
    /// The token was valid once.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid, and why.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The keys to verify it with cannot be had.
    #[error("the keys of the issuer cannot be had")]
    Unavailable,
}

impl Refusal {
    const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Invalid(_) => "invalid",
            Self::Unavailable => "unavailable",
        }
    }

    /// Counts it, and says why in the log of whoever looks for it.
    pub fn note(self) {
        count(self.reason());
        tracing::debug!(reason = %self, "a request was refused");
    }
}

/// 401, or 503 when nothing is known. Which check failed is not told: only who guesses wants to
/// know. That a token has expired is, so that the client gets a new one.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (detail, challenge) = match self {
            Self::Missing => {
                ("a token is needed: Authorization: Bearer …", "Bearer realm=\"oneway\"")
            }
            Self::Expired => (
                "the token has expired: get a new one",
                "Bearer realm=\"oneway\", error=\"invalid_token\", \
                 error_description=\"the token has expired\"",
            ),
            Self::Invalid(_) => {
                ("the token is not valid", "Bearer realm=\"oneway\", error=\"invalid_token\"")
            }
            Self::Unavailable => {
                let detail = "tokens cannot be verified at the moment";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Problem::new(status, "keys_unavailable", detail)
                    .retry_after(2)
                    .into_response();
            }
        };
        let code = if self == Self::Missing { "no_token" } else { "invalid_token" };
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, code, detail).into_response();
        let challenge = HeaderValue::from_static(challenge);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        response
    }
}

/// A subject without the right, as it is told; and as the log has it, under target `audit`.
#[must_use]
pub fn forbidden(subject: &Subject, right: &str) -> Problem {
    count("forbidden");
    tracing::warn!(target: "audit", actor = subject.actor(), right, "refused");
    let detail = format!("this needs the right {right}");
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).with("right", right.into())
}

pub(super) fn count(reason: &'static str) {
    metrics::counter!(REFUSALS, "reason" => reason).increment(1);
}
