//! What is configured, under the names that OpenTelemetry gives.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use crate::env::{Env, INSTANCE};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";

/// Bits of an id that tell whether its trace is recorded: those that are random in any id.
const RANDOM: u64 = (1 << 56) - 1;

/// Where traces go, and how many. Shows no header and no password.
#[derive(Clone)]
pub struct Settings {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) ratio: Ratio,
    pub(super) instance: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, ratio, instance, .. } = self;
        let host = url.host_str();
        f.debug_struct("Settings")
            .field("host", &host)
            .field("ratio", ratio)
            .field("instance", instance)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads them from the environment; none when no collector is named.
    pub fn from_env(env: &Env) -> Option<Self> {
        let endpoint = env.optional(ENDPOINT);
        let Headers(headers) = env.parsed(HEADERS, Headers::default());
        let ratio = env.parsed(RATIO, Ratio::ALL);
        let instance = env.optional(INSTANCE);
        let Some(url) = url_of(&endpoint?) else {
            env.problem(format!("{ENDPOINT} is malformed (use a URL with http or https)"));
            return None;
        };
        Some(Self { url, headers, ratio, instance })
    }
}

/// Where a collector takes traces.
fn url_of(base: &str) -> Option<Url> {
    let url = Url::parse(&format!("{}/v1/traces", base.trim_end_matches('/'))).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

#[derive(Default)]
struct Headers(HeaderMap);

impl FromStr for Headers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = "use name=value, with commas, values percent-encoded";
        let mut headers = HeaderMap::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, value) = entry.split_once('=').ok_or(bad)?;
            let name: HeaderName = name.trim().parse().map_err(|_| bad)?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| bad)?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self(headers))
    }
}

/// How many of the traces that begin here are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Ids from here on are.
    from: u64,
}

impl Ratio {
    const ALL: Self = Self { from: 0 };

    /// Whether a trace is recorded: by its id, as others decide, so that all decide alike.
    pub(super) fn takes(self, trace: u128) -> bool {
        u64::try_from(trace & u128::from(RANDOM)).is_ok_and(|random| random >= self.from)
    }
}

impl FromStr for Ratio {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = "use a number from 0 to 1";
        let ratio: f64 = text.parse().map_err(|_| bad)?;
        if !(0.0..=1.0).contains(&ratio) {
            return Err(bad);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "from 0 to 2^56"
        )]
        let from = ((1.0 - ratio) * (RANDOM + 1) as f64) as u64;
        Ok(Self { from })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Option<Settings>, Result<(), String>) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env = Env::new("orders", variables.iter().map(owned).collect::<HashMap<_, _>>());
        let settings = Settings::from_env(&env);
        (settings, env.finish().map_err(|problem| problem.to_string()))
    }

    #[test]
    fn a_collector_is_enough() {
        assert!(matches!(read(&[]), (None, Ok(()))));
        let (settings, end) = read(&[(ENDPOINT, "http://collector:4318/"), (INSTANCE, "orders-1")]);
        let settings = settings.unwrap();
        assert_eq!(end, Ok(()));
        assert_eq!(settings.url.as_str(), "http://collector:4318/v1/traces");
        assert_eq!((settings.ratio, settings.instance.as_deref()), (Ratio::ALL, Some("orders-1")));
    }

    #[test]
    fn headers_are_decoded_and_never_shown() {
        let headers = "Authorization=Basic%20s3cret, x-team = shop ,";
        let user = "https://s3cret:s3cret@collector/base";
        let (settings, _) = read(&[(ENDPOINT, user), (HEADERS, headers)]);
        let settings = settings.unwrap();
        assert_eq!(settings.headers["authorization"], "Basic s3cret");
        assert_eq!(settings.headers["x-team"], "shop");
        assert!(!format!("{settings:?} {:?}", settings.headers).contains("s3cret"));
    }

    #[test]
    fn bad_values_are_named_and_not_shown() {
        for (name, value) in [
            (ENDPOINT, "collector:4318"),
            (ENDPOINT, "grpc://s3cret"),
            (HEADERS, "s3cret"),
            (HEADERS, "a b=s3cret"),
            (HEADERS, "a=%0As3cret"),
            (RATIO, "1.1"),
            (RATIO, "-0.1"),
            (RATIO, "NaN"),
            (RATIO, "half"),
        ] {
            let (_, end) = read(&[(name, value)]);
            let problem = end.unwrap_err();
            assert!(problem.contains(&format!("{name} is malformed (use ")), "{problem}");
            assert!(!problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn a_ratio_takes_its_part_of_the_ids() {
        let taken = |ratio: &str| {
            let ratio: Ratio = ratio.parse().unwrap();
            let ids = (0..1_000_u128).map(|n| (n << 100) + (n << 56) / 1_000);
            ids.filter(|id| ratio.takes(*id)).count()
        };
        assert_eq!((taken("0"), taken("1")), (0, 1_000));
        assert_eq!((taken("0.25"), taken("0.001")), (250, 1));
    }
}
