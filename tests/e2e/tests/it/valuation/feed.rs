//! The ECB's feed, as a test wants it to be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, http::Uri};
use jiff::{Timestamp, ToSpan};
use tokio::net::TcpListener;

/// Days in the history.
const DAYS: u32 = 6_000;

#[derive(Debug, Default)]
struct Knobs {
    away: AtomicBool,
    asked: AtomicUsize,
}

/// A feed with a rate of 1.0850 on each day.
pub struct Feed {
    url: String,
    knobs: Arc<Knobs>,
}

/// So many days ago.
pub fn moment(days: u32) -> Timestamp {
    Timestamp::now() - (i64::from(days) * 24).hours()
}

fn document(days: u32) -> String {
    let cubes = (0..days).map(|ago| {
        let day = moment(ago).strftime("%F");
        format!("<Cube time='{day}'><Cube currency='USD' rate='1.0850'/></Cube>\n")
    });
    format!("<Envelope><Cube>{}</Cube></Envelope>", cubes.collect::<String>())
}

async fn serve(State(knobs): State<Arc<Knobs>>, uri: Uri) -> (StatusCode, String) {
    knobs.asked.fetch_add(1, Ordering::Relaxed);
    if knobs.away.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    // As long as a network takes.
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
    let days = match uri.path() {
        "/rates/eurofxref-daily.xml" => 1,
        "/rates/eurofxref-hist-90d.xml" => 90,
        "/rates/eurofxref-hist.xml" => DAYS,
        _ => return (StatusCode::NOT_FOUND, String::new()),
    };
    (StatusCode::OK, document(days))
}

impl Feed {
    pub async fn start() -> Self {
        let knobs = Arc::new(Knobs::default());
        let router = Router::new().fallback(serve).with_state(Arc::clone(&knobs));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rates", listener.local_addr().unwrap());
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, knobs }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn set_away(&self, away: bool) {
        self.knobs.away.store(away, Ordering::Relaxed);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.knobs.asked.load(Ordering::Relaxed)
    }
}
