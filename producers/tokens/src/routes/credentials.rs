//! User and password, as JSON or as a form sends them.

use std::fmt;

use axum::{
    Form, Json,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

/// User and password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// Name of the account.
    #[serde(alias = "username")]
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl<S: Send + Sync> FromRequest<S> for Credentials {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let is_json = media_type.is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
        // What the parsers say may show a password.
        let read = match is_json {
            true => Json::from_request(request, state).await.ok().map(|Json(read)| read),
            false => Form::from_request(request, state).await.ok().map(|Form(read)| read),
        };
        read.ok_or_else(|| {
            let detail = "send user and password, as JSON or as a form";
            Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
        })
    }
}
