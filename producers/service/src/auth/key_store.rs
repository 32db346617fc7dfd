//! The keys of an issuer as they are now: read from a file or fetched, kept, and asked for again
//! when a token names one that is not known, or when they have become old.

use std::{
    path::PathBuf,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::{Client, Url, redirect::Policy};
use tokio::sync::Mutex;

use super::{keys::Keys, refusal::Refusal};
use crate::metrics::KEY_LOADS;

/// Longest time to get the keys: requests wait for it.
const FETCH_LIMIT: Duration = Duration::from_secs(5);

/// Longest time to connect for it.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// Largest set of keys, in bytes.
const LARGEST: usize = 256 * 1024;

/// Least time between two attempts: tokens that name unknown keys cost nothing to make.
const PAUSE: Duration = Duration::from_secs(30);

/// The same while there are no keys at all.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Keys that are older are asked for again: one that was withdrawn must not be taken for ever.
const OLD: Duration = Duration::from_mins(10);

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, which may be replaced while the process runs.
    File(PathBuf),
    /// Where the issuer publishes them.
    Web(Url),
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self::Web(url)),
            _ => Err("use the path of a file, or a URL with http or https"),
        }
    }
}

impl Source {
    /// True when whoever is on the way could put other keys in their place.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        let Self::Web(url) = self else { return false };
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.scheme() == "http" && !is_here
    }
}

/// The keys.
#[derive(Debug)]
pub struct KeyStore {
    source: Source,
    client: Client,
    pause: Duration,
    kept: RwLock<Option<Kept>>,
    /// When they were asked for last; held while they are.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Kept {
    keys: Arc<Keys>,
    since: Instant,
}

impl KeyStore {
    /// Makes one that has no keys yet.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn new(source: Source) -> reqwest::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(FETCH_LIMIT)
            // Whoever pins an address means that one.
            .redirect(Policy::none())
            .build()?;
        let (kept, asked) = (RwLock::default(), Mutex::default());
        Ok(Self { source, client, pause: PAUSE, kept, asked })
    }

    /// The key for a token.
    pub async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, Refusal> {
        let look = |kept: &Option<Kept>| {
            let keys = kept.as_ref().map(|kept| &kept.keys);
            keys.and_then(|keys| keys.find(id, algorithm).cloned())
        };
        let kept = self.kept();
        let is_old = kept.as_ref().is_none_or(|kept| kept.since.elapsed() > OLD);
        let known = look(&kept);
        if let (Some(key), false) = (&known, is_old) {
            return Ok(key.clone());
        }
        self.load(known.is_some()).await;
        let kept = self.kept();
        match (look(&kept), kept) {
            (Some(key), _) => Ok(key),
            (None, Some(_)) => Err(Refusal::Invalid("unknown key")),
            (None, None) => Err(Refusal::Unavailable),
        }
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for the keys, unless that was done just now. Whoever could do without does not wait
    /// for another's attempt.
    async fn load(&self, can_do_without: bool) {
        let mut asked = match self.asked.try_lock() {
            Ok(asked) => asked,
            Err(_) if can_do_without => return,
            Err(_) => self.asked.lock().await,
        };
        let pause = if self.kept().is_some() { self.pause } else { FIRST_PAUSE };
        if asked.is_some_and(|asked| asked.elapsed() < pause) {
            return;
        }
        let read = self.read().await;
        *asked = Some(Instant::now());
        let result = if read.is_ok() { "loaded" } else { "failed" };
        metrics::counter!(KEY_LOADS, "result" => result).increment(1);
        match read {
            Ok(keys) => {
                let kept = Kept { keys: Arc::new(keys), since: Instant::now() };
                *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
            }
            // Those that are there stay: an issuer that is away for a while must not lock all out.
            Err(error) => tracing::warn!(%error, "cannot get the keys of the issuer"),
        }
    }

    async fn read(&self) -> Result<Keys, String> {
        let text = match &self.source {
            Source::File(path) => {
                let read = tokio::fs::read(path).await;
                read.map_err(|error| format!("cannot read {}: {error}", path.display()))?
            }
            Source::Web(url) => self.fetch(url).await?,
        };
        Keys::parse(&text).map_err(|error| error.to_string())
    }

    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, String> {
        // The address may carry a password.
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = self.client.get(url.clone()).send().await.map_err(told)?;
        if !answer.status().is_success() {
            return Err(format!("the issuer answers {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            text.extend_from_slice(&chunk);
            if text.len() > LARGEST {
                return Err(format!("the issuer sends more than {LARGEST} bytes"));
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{Router, http::StatusCode, routing::get};

    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn set(id: &str) -> String {
        let key = format!(r#"{{"kty": "OKP", "crv": "Ed25519", "kid": "{id}", "x": "{X}"}}"#);
        format!(r#"{{"keys": [{key}]}}"#)
    }

    /// An issuer that publishes what it is told, and counts who asks; nothing is a failure.
    async fn issuer() -> (Source, Arc<RwLock<String>>, Arc<AtomicUsize>) {
        let (published, asked) = (Arc::new(RwLock::new(set("one"))), Arc::new(AtomicUsize::new(0)));
        let (shown, counted) = (Arc::clone(&published), Arc::clone(&asked));
        let router = Router::new().route(
            "/keys",
            get(async move || {
                counted.fetch_add(1, Ordering::Relaxed);
                let text = shown.read().unwrap().clone();
                let status = if text.is_empty() { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
                (status, text)
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        (url.parse().unwrap(), published, asked)
    }

    #[tokio::test]
    async fn keys_are_asked_for_again_but_not_all_the_time() {
        let (source, published, asked) = issuer().await;
        let mut store = KeyStore::new(source).unwrap();
        let find =
            async |store: &KeyStore, id| store.find(Some(id), Algorithm::EdDSA).await.map(|_| ());
        let unknown = Err(Refusal::Invalid("unknown key"));
        assert_eq!(find(&store, "one").await, Ok(()));
        *published.write().unwrap() = set("two");
        for _ in 0..3 {
            assert_eq!(find(&store, "two").await, unknown, "it was asked just now");
            assert_eq!(find(&store, "one").await, Ok(()));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        store.pause = Duration::ZERO;
        assert_eq!(find(&store, "two").await, Ok(()));
        assert_eq!(find(&store, "one").await, unknown, "it was withdrawn");
        published.write().unwrap().clear();
        assert_eq!(find(&store, "three").await, unknown);
        assert_eq!(find(&store, "two").await, Ok(()), "the issuer is away, its keys stay");
    }

    #[test]
    fn sources_are_files_or_the_web() {
        assert_eq!("/etc/keys.json".parse(), Ok(Source::File("/etc/keys.json".into())));
        assert!(matches!("https://a.example/keys".parse(), Ok(Source::Web(_))));
        for (text, open) in [
            ("http://a.example/keys", true),
            ("https://a.example/keys", false),
            ("http://127.0.0.1:9/keys", false),
            ("/etc/keys.json", false),
        ] {
            assert_eq!(text.parse::<Source>().unwrap().is_open_to_others(), open, "{text}");
        }
        assert!("ftp://a.example/keys".parse::<Source>().is_err());
    }
}
