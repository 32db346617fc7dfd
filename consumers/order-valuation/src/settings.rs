//! What the environment says.

use std::{fmt, str::FromStr, time::Duration};

use reqwest::Url;
use service::Env;

/// Where the ECB publishes its reference rates.
const ECB: &str = "https://www.ecb.europa.eu/stats/eurofxref/";

/// Settings of order-valuation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every consumer.
    pub runtime: consumer_runtime::Settings,
    /// The folder of the feed's documents.
    pub feed: Folder,
    /// Whether recorded rates stand in for a feed that cannot be reached.
    pub recorded: bool,
    /// How often to look for orders that wait.
    pub poll: Duration,
}

/// The URL of a folder, with the slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(String);

impl FromStr for Folder {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = format!("{}/", text.trim_end_matches('/'));
        let is_good = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none()
        };
        match Url::parse(&url) {
            Ok(parsed) if is_good(&parsed) => Ok(Self(url)),
            _ => Err("not the http or https URL of a folder"),
        }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Settings {
    /// Reads the consumer's own `_FEED_URL`, `_RECORDED_FEED` and `_POLL_MS`, and what every
    /// consumer has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self {
            runtime: consumer_runtime::Settings::from_env(env),
            feed: env.parsed(&env.own("FEED_URL"), Folder(ECB.to_owned())),
            recorded: env.parsed(&env.own("RECORDED_FEED"), false),
            poll: Duration::from_millis(env.bounded(&env.own("POLL_MS"), 500, 10..=60_000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        assert_eq!(ECB.parse(), Ok(Folder(ECB.to_owned())));
        let folder: Folder = "http://127.0.0.1:80/rates".parse().unwrap();
        assert_eq!(folder.to_string(), "http://127.0.0.1:80/rates/");
        for bad in ["", "rates", "ftp://a/b", "file:///etc/", "https://a/b?c=d", "s3cret!"] {
            assert!(bad.parse::<Folder>().is_err(), "{bad:?}");
        }
    }
}
