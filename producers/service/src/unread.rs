//! Requests that are answered before their body was read, as one that is too large. The server
//! then ends the connection, since it will not wade through the rest; it has to say so, or the
//! client would send its next request into the void.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

use crate::http::end_connection;

/// Answers say that they end the connection when the body was not read to its end.
pub fn tell(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| -> Response {
        let ended = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let watched = Arc::clone(&ended);
        let request = request.map(|inner| Body::new(Watched { inner, ended: watched }));
        let mut response = next.run(request).await;
        if !ended.load(Ordering::Relaxed) {
            end_connection(&mut response);
        }
        response
    }))
}

/// A body that tells whether it was read to its end.
struct Watched {
    inner: Body,
    ended: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        // Who knows the length does not ask once more.
        if frame.is_none() || self.inner.is_end_stream() {
            self.ended.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::header, routing::post};
    use tower::ServiceExt;

    use super::*;

    async fn connection(path: &str, body: &'static str) -> Option<String> {
        let router = Router::new()
            .route("/read", post(async |_: Bytes| "read"))
            .route("/ignored", post(async || "not read"));
        let request = Request::post(path).body(Body::from(body)).unwrap();
        let response = tell(router).oneshot(request).await.unwrap();
        let header = response.headers().get(header::CONNECTION);
        header.map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn a_connection_ends_with_a_body_that_was_not_read() {
        let close = Some("close".to_owned());
        assert_eq!(connection("/read", "short").await, None);
        assert_eq!(connection("/read", "").await, None);
        assert_eq!(connection("/ignored", "").await, None);
        assert_eq!(connection("/ignored", "short").await, close);
        assert_eq!(connection("/nowhere", "short").await, close);
    }
}
