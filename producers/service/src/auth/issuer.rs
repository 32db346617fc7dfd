//! Makes tokens with the shared secret: for the service `tokens`, scripts and tests.

use std::fmt;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

use super::{Secret, subject::Said};

/// Makes tokens.
#[derive(Clone)]
pub struct Issuer {
    key: EncodingKey,
    issuer: String,
    audience: String,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    roles: &'a [String],
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
}

impl Issuer {
    /// Makes one that signs with a secret, by its name and for an audience.
    ///
    /// # Errors
    /// When the secret is no key.
    pub fn new(secret: &Secret, issuer: &str, audience: &str) -> anyhow::Result<Self> {
        let key = EncodingKey::from_secret(secret.bytes())?;
        Ok(Self { key, issuer: issuer.to_owned(), audience: audience.to_owned() })
    }

    /// A token that says so, made `now`, in seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn issue(&self, said: &Said, now: u64) -> anyhow::Result<String> {
        let claims = Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: &said.actor,
            roles: &said.roles,
            iat: now,
            exp: said.expires_at,
            auth_time: said.session_start,
        };
        Ok(encode(&Header::default(), &claims, &self.key)?)
    }
}
