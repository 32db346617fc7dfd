//! Where a token is in a request: header `Authorization: Bearer`, or else the cookie.

use axum::http::{HeaderMap, header};

use super::Refusal;

/// Name of the cookie that carries a token.
pub const COOKIE: &str = "oneway_session";

/// Longest token, in bytes.
const LONGEST: usize = 8 * 1024;

/// A token as it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'h> {
    /// In the header: whoever sends it means it.
    Bearer(&'h str),
    /// In the cookie: a browser sends it by itself, whichever page makes it do so.
    Cookie(&'h str),
}

impl<'h> Credential<'h> {
    /// Finds it; the header goes before the cookie.
    pub fn find(headers: &'h HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let found = match (values.next(), values.next()) {
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| Refusal::Invalid("no ASCII"))?;
                Some(Self::Bearer(bearer(text).ok_or(Refusal::Invalid("no bearer token"))?))
            }
            (Some(_), Some(_)) => return Err(Refusal::Invalid("sent twice")),
            (None, _) => cookie(headers).map(Self::Cookie),
        };
        match found {
            Some(credential) if credential.token().len() > LONGEST => {
                Err(Refusal::Invalid("too long"))
            }
            found => Ok(found),
        }
    }

    /// The token.
    pub const fn token(self) -> &'h str {
        let (Self::Bearer(token) | Self::Cookie(token)) = self;
        token
    }
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// An empty cookie is none: that is how some browsers forget one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|p| p.split_once('='));
    let found = pairs.find(|(name, _)| name.trim() == COOKIE);
    found.map(|(_, value)| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn the_header_goes_before_the_cookie() {
        let token = |all: &[(&'static str, &str)]| match Credential::find(&headers(all)) {
            Ok(Some(Credential::Bearer(token))) => format!("bearer {token}"),
            Ok(Some(Credential::Cookie(token))) => format!("cookie {token}"),
            Ok(None) => "none".to_owned(),
            Err(refusal) => format!("{refusal:?}"),
        };
        assert_eq!(token(&[]), "none");
        assert_eq!(token(&[("authorization", "Bearer a.b.c")]), "bearer a.b.c");
        assert_eq!(token(&[("authorization", "bearer  a")]), "bearer a");
        assert_eq!(token(&[("cookie", "x=1; oneway_session=a.b; y=2")]), "cookie a.b");
        assert_eq!(token(&[("cookie", "xoneway_session=a")]), "none");
        assert_eq!(token(&[("cookie", "oneway_session=")]), "none");
        let both = [("cookie", "oneway_session=a"), ("authorization", "Bearer b")];
        assert_eq!(token(&both), "bearer b");
        for bad in ["Basic YTpi", "Bearer", "a.b.c", ""] {
            let both = [("authorization", bad), ("cookie", "oneway_session=a")];
            assert_eq!(token(&both), "Invalid(\"no bearer token\")", "{bad:?}");
        }
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
        assert_eq!(token(&twice), "Invalid(\"sent twice\")");
        let long = format!("Bearer {}", "x".repeat(LONGEST + 1));
        assert_eq!(token(&[("authorization", &long)]), "Invalid(\"too long\")");
    }
}
