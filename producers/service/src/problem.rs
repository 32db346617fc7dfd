//! Errors as RFC 9457 problem details (`application/problem+json`).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code for programs; also the end of the problem's `type`.
    pub code: &'static str,
    /// One sentence for people: what was wrong and what to do.
    pub detail: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// Current version of the aggregate, when that is what was missed.
    pub version: Option<i64>,
    /// Further members of the body, by name.
    pub more: Vec<(&'static str, Value)>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer to it in the request body.
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

impl Problem {
    /// Makes one without particulars.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            version: None,
            more: Vec::new(),
        }
    }

    /// Names a field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Asks to try again after some seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Says which version the aggregate has.
    #[must_use]
    pub const fn current_version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// The body, to which the edge adds the correlation id.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let errors = self.errors.iter();
        let fields = [
            ("type", json!(format!("urn:oneway:problem:{}", self.code))),
            ("title", json!(self.status.canonical_reason().unwrap_or("Error"))),
            ("status", json!(self.status.as_u16())),
            ("detail", json!(self.detail)),
            ("code", json!(self.code)),
            ("version", json!(self.version)),
            ("errors", errors.map(|e| json!({"pointer": e.pointer, "detail": e.detail})).collect()),
        ];
        let said =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty());
        let fields = fields.into_iter().chain(self.more.iter().cloned());
        let said = fields.filter(|(_, value)| said(value));
        Value::Object(said.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(version) = self.version
            && let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}
