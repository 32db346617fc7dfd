//! The headers that say how a command is to be taken.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
};
use schemas::CommandId;
use service::{Prefer, Problem, Subject, edge::Correlation, trace::Context};
use utoipa::IntoParams;

use crate::traced;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest `Idempotency-Key`, in characters.
const LONGEST_KEY: usize = 200;

/// How a client wants its command to be taken.
#[derive(Clone, Debug)]
pub struct CommandHeaders {
    /// Who sent it.
    pub subject: Subject,
    /// The client's own command id.
    pub key: Option<CommandId>,
    /// Version that the aggregate must have.
    pub expected_version: Option<u64>,
    /// How long to wait.
    pub prefer: Prefer,
    /// Joins the command with its events.
    pub correlation_id: Option<String>,
    /// Where the client's own span is, in which trace.
    pub parent: Option<Context>,
}

/// The same headers, for the documentation.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what `CommandHeaders` reads")]
pub struct CommandHeaderParams {
    /// Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
    /// is taken as the command's id. Sending the command again under the same key changes nothing
    /// more and gives the answer of the first time.
    #[param(rename = "Idempotency-Key", required = false, value_type = String, max_length = 200)]
    idempotency_key: Option<String>,
    /// The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
    /// command is refused with 412.
    #[param(rename = "If-Match", required = false, value_type = String, example = "\"3\"")]
    if_match: Option<String>,
    /// `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
    /// seconds for the outcome, then answer 202.
    #[param(rename = "Prefer", required = false, value_type = String, example = "wait=5")]
    prefer: Option<String>,
    /// Joins the command with everything that it sets off, up to 128 visible ASCII characters.
    /// Comes back with every answer; when absent it is the command's id.
    #[param(rename = "X-Correlation-Id", required = false, value_type = String, max_length = 128)]
    x_correlation_id: Option<String>,
    /// Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
    /// traces are recorded. One that is malformed counts as none.
    #[param(rename = "traceparent", required = false, value_type = String)]
    traceparent: Option<String>,
}

impl CommandHeaders {
    /// Reads them.
    pub fn read(headers: &HeaderMap, subject: Subject) -> Result<Self, Problem> {
        Ok(Self {
            subject,
            key: single(headers, &IDEMPOTENCY_KEY)?.map(key).transpose()?,
            expected_version: match single(headers, &header::IF_MATCH)? {
                None => None,
                Some(tag) => expected_version(tag)?,
            },
            prefer: Prefer::read(headers),
            correlation_id: None,
            parent: traced::parent(headers),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for CommandHeaders {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let correlation = parts.extensions.get::<Correlation>();
        let correlation_id = correlation.and_then(|Correlation(id)| id.clone());
        let subject = Subject::from_request_parts(parts, state).await?;
        let headers = Self::read(&parts.headers, subject)?;
        Ok(Self { correlation_id, ..headers })
    }
}

fn malformed(header: &HeaderName, must: &str) -> Problem {
    let detail = format!("header {header} {must}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_header", detail)
}

/// The value of a header that may be sent once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().map(str::trim);
            text.map(Some).map_err(|_| malformed(name, "must be visible ASCII"))
        }
        (Some(_), Some(_)) => Err(malformed(name, "is sent twice")),
    }
}

/// True for what can be an `Idempotency-Key`, without its quotes.
pub fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
}

fn key(text: &str) -> Result<CommandId, Problem> {
    let bare = text.strip_prefix('"').map_or(Some(text), |rest| rest.strip_suffix('"'));
    match bare {
        Some(key) if is_key(key) => Ok(CommandId::from_key(key)),
        _ => Err(malformed(&IDEMPOTENCY_KEY, "must have 1 to 200 visible ASCII characters")),
    }
}

/// `*` asks for any version: that the aggregate exists is checked anyhow.
fn expected_version(tag: &str) -> Result<Option<u64>, Problem> {
    if tag == "*" {
        return Ok(None);
    }
    let version = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = version.filter(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    // Versions are stored as signed 64-bit numbers.
    let version = digits.and_then(|digits| digits.parse::<u64>().ok());
    match version.filter(|version| i64::try_from(*version).is_ok()) {
        Some(version) => Ok(Some(version)),
        None => Err(malformed(&header::IF_MATCH, "must be one strong tag, such as \"3\"")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use uuid::Uuid;

    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Result<CommandHeaders, Problem> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        CommandHeaders::read(&map, Subject::anonymous())
    }

    fn is_malformed(headers: &[(&'static str, &str)]) -> bool {
        let Err(problem) = read(headers) else {
            return false;
        };
        (problem.status, problem.code) == (StatusCode::BAD_REQUEST, "malformed_header")
    }

    #[test]
    fn nothing_is_required() {
        let headers = read(&[]).unwrap();
        assert_eq!((headers.key, headers.expected_version), (None, None));
        assert_eq!((headers.prefer, headers.correlation_id), (Prefer::default(), None));
    }

    #[test]
    fn keys_are_bare_or_quoted() {
        let key = |text: &str| read(&[("idempotency-key", text)]).unwrap().key;
        assert_eq!(key("order-17"), Some(CommandId::from_key("order-17")));
        assert_eq!(key("\"order-17\""), key("order-17"));
        let uuid = Uuid::from_u128(17);
        assert_eq!(key(&uuid.to_string()), Some(CommandId(uuid)));
        assert!(key(&"x".repeat(200)).is_some());
        for bad in ["", "\"\"", "\"a", "a\"", "a b", "ä", &"x".repeat(201)] {
            assert!(is_malformed(&[("idempotency-key", bad)]), "{bad:?}");
        }
        assert!(is_malformed(&[("idempotency-key", "a"), ("idempotency-key", "a")]));
    }

    #[test]
    fn an_expected_version_is_one_strong_tag() {
        let version = |text: &str| read(&[("if-match", text)]).unwrap().expected_version;
        assert_eq!((version("\"3\""), version("\"0\""), version("*")), (Some(3), Some(0), None));
        for bad in [
            "3",
            "W/\"3\"",
            "\"1\", \"2\"",
            "\"\"",
            "\"x\"",
            "\"-1\"",
            "\"+1\"",
            "\"9223372036854775808\"",
            "",
        ] {
            assert!(is_malformed(&[("if-match", bad)]), "{bad:?}");
        }
    }
}
