//! JSON bodies: read strictly, and refused with the place and the reason. Reasons never repeat
//! what was sent.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use service::Problem;

/// Largest body of a command, in bytes: the longest text of an order, with every character
/// written as a pair of `\u` escapes, takes 24,000.
pub const MAX_BODY: usize = 32 * 1024;

/// A body of a type; fields that the type does not have are passed over.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let detail = "the body must be JSON, with Content-Type: application/json";
            return Err(Problem::new(status, "unsupported_media_type", detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let detail = format!("the body must not be larger than {MAX_BODY} bytes");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            } else {
                let detail = "the body ended before its announced length";
                Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
            }
        })?;
        parse(&bytes).map(Self)
    }
}

/// True for `application/json` and `application/…+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Reads a whole body, which is an object.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        // Would be taken for an object whose fields come without names.
        return Err(invalid("", "must be an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| refusal(error.path(), error.inner(), ""))?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// The refusal of an object that is at `pointer` in a body.
pub fn bad_part(error: &serde_path_to_error::Error<serde_json::Error>, pointer: &str) -> Problem {
    refusal(error.path(), error.inner(), pointer)
}

/// The refusal of one field.
pub fn invalid(pointer: &str, detail: &str) -> Problem {
    let field = if pointer.is_empty() { "the body" } else { pointer };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{field} {detail}"))
        .at(pointer, detail)
}

fn refusal(path: &Path, error: &serde_json::Error, prefix: &str) -> Problem {
    if !matches!(error.classify(), Category::Data) {
        return not_json(error);
    }
    let pointer = format!("{prefix}{}", pointer(path));
    let message = error.to_string();
    if let Some((_, expected)) = message.rsplit_once(", expected ") {
        let expected = without_place(expected);
        let is_ours = expected.starts_with("struct ");
        let expected = if is_ours { "an object" } else { expected };
        return invalid(&pointer, &format!("must be {expected}"));
    }
    let message = without_place(&message);
    match message.strip_prefix("missing field `") {
        Some(field) => {
            let field = field.trim_end_matches('`');
            invalid(&format!("{pointer}/{field}"), "is missing")
        }
        None => invalid(&pointer, &format!("is refused: {message}")),
    }
}

/// The library appends the place in the text, which the pointer tells better.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text)
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let what = if error.is_eof() { "ends too early" } else { "is no JSON" };
    let detail = format!("the body {what} at line {line}, column {column}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
}

fn pointer(path: &Path) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(segment).collect()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, extract::DefaultBodyLimit, routing::post};
    use schemas::{AggregateId, Money, Timestamp};
    use serde::Deserialize;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        name: String,
        customer_id: Option<AggregateId>,
        value: Option<Money>,
        ordered_at: Option<Timestamp>,
        list: Option<Vec<u8>>,
    }

    fn of(result: Result<Sample, Problem>) -> (u16, String, String) {
        let problem = result.unwrap_err();
        let field = problem.errors.first().cloned();
        let field = field.map(|error| (error.pointer, error.detail));
        let (pointer, detail) = field.unwrap_or_else(|| (String::new(), problem.detail));
        (problem.status.as_u16(), pointer, detail)
    }

    #[test]
    fn fields_are_pointed_at_and_data_is_not_repeated() {
        for (json, pointer, detail) in [
            ("{}", "/name", "is missing"),
            (r#"{"name":null}"#, "/name", "must be a string"),
            (
                r#"{"name":"x","value":true}"#,
                "/value",
                "must be a decimal number with at most 2 decimals",
            ),
            (r#"{"name":"x","value":1.005}"#, "/value", "is refused: more than 2 decimals"),
            (r#"{"name":"x","value":"ten"}"#, "/value", "is refused: not a decimal number"),
            (
                r#"{"name":"x","customerId":"a b"}"#,
                "/customerId",
                "is refused: an id has 1 to 128 characters of A-Z a-z 0-9 . _ : -",
            ),
            (r#"{"name":"x","list":[1,"two, expected no more"]}"#, "/list/1", "must be u8"),
            (r#"{"name":"x","name":"y"}"#, "", "is refused: duplicate field `name`"),
            ("\"text\"", "", "must be an object"),
            (" [\"Anna\"]", "", "must be an object"),
        ] {
            assert_eq!(of(parse(json.as_bytes())), (422, pointer.into(), detail.into()), "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_shown_its_place() {
        for (json, detail) in [
            (&b""[..], "the body ends too early at line 1, column 0"),
            (b"{\n  \"name\": \"x\"", "the body ends too early at line 2, column 13"),
            (b"{name:1}", "the body is no JSON at line 1, column 2"),
            (b"{\"name\":\"x\"} y", "the body is no JSON at line 1, column 14"),
            (b"{\"name\":\"\0\"}", "the body is no JSON at line 1, column 10"),
            (b"{\"name\":\"\xff\"}", "the body is no JSON at line 1, column 10"),
        ] {
            assert_eq!(of(parse(json)), (400, String::new(), detail.to_owned()));
        }
    }

    #[test]
    fn parts_are_pointed_at_from_the_root() {
        let part = |value: serde_json::Value| {
            of(serde_path_to_error::deserialize(value)
                .map_err(|error| bad_part(&error, "/payload")))
        };
        assert_eq!(part(json!({})), (422, "/payload/name".into(), "is missing".into()));
        assert_eq!(part(json!("x")), (422, "/payload".into(), "must be an object".into()));
        let (status, pointer, _) = part(json!({"name": "x", "value": "1.234"}));
        assert_eq!((status, pointer.as_str()), (422, "/payload/value"));
    }

    async fn status(content_type: Option<&str>, body: String) -> u16 {
        let router = Router::new()
            .route("/", post(|JsonBody(_): JsonBody<Sample>| async {}))
            .layer(DefaultBodyLimit::max(MAX_BODY));
        let mut request = Request::post("/");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::from(body)).unwrap();
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn bodies_are_json_of_a_limited_size() {
        let body = || r#"{"name":"x"}"#.to_owned();
        assert_eq!(status(Some("application/json"), body()).await, 200);
        assert_eq!(status(Some("Application/vnd.x+JSON; charset=utf-8"), body()).await, 200);
        assert_eq!(status(Some("text/plain"), body()).await, 415);
        assert_eq!(status(None, body()).await, 415);
        let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_BODY));
        assert_eq!(status(Some("application/json"), large).await, 413);
    }
}
