//! From which origins pages may ask: the CORS allow-list.

use std::{str::FromStr, sync::Arc};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::map_response,
    response::Response,
};
use reqwest::Url;
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowOrigin, CorsLayer};

use crate::edge::CORRELATION_ID;

/// What every page may send; which of them a path takes, it says itself.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::POST, Method::DELETE];

/// What pages may read beside what every page may.
const EXPOSED: [HeaderName; 5] = [
    HeaderName::from_static("oneway-token"),
    header::ETAG,
    header::LOCATION,
    CORRELATION_ID,
    header::RETRY_AFTER,
];

/// Origins from which pages may ask. None by default. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    exact: Arc<[String]>,
    /// Any port of this machine's loopback addresses.
    loopback: bool,
}

impl FromStr for Origins {
    type Err = &'static str;

    /// Origins with commas between them, or `loopback`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut exact, mut loopback) = (Vec::new(), false);
        for item in text.split(',').map(str::trim) {
            if item == "loopback" {
                loopback = true;
            } else if Url::parse(item).is_ok_and(|url| url.origin().ascii_serialization() == item) {
                exact.push(item.to_owned());
            } else {
                return Err("use origins such as https://shop.example, or loopback, with commas");
            }
        }
        Ok(Self { exact: exact.into(), loopback })
    }
}

impl Origins {
    /// True when pages of the origin may ask.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        self.exact.iter().any(|exact| exact == origin) || (self.loopback && is_loopback(origin))
    }

    fn allow_header(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.allow(origin))
    }

    /// Answers preflights, and tells browsers which answers a page may read.
    pub(super) fn before(&self, router: Router) -> Router {
        let by_origin = self.clone();
        let by_credentials = self.clone();
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _: &Parts| {
                by_origin.allow_header(origin)
            }))
            .allow_credentials(AllowCredentials::predicate(move |origin, _: &Parts| {
                by_credentials.allow_header(origin)
            }))
            .allow_methods(METHODS)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED);
        router.layer(layer).layer(map_response(async |mut response: Response| {
            // Only the layer above says which methods a page may use.
            if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
                *response.status_mut() = StatusCode::NO_CONTENT;
                response.headers_mut().remove(header::CONTENT_LENGTH);
            }
            response
        }))
    }
}

fn is_loopback(origin: &str) -> bool {
    let is_http = origin.starts_with("http://") || origin.starts_with("https://");
    let Ok(url) = Url::parse(origin) else { return false };
    is_http
        && url.origin().ascii_serialization() == origin
        && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        let origins: Origins = "https://shop.example, http://10.0.0.7:5173".parse().unwrap();
        assert!(origins.allow("https://shop.example") && origins.allow("http://10.0.0.7:5173"));
        for other in [
            "http://shop.example",
            "https://shop.example:444",
            "https://shop.example.evil",
            "https://evil.shop.example",
            "https://SHOP.example",
            "http://localhost:5173",
            "null",
            "",
        ] {
            assert!(!origins.allow(other), "{other}");
        }
        for bad in ["*", "shop.example", "https://shop.example/", "https://a@b", "", "https://a,,"]
        {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_this_machine_on_any_port() {
        let origins: Origins = "loopback".parse().unwrap();
        for own in ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"] {
            assert!(origins.allow(own), "{own}");
        }
        for other in [
            "http://localhost.evil:5173",
            "http://127.0.0.1.evil",
            "http://evil/localhost",
            "http://localhost@evil",
            "ftp://localhost",
            "null",
        ] {
            assert!(!origins.allow(other), "{other}");
        }
        assert!(!Origins::default().allow("http://localhost"));
    }
}
