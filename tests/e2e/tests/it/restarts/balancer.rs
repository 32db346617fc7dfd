//! What stands before the instances of a service: it asks one after the other, and the next when
//! one does not take the connection.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder, Response};

/// Longest time for one request: longer than a service waits for anything.
const LIMIT: Duration = Duration::from_secs(20);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Balancer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: Client,
    urls: Mutex<Vec<String>>,
    turn: AtomicUsize,
    unanswered: Mutex<Vec<String>>,
}

impl Balancer {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            http: Client::builder().timeout(LIMIT).no_proxy().build().unwrap(),
            urls: Mutex::default(),
            turn: AtomicUsize::new(0),
            unanswered: Mutex::default(),
        }))
    }

    /// There is one more.
    pub fn add(&self, url: &str) {
        self.0.urls.lock().unwrap().push(url.to_owned());
    }

    /// There is one less.
    pub fn remove(&self, url: &str) {
        self.0.urls.lock().unwrap().retain(|known| known != url);
    }

    /// All of them, beginning with another one each time.
    pub fn urls(&self) -> Vec<String> {
        let mut urls = self.0.urls.lock().unwrap().clone();
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed) % urls.len().max(1);
        urls.rotate_left(turn);
        urls
    }

    /// The answer of the first that gives one. A connection that breaks is as good as one that is
    /// not taken: what is sent here may be repeated.
    pub async fn ask(&self, request: impl Fn(&Client, &str) -> RequestBuilder) -> Option<Response> {
        // A connection that was kept may be closed as a request goes out on it: as balancers do, ask
        // everybody once more.
        let (begin, mut errors) = (Instant::now(), Vec::new());
        for _ in 0..2 {
            let mut asked = Vec::new();
            // One that has come meanwhile counts, too.
            while let Some(url) = self.urls().into_iter().find(|url| !asked.contains(url)) {
                match request(&self.0.http, &url).send().await {
                    Ok(answer) => return Some(answer),
                    Err(error) => errors.push(format!("{:?}: {error:?}", begin.elapsed())),
                }
                asked.push(url);
            }
        }
        self.0.unanswered.lock().unwrap().push(errors.join("; "));
        None
    }

    /// Requests that nobody answered: what each instance did, and how long after the request.
    pub fn unanswered(&self) -> Vec<String> {
        self.0.unanswered.lock().unwrap().clone()
    }
}
