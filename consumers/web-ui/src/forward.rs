//! Requests on their way to services, and their answers on the way back.

use std::{future::ready, time::Duration};

use anyhow::Context;
use axum::{
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use reqwest::{Client, Url, redirect::Policy};
use service::{Failure, Gate, Problem, Services, endless, http::Peer};

/// Longest time until a service takes a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// What is between two parties alone, not for whoever comes after (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Hands requests on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Forwarder {
    services: Services,
    gate: Gate,
    http: Client,
}

impl Forwarder {
    /// To these services; pages are trusted as the gate says.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(services: Services, gate: Gate) -> Result<Self, Failure> {
        // The answer of a service is for the browser to follow.
        let http = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).no_proxy();
        let http = http.build().context("cannot make an HTTP client");
        Ok(Self { services, gate, http: http.map_err(Failure::Internal)? })
    }

    async fn forward(
        &self,
        (service, path): (&str, &str),
        request: Request,
    ) -> Result<Response, Problem> {
        let Some(base) = self.services.find(service) else {
            let detail = format!("there is no service {service}");
            return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_service", detail));
        };
        if !request.method().is_safe() && !self.gate.trusts_page(request.headers()) {
            let detail =
                "pages of other origins may not ask here: they ask the services themselves";
            return Err(Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail));
        }
        let away = |error: reqwest::Error| {
            tracing::warn!(service.name = service, error = %error.without_url(), "cannot forward");
            let detail = format!("{service} does not answer at the moment");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "service_unavailable", detail).retry_after(1)
        };
        let request = to_service(base, path, request).await?;
        let answer = self.http.execute(request).await.map_err(away)?;
        Ok(to_browser(answer.into()))
    }
}

/// Forwards everything below `/s/<service>/`.
pub async fn forward(
    State(forwarder): State<Forwarder>,
    Path((service, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    let forwarded = forwarder.forward((&service, &path), request).await;
    forwarded.unwrap_or_else(IntoResponse::into_response)
}

/// The request as the service gets it.
async fn to_service(base: &Url, path: &str, request: Request) -> Result<reqwest::Request, Problem> {
    let (parts, body) = request.into_parts();
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(parts.uri.query());
    let mut headers = without_hops(&parts.headers);
    // It is the service's own; and to the service this origin is a stranger, whom we have checked.
    headers.remove(header::HOST);
    headers.remove(header::ORIGIN);
    if let Some(Peer(peer)) = parts.extensions.get()
        && let Ok(peer) = HeaderValue::from_str(&peer.to_string())
    {
        headers.append(FORWARDED_FOR, peer);
    }
    let body = whole(body).await?;
    let mut forwarded = reqwest::Request::new(parts.method.clone(), url);
    *forwarded.headers_mut() = headers;
    if !body.is_empty() || !matches!(parts.method, Method::GET | Method::HEAD) {
        *forwarded.body_mut() = Some(body.into());
    }
    Ok(forwarded)
}

/// The body, which the server has limited.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    let body = body.collect().await.map_err(|_| {
        let detail = "the body is too large, or has no end";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    });
    Ok(body?.to_bytes())
}

/// The answer as the browser gets it.
fn to_browser(answer: http::Response<reqwest::Body>) -> Response {
    let (parts, body) = answer.into_parts();
    let mut headers = without_hops(&parts.headers);
    // Pages of other origins have no business here, whatever the service would let them read.
    let foreign: Vec<_> = headers.keys().filter(|name| is_cors(name)).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let mut response = match is_stream {
        // It ends when the service is away: the browser comes back by itself.
        true => {
            let pieces = body.into_data_stream().take_while(|piece| ready(piece.is_ok()));
            endless::answer((), pieces.filter_map(|piece| ready(piece.ok())))
        }
        false => Response::new(Body::new(body)),
    };
    *response.status_mut() = parts.status;
    for (name, value) in &headers {
        response.headers_mut().append(name, value.clone());
    }
    response
}

fn is_cors(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}

fn without_hops(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<_> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .collect();
    let mut headers = headers.clone();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let parsed = all.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        parsed.collect()
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_was_sent() {
        let request = Request::post("/s/orders/v1/orders?limit=1")
            .header("host", "page.example")
            .header("origin", "https://page.example")
            .header("connection", "keep-alive, x-hop")
            .header("x-hop", "1")
            .header("cookie", "a=b")
            .extension(Peer([10, 0, 0, 1].into()))
            .body(Body::from("{}"))
            .unwrap();
        let base = Url::parse("http://orders:3005/").unwrap();
        let forwarded = to_service(&base, "v1/orders", request).await.unwrap();
        assert_eq!(forwarded.url().as_str(), "http://orders:3005/v1/orders?limit=1");
        assert_eq!(forwarded.body().unwrap().as_bytes(), Some(&b"{}"[..]));
        let expected = headers(&[("cookie", "a=b"), ("x-forwarded-for", "10.0.0.1")]);
        assert_eq!(*forwarded.headers(), expected);
    }

    #[test]
    fn an_answer_is_for_this_origin_only() {
        let mut answer = http::Response::new(reqwest::Body::from("x"));
        *answer.status_mut() = StatusCode::CREATED;
        *answer.headers_mut() = headers(&[
            ("access-control-allow-origin", "https://other.example"),
            ("etag", "\"1\""),
            ("transfer-encoding", "chunked"),
        ]);
        let answer = to_browser(answer);
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(*answer.headers(), headers(&[("etag", "\"1\"")]));
    }
}
