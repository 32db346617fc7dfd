//! `ETag`s of answers that follow from many events: a hash of what is answered.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use service::Problem;
use uuid::Uuid;

/// Answers with JSON and its tag; with 304 when the client has it already.
///
/// # Errors
/// A problem when it is no JSON, which cannot be.
pub fn tagged(headers: &HeaderMap, answer: &impl Serialize) -> Result<Response, Problem> {
    let json = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "cannot write an answer as JSON");
        let detail = "this is a bug of the service";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    })?;
    let tag = format!("\"{}\"", Uuid::new_v5(&Uuid::NAMESPACE_OID, &json).simple());
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut known = known.filter_map(|value| value.to_str().ok()).flat_map(|tags| tags.split(','));
    let is_known = known.any(|known| known.trim().trim_start_matches("W/") == tag);
    let content_type = HeaderValue::from_static("application/json");
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response()
    } else {
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static(""));
        ([(header::ETAG, tag), (header::CONTENT_TYPE, content_type)], json).into_response()
    })
}
