//! Where rates come from: the feed, or, when that is allowed and the feed cannot be reached, the
//! recorded history that is shipped with the program. What is recorded says so wherever it goes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::civil::Date;
use metrics::gauge;

use crate::{
    feed::{Document, Feed, FeedError},
    metrics::RECORDED,
    rates::{Rates, Valid},
    xml::{self, BadDocument},
};

/// The recorded history: see `recorded/`.
const HISTORY: &[u8] = include_bytes!("../recorded/eurofxref-hist.xml");

/// How long the feed is not asked again while recorded rates stand in for it.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Where rates are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The feed.
    Ecb,
    /// The recorded history.
    Recorded,
}

impl Source {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecb => "ecb",
            Self::Recorded => "recorded",
        }
    }
}

/// Rates from somewhere.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The rates.
    pub rates: Arc<Rates>,
    /// Where they are from.
    pub source: Source,
}

impl Answer {
    /// The rate of a day. Of recorded ones the last, however old it is.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> Valid {
        match (self.source, self.rates.valid_on(day), self.rates.last_until(day)) {
            (Source::Recorded, Valid::Never, Some(last)) => Valid::Rate(last),
            (_, valid, _) => valid,
        }
    }

    /// Whether nothing else can become valid on a day: never by recorded rates, which those of the
    /// feed replace.
    #[must_use]
    pub fn is_final_for(&self, day: Date) -> bool {
        self.source == Source::Ecb && self.rates.are_final_for(day)
    }
}

/// The sources.
#[derive(Debug)]
pub struct Sources {
    feed: Feed,
    recorded: Option<Arc<Rates>>,
    /// Since when recorded rates stand in, at the last look.
    stood_in: Mutex<Option<Instant>>,
}

impl Sources {
    /// The feed, and the recorded history if that is allowed.
    ///
    /// # Errors
    /// When the recorded history is malformed (a bug).
    pub fn new(feed: Feed, is_recorded_allowed: bool) -> Result<Self, BadDocument> {
        let recorded = is_recorded_allowed.then(|| xml::parse(HISTORY).map(Arc::new));
        Ok(Self { feed, recorded: recorded.transpose()?, stood_in: Mutex::new(None) })
    }

    /// The rates of a document.
    ///
    /// # Errors
    /// When the feed has none, and nothing may stand in for it.
    pub async fn rates(&self, document: Document, today: Date) -> Result<Answer, FeedError> {
        let recorded = self.recorded.as_ref().map(Arc::clone);
        let recorded = recorded.map(|rates| Answer { rates, source: Source::Recorded });
        let stood_in = *self.stood_in.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorded) = &recorded
            && stood_in.is_some_and(|since| since.elapsed() < ASK_AGAIN)
        {
            return Ok(recorded.clone());
        }
        match (self.feed.fetch(document, today).await, recorded) {
            (Ok(rates), _) => {
                self.stand_in(None);
                Ok(Answer { rates, source: Source::Ecb })
            }
            (Err(error), Some(recorded)) if error.is_away() => {
                self.stand_in(Some(&error));
                Ok(recorded)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Notes whether recorded rates stand in, and tells of each change.
    fn stand_in(&self, because: Option<&FeedError>) {
        let mut stood_in = self.stood_in.lock().unwrap_or_else(PoisonError::into_inner);
        match (because, stood_in.is_some()) {
            (Some(error), false) => tracing::warn!(
                "the feed of reference rates: {error}; RECORDED rates stand in for it, the last \
                 one for every later day: the values in USD are not real"
            ),
            (None, true) => tracing::info!("the feed of reference rates is back"),
            _ => {}
        }
        *stood_in = because.map(|_| Instant::now());
        gauge!(RECORDED).set(f64::from(u8::from(because.is_some())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Feed {
        // Nothing listens on the discard port.
        Feed::new("http://127.0.0.1:9/".parse().unwrap())
    }

    #[tokio::test]
    async fn recorded_rates_stand_in_only_where_that_is_allowed() {
        let today = Date::constant(2026, 11, 20);
        let without = Sources::new(away(), false).unwrap();
        assert!(without.rates(Document::Daily, today).await.unwrap_err().is_away());
        let with = Sources::new(away(), true).unwrap();
        let answer = with.rates(Document::Daily, today).await.unwrap();
        assert_eq!(answer.source, Source::Recorded);
        let Valid::Rate(last) = answer.valid_on(today) else { panic!("no rate") };
        assert_eq!(last.day, answer.rates.newest(), "the last one, though it is old");
        assert!(!answer.is_final_for(Date::constant(2020, 1, 1)));
        let before = answer.valid_on(Date::constant(1998, 12, 31));
        assert_eq!(before, Valid::Never);
    }
}
