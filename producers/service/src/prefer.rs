//! How long a client wants to wait (header `Prefer`, RFC 7240).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Longest wait that a client may ask for: shorter than the time in which a stopping process must
/// be drained.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// What a client prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefer {
    /// Not to wait at all.
    pub respond_async: bool,
    /// To wait so long.
    pub wait: Option<Duration>,
}

impl Prefer {
    /// Reads it. Preferences are wishes: what is not understood is passed over, as the RFC has it.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for token in values.flat_map(|value| value.split(',')) {
            let token = token.split(';').next().unwrap_or_default();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" => prefer.respond_async = true,
                "wait" => {
                    let seconds = value.trim().trim_matches('"').parse::<u32>().ok();
                    let wait = seconds.map(|seconds| Duration::from_secs(seconds.into()));
                    // Of several the first counts.
                    prefer.wait = prefer.wait.or(wait);
                }
                _ => {}
            }
        }
        prefer
    }

    /// How long to wait: as long as the client says, or else the service, but not for ever.
    #[must_use]
    pub fn wait_or(self, default: Duration) -> Duration {
        self.wait.unwrap_or(default).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Prefer {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        Prefer::read(&headers)
    }

    #[test]
    fn preferences_are_read_leniently() {
        let wait = |seconds| Some(Duration::from_secs(seconds));
        assert!(read(&["respond-async"]).respond_async);
        assert!(read(&["return=minimal, Respond-Async"]).respond_async);
        assert_eq!(read(&["wait=5"]).wait, wait(5));
        assert_eq!(read(&["respond-async", "wait = \"7\"; x=y, wait=9"]).wait, wait(7));
        assert_eq!(read(&["wait=soon, wait=-1, handling=lenient"]), Prefer::default());
    }

    #[test]
    fn a_wait_has_an_end() {
        let default = Duration::from_secs(3);
        assert_eq!(read(&[]).wait_or(default), default);
        assert_eq!(read(&["wait=0"]).wait_or(default), Duration::ZERO);
        assert_eq!(read(&["wait=4000000000"]).wait_or(default), LONGEST_WAIT);
    }
}
