//! Who asks.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use super::roles::Roles;
use crate::problem::Problem;

/// The actor of requests without a token, where those are let in.
pub const ANONYMOUS: &str = "anonymous";

/// Who asks, as a token says or anonymous access has it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Subject {
    actor: Arc<str>,
    grant: Grant,
    /// Seconds since 1970.
    expires_at: Option<u64>,
    session_start: Option<u64>,
}

#[derive(Clone, Debug)]
enum Grant {
    /// Anonymous access.
    Everything,
    Roles(Arc<[String]>, Roles),
}

/// What a valid token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its subject.
    pub actor: String,
    /// The roles of its subject.
    pub roles: Vec<String>,
    /// When it expires, in seconds since 1970.
    pub expires_at: u64,
    /// When its subject logged in, in seconds since 1970.
    pub session_start: Option<u64>,
}

impl Subject {
    /// Nobody in particular, who may do everything.
    #[must_use]
    pub fn anonymous() -> Self {
        let (actor, grant) = (ANONYMOUS.into(), Grant::Everything);
        Self { actor, grant, expires_at: None, session_start: None }
    }

    /// The subject of a valid token.
    #[must_use]
    pub fn of_token(said: Said, table: Roles) -> Self {
        let Said { actor, roles, expires_at, session_start } = said;
        let (actor, grant) = (actor.into(), Grant::Roles(roles.into(), table));
        Self { actor, grant, expires_at: Some(expires_at), session_start }
    }

    /// Its name: what `ce_actor` says.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// True for requests without a token.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.grant, Grant::Everything)
    }

    /// The roles that its token names.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        match &self.grant {
            Grant::Everything => &[],
            Grant::Roles(roles, _) => roles,
        }
    }

    /// True when it has a right: `<aggregate>.<COMMAND>` or `<consumer>/<read model>`.
    #[must_use]
    pub fn may(&self, right: &str) -> bool {
        match &self.grant {
            Grant::Everything => true,
            Grant::Roles(roles, table) => roles.iter().any(|role| table.allow(role, right)),
        }
    }

    /// When its token expires; a stream that it began must end then. Anonymous access does not.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.expires_at?))
    }

    /// Returns when its token expires, which that of anonymous access never does.
    pub async fn expired(&self) {
        match self.expires_at() {
            Some(at) => {
                let left = at.duration_since(SystemTime::now());
                tokio::time::sleep(left.unwrap_or_default()).await;
            }
            None => std::future::pending().await,
        }
    }

    /// When it logged in, in seconds since 1970, for tokens of the service `tokens`.
    #[must_use]
    pub const fn session_start(&self) -> Option<u64> {
        self.session_start
    }
}

/// Handlers take it as an argument. Without the gate before them they are closed.
impl<S: Sync> FromRequestParts<S> for Subject {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let detail = "this is a bug of the service: nobody has looked at who asks";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        })
    }
}
