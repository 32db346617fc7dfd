//! The feed of the ECB: three documents, of which the one that suffices is fetched. What has not
//! changed since the last time is not sent again (`ETag`, `Last-Modified`).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::civil::Date;
use metrics::counter;
use reqwest::{
    Client, Response, StatusCode,
    header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    redirect::Policy,
};

use crate::{
    metrics::FETCHES,
    rates::{FIRST_DAY, LONGEST_GAP, Rates, days_before, days_between},
    settings::Folder,
    xml::{self, BadDocument},
};

/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Longest fetch, to the last byte.
const FETCH_LIMIT: Duration = Duration::from_secs(20);

/// Largest document, in bytes. The whole history has about 8 MB.
const LARGEST: usize = 32 << 20;

/// How many days back the document of 90 days is asked for: it has as many days of the calendar.
const RECENT_DAYS: i32 = 80;

/// Redirections that are followed.
const REDIRECTIONS: usize = 3;

/// One of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The newest day.
    Daily,
    /// 90 days.
    Recent,
    /// All days.
    History,
}

impl Document {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Recent, Self::History];

    /// The smallest that knows the rate of a day.
    #[must_use]
    pub fn of(day: Date, today: Date) -> Self {
        match days_between(day, today) {
            ..=0 => Self::Daily,
            1..=RECENT_DAYS => Self::Recent,
            _ => Self::History,
        }
    }

    /// The days for which it is asked: first and last.
    #[must_use]
    pub fn days(self, today: Date) -> (Date, Date) {
        match self {
            Self::Daily => (today, Date::MAX),
            Self::Recent => (days_before(today, RECENT_DAYS), days_before(today, 1)),
            Self::History => (FIRST_DAY, days_before(today, RECENT_DAYS + 1)),
        }
    }

    /// Its name in the feed's folder.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Daily => "eurofxref-daily.xml",
            Self::Recent => "eurofxref-hist-90d.xml",
            Self::History => "eurofxref-hist.xml",
        }
    }
}

/// Why there are no rates.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It did not answer, or broke off.
    #[error("it cannot be reached: {0}")]
    Away(String),
    /// It answered something else.
    #[error("it answered with {0}")]
    Status(StatusCode),
    /// The document is larger than any can be.
    #[error("its document has more than {LARGEST} bytes")]
    TooLarge,
    /// The document is refused.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// Its newest rate is so old that it has been published no more.
    #[error("its newest rate is of {0}, which is too old")]
    Old(Date),
}

impl FeedError {
    /// Whether the feed gave no document at all.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Status(_))
    }

    /// All of [`FeedError::label`].
    pub(crate) const LABELS: [&str; 5] = ["away", "status", "too-large", "malformed", "old"];

    const fn label(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Status(_) => "status",
            Self::TooLarge => "too-large",
            Self::Document(_) => "malformed",
            Self::Old(_) => "old",
        }
    }
}

/// What is known of a document from the last time.
#[derive(Clone, Debug)]
struct Known {
    document: Document,
    tags: HeaderMap,
    rates: Arc<Rates>,
}

/// The feed.
#[derive(Debug)]
pub struct Feed {
    folder: Folder,
    /// The error, if there can be none on this machine: without certificates, for example.
    client: Result<Client, String>,
    known: Mutex<Vec<Known>>,
}

impl Feed {
    /// The feed whose documents are in this folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self::within(folder, FETCH_LIMIT)
    }

    /// The same, with another limit for a fetch.
    fn within(folder: Folder, limit: Duration) -> Self {
        let client = Client::builder()
            .user_agent(concat!("oneway-order-valuation/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(limit)
            .redirect(Policy::limited(REDIRECTIONS))
            .build();
        let client = client.map_err(|error| with_causes(&error));
        Self { folder, client, known: Mutex::default() }
    }

    /// The rates of a document.
    ///
    /// # Errors
    /// [`FeedError`]: whatever it is, the next attempt may succeed.
    pub async fn fetch(&self, document: Document, today: Date) -> Result<Arc<Rates>, FeedError> {
        let fetched = self.attempt(document, today).await;
        let outcome = fetched.as_ref().map_or_else(FeedError::label, |_| "good");
        counter!(FETCHES, "document" => document.file(), "outcome" => outcome).increment(1);
        fetched
    }

    async fn attempt(&self, document: Document, today: Date) -> Result<Arc<Rates>, FeedError> {
        let client = self.client.as_ref().map_err(|error| FeedError::Away(error.clone()))?;
        let url = format!("{}{}", self.folder, document.file());
        let known = self.known(document);
        let tags = known.as_ref().map(|known| known.tags.clone()).unwrap_or_default();
        let answer = client.get(url).headers(tags).send().await.map_err(|error| away(&error))?;
        let rates = match (answer.status(), known) {
            (StatusCode::NOT_MODIFIED, Some(known)) => known.rates,
            (StatusCode::OK, _) => {
                let tags = tags_of(answer.headers());
                let rates = Arc::new(xml::parse(&body(answer).await?)?);
                self.keep(Known { document, tags, rates: Arc::clone(&rates) });
                rates
            }
            (status, _) => return Err(FeedError::Status(status)),
        };
        if days_between(rates.newest(), today) > LONGEST_GAP {
            return Err(FeedError::Old(rates.newest()));
        }
        Ok(rates)
    }

    fn known(&self, document: Document) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|known| known.document == document).cloned()
    }

    fn keep(&self, fetched: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.document != fetched.document);
        known.push(fetched);
    }
}

/// The whole body, unless it is too large: whatever its headers say.
async fn body(mut answer: Response) -> Result<Vec<u8>, FeedError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(FeedError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What to ask with the next time.
fn tags_of(headers: &HeaderMap) -> HeaderMap {
    let pairs: [(HeaderName, HeaderName); 2] =
        [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    let tags =
        pairs.into_iter().filter_map(|(said, asked)| Some((asked, headers.get(said)?.clone())));
    tags.collect()
}

fn away(error: &reqwest::Error) -> FeedError {
    FeedError::Away(with_causes(error))
}

/// An error with what caused it: the outermost says the least.
fn with_causes(error: &reqwest::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), std::error::Error::source(error));
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
