//! How much of the requests may be in memory. Waiting commands are bounded by number where they
//! wait; here their bodies are bounded in sum, before they are read.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use crate::{answer::overloaded, body::MAX_BODY};

/// Lets requests pass to a router as long as their bodies have room in so many KiB.
pub fn behind(router: Router, kbytes: u32) -> Router {
    let room = Arc::new(Semaphore::new(usize::try_from(kbytes).unwrap_or(usize::MAX)));
    router.layer(middleware::from_fn_with_state(room, pass))
}

async fn pass(State(room): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    // Held until the answer is there: what was read of the body lives as long.
    match room.try_acquire_many(kbytes(request.headers())) {
        Ok(_room) => next.run(request).await,
        Err(_) => overloaded().into_response(),
    }
}

/// KiB that a request will need, begun ones counted whole. A length that is not told is taken for
/// the longest, one that is told to be too long is refused elsewhere, unread.
fn kbytes(headers: &HeaderMap) -> u32 {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let bytes = match told.and_then(|text| text.parse::<usize>().ok()) {
        Some(bytes) => bytes.min(MAX_BODY),
        None if chunked => MAX_BODY,
        None => 0,
    };
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, http::StatusCode, routing::post};
    use tokio::time::timeout;
    use tower::ServiceExt;

    use super::*;

    fn request(header: (&str, &str)) -> Request {
        Request::post("/").header(header.0, header.1).body(Body::empty()).unwrap()
    }

    #[test]
    fn a_body_counts_as_told_or_whole() {
        let all = [
            (("content-length", "0"), 0),
            (("content-length", "1"), 1),
            (("content-length", "1025"), 2),
            (("content-length", "99999999"), 32),
            (("transfer-encoding", "chunked"), 32),
            (("accept", "*/*"), 0),
        ];
        for (header, expected) in all {
            assert_eq!(kbytes(request(header).headers()), expected, "{header:?}");
        }
    }

    #[tokio::test]
    async fn bodies_are_bounded_in_sum_and_give_their_room_back() {
        let (arrived, wake) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (arriving, asleep) = (Arc::clone(&arrived), Arc::clone(&wake));
        let handler = move || {
            arriving.add_permits(1);
            let asleep = Arc::clone(&asleep);
            async move { asleep.acquire().await.map_or("gone", |_| "done") }
        };
        let router = behind(Router::new().route("/", post(handler)), 64);
        let ask = |header| router.clone().oneshot(request(header));
        let large = ("content-length", "32768");
        let first = tokio::spawn(ask(large));
        let second = tokio::spawn(ask(large));
        arrived.acquire_many(2).await.unwrap().forget();
        // Let in, it would wait for ever.
        let third = timeout(Duration::from_secs(10), ask(("content-length", "1"))).await;
        let refused = third.expect("there is no room").unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "1");
        wake.add_permits(1);
        for one in [first, second] {
            assert_eq!(one.await.unwrap().unwrap().status(), StatusCode::OK);
        }
        assert_eq!(ask(large).await.unwrap().status(), StatusCode::OK, "there is room again");
    }
}
