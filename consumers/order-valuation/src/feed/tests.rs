//! The feed against a server of our own.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap as Headers, Response as Answer},
    routing::get,
};
use tokio::net::TcpListener;

use super::*;

const TODAY: Date = Date::constant(2026, 11, 20);

#[derive(Debug, Default)]
struct Served {
    sent: AtomicUsize,
    unchanged: AtomicUsize,
}

fn document(day: &str) -> String {
    format!(
        "<Envelope><Cube><Cube time='{day}'><Cube currency='USD' rate='1.1'/></Cube></Cube></Envelope>"
    )
}

async fn serve(
    State(served): State<Arc<Served>>,
    Path(path): Path<String>,
    headers: Headers,
) -> Answer<Body> {
    let tag = "\"tag\"";
    let answer = Answer::builder().header("etag", tag);
    let (case, _) = path.split_once('/').unwrap();
    if headers.get("if-none-match").is_some_and(|asked| asked == tag) {
        served.unchanged.fetch_add(1, Ordering::Relaxed);
        return answer.status(304).body(Body::empty()).unwrap();
    }
    served.sent.fetch_add(1, Ordering::Relaxed);
    match case {
        "good" => answer.body(document("2026-11-20").into()),
        "old" => answer.body(document("2026-11-09").into()),
        "oldest-good" => answer.body(document("2026-11-10").into()),
        "huge" => answer.body(vec![b' '; LARGEST + 1].into()),
        "silent" => return std::future::pending().await,
        // A space at a time, and never an end.
        "drop-by-drop" => {
            let drops = futures_util::stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Ok::<_, std::convert::Infallible>(" "), ()))
            });
            answer.body(Body::from_stream(drops))
        }
        "cut" => answer.body("<Envelope><Cube>".into()),
        _ => answer.status(500).body(Body::empty()),
    }
    .unwrap()
}

async fn folder(case: &str) -> (Folder, Arc<Served>) {
    let served = Arc::new(Served::default());
    let router = Router::new().route("/{*path}", get(serve)).with_state(Arc::clone(&served));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = format!("http://{}/{case}/", listener.local_addr().unwrap());
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (folder.parse().unwrap(), served)
}

async fn feed(case: &str) -> (Feed, Arc<Served>) {
    let (folder, served) = folder(case).await;
    (Feed::new(folder), served)
}

async fn refused(case: &str) -> String {
    let error = feed(case).await.0.fetch(Document::Daily, TODAY).await.unwrap_err();
    assert_eq!(error.is_away(), case == "broken", "{error}");
    error.to_string()
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let (feed, served) = feed("good").await;
    let first = feed.fetch(Document::Daily, TODAY).await.unwrap();
    assert_eq!(feed.fetch(Document::Daily, TODAY).await.unwrap(), first);
    // Another document is another one.
    feed.fetch(Document::Recent, TODAY).await.unwrap();
    let counts = (served.sent.load(Ordering::Relaxed), served.unchanged.load(Ordering::Relaxed));
    assert_eq!(counts, (2, 1));
    // By the day it is too old, changed or not.
    let later = days_before(TODAY, -11);
    let error = feed.fetch(Document::Daily, later).await.unwrap_err();
    assert!(matches!(error, FeedError::Old(_)), "{error}");
}

#[tokio::test]
async fn bad_documents_are_refused_and_say_why() {
    assert_eq!(refused("old").await, "its newest rate is of 2026-11-09, which is too old");
    assert_eq!(refused("huge").await, "its document has more than 33554432 bytes");
    assert_eq!(refused("cut").await, "it is no well-formed XML: it ends too early");
    assert_eq!(refused("broken").await, "it answered with 500 Internal Server Error");
    assert!(feed("oldest-good").await.0.fetch(Document::Daily, TODAY).await.is_ok());
}

#[tokio::test]
async fn a_feed_that_does_not_answer_is_away() {
    // Bound and dropped: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let feed = Feed::new(format!("http://{address}/").parse().unwrap());
    let error = feed.fetch(Document::Daily, TODAY).await.unwrap_err();
    assert!(error.is_away() && error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_feed_that_does_not_come_to_an_end_is_away() {
    for case in ["silent", "drop-by-drop"] {
        let (folder, _) = folder(case).await;
        let feed = Feed::within(folder, Duration::from_millis(300));
        let error = feed.fetch(Document::Daily, TODAY).await.unwrap_err();
        assert!(error.is_away() && error.to_string().contains("timed out"), "{case}: {error}");
    }
}

#[test]
fn the_smallest_document_that_suffices() {
    for (day, document) in [
        ("2026-11-21", Document::Daily),
        ("2026-11-20", Document::Daily),
        ("2026-11-19", Document::Recent),
        ("2026-09-01", Document::Recent),
        ("2026-08-31", Document::History),
        ("1999-01-04", Document::History),
    ] {
        let day = day.parse().unwrap();
        assert_eq!(Document::of(day, TODAY), document, "{day}");
        let (first, last) = document.days(TODAY);
        assert!((first..=last).contains(&day), "{day}");
    }
}
