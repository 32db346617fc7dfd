//! What every request goes through first and every answer last: a correlation id comes in or is
//! made, and goes out with every answer; whatever goes wrong anywhere is told as a problem.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    middleware::{self, Next},
    response::IntoResponse,
};
use serde_json::Value;
use uuid::Uuid;

use crate::problem::Problem;

/// Name of the header that carries the correlation id.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Longest correlation id, in characters.
const LONGEST_CORRELATION_ID: usize = 128;

/// Longest problem that is read back to be joined with its request.
const LONGEST_PROBLEM: usize = 64 * 1024;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Correlation id that the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation(pub Option<String>);

/// Marks an answer, in its extensions, as said in the client's own format.
#[derive(Clone, Copy, Debug)]
pub struct AsIs;

/// Puts a router behind the edge. The last layer to be added: it sees what every other one says.
pub fn behind(router: Router) -> Router {
    router.layer(middleware::from_fn(pass))
}

/// Has a router answer for paths at which there is nothing; layers that are added later see those
/// answers too.
pub fn whole(router: Router) -> Router {
    router.fallback(|| async {
        let detail = "there is nothing at this path";
        Problem::new(StatusCode::NOT_FOUND, "no_such_route", detail)
    })
}

async fn pass(mut request: Request, next: Next) -> Response<Body> {
    match from_header(request.headers()) {
        Err(problem) => joined(problem.into_response(), None).await,
        Ok(sent) => {
            request.extensions_mut().insert(Correlation(sent.clone()));
            joined(next.run(request).await, sent).await
        }
    }
}

/// The correlation id in the headers, if any.
fn from_header(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(CORRELATION_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(CORRELATION_ID) {
            false => Ok(None),
            true => Err(malformed("is sent twice")),
        };
    };
    match value.to_str() {
        Ok(text) if is_correlation_id(text) => Ok(Some(text.to_owned())),
        _ => Err(malformed("must have 1 to 128 visible ASCII characters")),
    }
}

/// True for 1 to 128 visible ASCII characters.
pub fn is_correlation_id(text: &str) -> bool {
    (1..=LONGEST_CORRELATION_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn malformed(reason: &str) -> Problem {
    let detail = format!("header X-Correlation-Id {reason}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_header", detail)
}

/// Sends the correlation id with the answer; an error also has it in its body.
async fn joined(answer: Response<Body>, sent: Option<String>) -> Response<Body> {
    let set = answer.headers().get(CORRELATION_ID).and_then(|id| id.to_str().ok());
    let id = set.map(str::to_owned).or(sent);
    let id = id.unwrap_or_else(|| Uuid::now_v7().to_string());
    let is_error = answer.status().is_client_error() || answer.status().is_server_error();
    let mut answer = if is_error && answer.extensions().get::<AsIs>().is_none() {
        as_problem(answer, &id).await
    } else {
        answer
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(CORRELATION_ID, value);
    }
    answer
}

async fn as_problem(answer: Response<Body>, correlation_id: &str) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    let is_problem = parts.headers.get(header::CONTENT_TYPE) == Some(&PROBLEM);
    let body = to_bytes(body, LONGEST_PROBLEM).await.unwrap_or_default();
    let mut value = match serde_json::from_slice(&body) {
        Ok(value) if is_problem => value,
        _ => of_status(parts.status).to_json(),
    };
    if let Value::Object(fields) = &mut value {
        fields.insert("correlationId".to_owned(), correlation_id.into());
    }
    parts.headers.insert(header::CONTENT_TYPE, PROBLEM);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Bytes::from(value.to_string())))
}

/// The problem behind an answer that is no more than a status: those of the web framework.
fn of_status(status: StatusCode) -> Problem {
    let (code, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method_not_allowed", "this path has other methods, see header Allow")
        }
        StatusCode::NOT_FOUND => ("no_such_route", "there is nothing at this path"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the request body is too large"),
        StatusCode::SERVICE_UNAVAILABLE => ("too_slow", "the request took too long"),
        StatusCode::BAD_REQUEST => ("malformed", "the request cannot be read"),
        _ if status.is_server_error() => ("internal", "the service failed"),
        _ => ("refused", "the request was refused"),
    };
    Problem::new(status, code, detail)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str, correlation: &[&str]) -> (StatusCode, String, Value) {
        let router = Router::new()
            .route("/ok", get(|| async { "fine" }))
            .route("/named", get(|| async { ([(CORRELATION_ID, "own")], "fine") }))
            .route(
                "/as-is",
                get(|| async {
                    let mut answer = (StatusCode::BAD_REQUEST, "plain").into_response();
                    answer.extensions_mut().insert(AsIs);
                    answer
                }),
            )
            .route("/post", axum::routing::post(|| async {}));
        let mut request = Request::get(path);
        for id in correlation {
            request = request.header("X-Correlation-ID", *id);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = behind(whole(router)).oneshot(request).await.unwrap();
        let status = answer.status();
        let id = answer.headers().get("x-correlation-id").unwrap().to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 1_000).await.unwrap();
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8(body.to_vec()).unwrap()));
        (status, id, body)
    }

    #[tokio::test]
    async fn every_answer_has_the_correlation_id() {
        assert_eq!(ask("/ok", &["SVLT-1"]).await, (StatusCode::OK, "SVLT-1".into(), "fine".into()));
        assert_eq!(ask("/named", &[]).await.1, "own");
        let (_, made, _) = ask("/ok", &[]).await;
        assert!(Uuid::parse_str(&made).is_ok());
        for path in ["/", "/nowhere", "/nowhere/at/all"] {
            let (status, id, body) = ask(path, &["a"]).await;
            assert_eq!((status, id.as_str()), (StatusCode::NOT_FOUND, "a"));
            assert_eq!(
                (&body["code"], &body["correlationId"]),
                (&"no_such_route".into(), &"a".into())
            );
        }
        let (status, _, body) = ask("/post", &["a"]).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(
            (&body["code"], &body["correlationId"]),
            (&"method_not_allowed".into(), &"a".into())
        );
        assert_eq!(ask("/as-is", &["a"]).await.2, "plain");
    }

    #[tokio::test]
    async fn correlation_ids_are_short_and_visible() {
        let longest = "x".repeat(128);
        assert_eq!(ask("/ok", &[&longest]).await.1, longest);
        for bad in ["", "a b", "ä", &"x".repeat(129)] {
            let (status, id, body) = ask("/ok", &[bad]).await;
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::BAD_REQUEST, &"malformed_header".into())
            );
            assert!(Uuid::parse_str(&id).is_ok());
        }
        assert_eq!(ask("/ok", &["a", "b"]).await.0, StatusCode::BAD_REQUEST);
    }
}
