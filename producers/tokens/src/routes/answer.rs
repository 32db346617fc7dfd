//! How the answers look.

use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use service::{Problem, Subject};
use utoipa::ToSchema;

use crate::session::Made;

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether somebody is.
    authenticated: bool,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// In which roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// When the token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The token, for `Authorization: Bearer …`.
    jwt: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Status {
    /// Nobody is.
    pub const fn nobody() -> Self {
        Self { authenticated: false, subject: None, roles: None, expires_at: None }
    }

    /// Somebody is.
    pub fn of(subject: &str, roles: &[String], expires_at: impl Into<Option<Timestamp>>) -> Self {
        Self {
            authenticated: true,
            subject: Some(subject.to_owned()),
            roles: Some(roles.to_vec()),
            expires_at: expires_at.into(),
        }
    }

    /// The subject of a token is.
    pub fn of_subject(subject: &Subject) -> Self {
        let expires_at = subject.expires_at().and_then(|time| Timestamp::try_from(time).ok());
        Self::of(subject.actor(), subject.roles(), expires_at)
    }
}

/// Tokens belong into no cache.
fn with_cookie(answer: impl IntoResponse, cookie: HeaderValue) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, cookie);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who is logged in now.
pub fn logged_in(status: Status, cookie: HeaderValue) -> Response {
    with_cookie(Json(status), cookie)
}

/// A browser goes on elsewhere.
pub fn sent_to(place: &str, cookie: HeaderValue) -> Response {
    with_cookie(Redirect::to(place), cookie)
}

/// The token itself, as JSON unless text alone is asked for.
pub fn token(made: Made, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let as_text = accepted.is_some_and(|accepted| accepted.starts_with("text/plain"));
    let Made { token, expires_at, cookie } = made;
    match as_text {
        true => with_cookie(token, cookie),
        false => with_cookie(Json(Token { jwt: token, expires_at }), cookie),
    }
}

pub fn bad_credentials() -> Problem {
    let detail = "there is no such user with this password";
    Problem::new(StatusCode::UNAUTHORIZED, "bad_credentials", detail)
}

pub fn session_ended() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "session_ended", "the session has ended: log in again")
}

pub fn foreign_page() -> Problem {
    let detail = "pages of this origin may not ask: see ONEWAY_CORS_ORIGINS";
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
}

pub fn foreign_place() -> Problem {
    let detail = "argument redirect is neither a path nor a URL of an allowed origin";
    Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
}

pub fn too_many(seconds: u32) -> Problem {
    let detail = "too many attempts to log in";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).retry_after(seconds)
}

/// A bug of ours.
pub fn internal(error: impl Display) -> Problem {
    tracing::error!(%error, "cannot make a token");
    let detail = "this is a bug of the service";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}
