//! When the documents of the feed may be asked for again: each by itself, so that one that fails
//! keeps nobody waiting who needs another one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use event_log::backoff::Backoff;
use service::health::Part;

use crate::feed::Document;

/// The wait after the first failure, and the longest one.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

/// How it went with each document.
#[derive(Debug)]
pub struct Retries {
    documents: Mutex<[Retry; Document::ALL.len()]>,
    health: Part,
}

#[derive(Debug)]
struct Retry {
    document: Document,
    backoff: Backoff,
    /// Since its last success.
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    reason: String,
    not_before: Instant,
}

impl Retries {
    /// Nothing has failed yet. Tells `health` what has.
    #[must_use]
    pub fn new(health: Part) -> Self {
        health.ready();
        let retry =
            |document| Retry { document, backoff: Backoff::new(FIRST, LONGEST), failure: None };
        Self { documents: Mutex::new(Document::ALL.map(retry)), health }
    }

    /// The documents that may be asked for now.
    #[must_use]
    pub fn due(&self) -> Vec<Document> {
        let now = Instant::now();
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due =
            |retry: &&Retry| retry.failure.as_ref().is_none_or(|failure| failure.not_before <= now);
        documents.iter().filter(is_due).map(|retry| retry.document).collect()
    }

    /// A document was fetched.
    pub fn succeeded(&self, document: Document) {
        self.note(document, None);
    }

    /// A document could not be fetched.
    pub fn failed(&self, document: Document, reason: &str) {
        self.note(document, Some(reason));
    }

    fn note(&self, document: Document, failed: Option<&str>) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        for retry in documents.iter_mut().filter(|retry| retry.document == document) {
            retry.failure = failed.map(|reason| {
                let wait = retry.backoff.next_wait();
                tracing::warn!(
                    retry.seconds = wait.as_secs_f64(),
                    "the feed of reference rates, {}: {reason}; orders wait for it",
                    document.file()
                );
                Failure { reason: reason.to_owned(), not_before: Instant::now() + wait }
            });
            if retry.failure.is_none() {
                retry.backoff.reset();
            }
        }
        let reasons: Vec<_> = documents
            .iter()
            .filter_map(|retry| {
                let failure = retry.failure.as_ref()?;
                Some(format!("{}: {}", retry.document.file(), failure.reason))
            })
            .collect();
        match reasons.is_empty() {
            true => self.health.ready(),
            false => self.health.impaired(reasons.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use service::health::{Health, State};

    use super::*;

    #[test]
    fn one_that_fails_keeps_no_other_waiting() {
        let health = Health::default();
        let retries = Retries::new(health.part("feed"));
        assert_eq!(retries.due(), Document::ALL);
        retries.failed(Document::History, "it is away");
        assert_eq!(retries.due(), [Document::Daily, Document::Recent]);
        retries.succeeded(Document::Daily);
        let state = || health.states()["feed"].clone();
        assert_eq!(state(), State::Impaired("eurofxref-hist.xml: it is away".into()));
        retries.succeeded(Document::History);
        assert_eq!((retries.due(), state()), (Document::ALL.into(), State::Ready));
    }
}
