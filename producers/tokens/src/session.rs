//! Tokens, and the cookie that carries them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;
use jiff::Timestamp;
use service::auth::{COOKIE, issuer::Issuer, subject::Said};

/// How long tokens live, and how their cookie goes.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Makes tokens.
    pub issuer: Issuer,
    /// How long a token lives.
    pub token_life: Duration,
    /// How long a token can be renewed.
    pub session_life: Duration,
    /// The cookie goes over encrypted connections alone.
    pub secure: bool,
}

/// A token that was made.
#[derive(Debug)]
pub struct Made {
    /// The token.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The value of `Set-Cookie`.
    pub cookie: HeaderValue,
}

impl Sessions {
    /// A token for somebody who has logged in at `start`; `None` when that was too long ago. Both
    /// in seconds since 1970.
    pub fn token(
        &self,
        actor: &str,
        roles: Vec<String>,
        start: u64,
        now: u64,
    ) -> anyhow::Result<Option<Made>> {
        let end = start.saturating_add(self.session_life.as_secs());
        let expires_at = now.saturating_add(self.token_life.as_secs()).min(end);
        // One that logged in later than now is no session of ours.
        if expires_at <= now || start > now {
            return Ok(None);
        }
        let actor = actor.to_owned();
        let said = Said { actor, roles, expires_at, session_start: Some(start) };
        let token = self.issuer.issue(&said, now)?;
        let cookie = self.cookie(&token, expires_at - now)?;
        let expires_at = Timestamp::from_second(i64::try_from(expires_at)?)?;
        Ok(Some(Made { token, expires_at, cookie }))
    }

    /// The value of `Set-Cookie` that ends the session of a browser.
    pub fn no_cookie(&self) -> anyhow::Result<HeaderValue> {
        self.cookie("", 0)
    }

    fn cookie(&self, token: &str, seconds: u64) -> anyhow::Result<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        let mut value = HeaderValue::try_from(text)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
