//! What can be asked.

mod answer;
mod credentials;

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use service::{
    Gate, Problem, Subject,
    auth::{Refusal, origins::Origins},
    http::Peer,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use self::{
    answer::{Status, foreign_page, internal, logged_in, sent_to, token},
    credentials::Credentials,
};
use crate::{
    accounts::Accounts,
    attempts::Attempts,
    redirect::place,
    session::{Sessions, now},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway tokens",
        description = "Logs people in and makes tokens, for local use and tests. Errors are problem \
            details (RFC 9457).",
    ),
    components(schemas(Status, Credentials))
)]
struct Description;

/// What the routes work with. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    /// Verifies tokens, and knows which pages are trusted.
    pub gate: Gate,
    /// Makes tokens.
    pub sessions: Sessions,
    /// Who may log in.
    pub accounts: Accounts,
    /// How often.
    pub attempts: Arc<Attempts>,
    /// Where browsers may be sent.
    pub origins: Origins,
}

/// Where to go next.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Next {
    /// A path of this origin, or a URL of an origin from which pages may ask.
    redirect: Option<String>,
}

impl Tokens {
    /// The subject of a token; none for who has none, or one that is not valid.
    async fn subject(&self, headers: &HeaderMap) -> Result<Subject, Refusal> {
        let subject = self.gate.verifier().verify(headers).await?;
        if subject.is_anonymous() { Err(Refusal::Missing) } else { Ok(subject) }
    }

    fn place(&self, next: Next) -> Result<Option<String>, Problem> {
        let Some(wanted) = next.redirect else { return Ok(None) };
        place(&wanted, &self.origins).map(Some).ok_or_else(answer::foreign_place)
    }
}

/// Log in.
///
/// Sets the cookie. Whether there is such an account is not told.
#[utoipa::path(
    post, path = "/login", params(Next),
    request_body(content((Credentials = "application/json"),
        (Credentials = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "Logged in", body = Status),
        (status = 303, description = "Logged in; to where `redirect` says"),
        (status = 400, description = "Malformed, or `redirect` leads to a foreign place"),
        (status = 401, description = "Wrong user or password (`bad_credentials`)"),
        (status = 429, description = "Too many attempts; try again after `Retry-After` seconds"),
    ),
)]
async fn login(
    State(tokens): State<Tokens>,
    peer: Option<Extension<Peer>>,
    Query(next): Query<Next>,
    headers: HeaderMap,
    credentials: Credentials,
) -> Result<Response, Problem> {
    if !tokens.gate.trusts_page(&headers) {
        return Err(foreign_page());
    }
    let place = tokens.place(next)?;
    let address = peer.map_or([0, 0, 0, 0].into(), |Extension(Peer(address))| address);
    let Credentials { user, password } = credentials;
    tokens.attempts.count(address, &user).map_err(answer::too_many)?;
    let Some(roles) = tokens.accounts.log_in(&user, &password).await else {
        tracing::warn!(target: "audit", "somebody failed to log in");
        return Err(answer::bad_credentials());
    };
    let now = now();
    let made = tokens.sessions.token(&user, roles.clone(), now, now).map_err(internal)?;
    let made = made.ok_or_else(|| internal("a session has no length"))?;
    tracing::info!(target: "audit", actor = user, "logged in");
    Ok(match place {
        Some(place) => sent_to(&place, made.cookie),
        None => logged_in(Status::of(&user, &roles, made.expires_at), made.cookie),
    })
}

/// Log out.
///
/// Removes the cookie. A token that was copied out of it lives on until it expires.
#[utoipa::path(
    get, path = "/logout", params(Next),
    responses(
        (status = 200, description = "Logged out", body = Status),
        (status = 303, description = "Logged out; to where `redirect` says"),
        (status = 400, description = "`redirect` leads to a foreign place"),
    ),
)]
async fn logout(
    State(tokens): State<Tokens>,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    let place = tokens.place(next)?;
    let cookie = tokens.sessions.no_cookie().map_err(internal)?;
    Ok(match place {
        Some(place) => sent_to(&place, cookie),
        None => logged_in(Status::nobody(), cookie),
    })
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/authStatus",
    responses((status = 200, description = "Who, or that nobody is", body = Status)),
)]
async fn status(State(tokens): State<Tokens>, headers: HeaderMap) -> Json<Status> {
    let subject = tokens.subject(&headers).await;
    Json(subject.map_or_else(|_| Status::nobody(), |subject| Status::of_subject(&subject)))
}

/// Get a fresh token.
///
/// For one that is still valid, until the session ends. It has the roles that the account has now.
#[utoipa::path(
    post, path = "/getJwt",
    responses(
        (status = 200, description = "The token; as text when `Accept` asks for `text/plain`",
            content((answer::Token = "application/json"), (String = "text/plain"))),
        (status = 401, description = "Not logged in, or for too long (`session_ended`)"),
    ),
)]
async fn get_jwt(State(tokens): State<Tokens>, headers: HeaderMap) -> Response {
    if !tokens.gate.trusts_page(&headers) {
        return foreign_page().into_response();
    }
    let subject = match tokens.subject(&headers).await {
        Ok(subject) => subject,
        Err(refusal) => return refusal.into_response(),
    };
    let actor = subject.actor();
    // Tokens that were made elsewhere have no account here, or no session.
    let (Some(start), Some(roles)) = (subject.session_start(), tokens.accounts.roles(actor)) else {
        return answer::session_ended().into_response();
    };
    match tokens.sessions.token(actor, roles.to_vec(), start, now()) {
        Ok(Some(made)) => token(made, &headers),
        Ok(None) => answer::session_ended().into_response(),
        Err(error) => internal(error).into_response(),
    }
}

/// Everything that is served.
pub fn router(tokens: Tokens) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(status))
        .routes(routes!(get_jwt))
        .split_for_parts();
    router.with_state(tokens).merge(SwaggerUi::new("/docs").url("/openapi.json", description))
}

#[cfg(test)]
mod tests;
