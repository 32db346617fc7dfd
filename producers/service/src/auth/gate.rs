//! What every request passes before a router: origin, token, rate, right.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use super::{
    Refusal, Settings, Subject, Verifier,
    credential::Credential,
    key_store::Source,
    origins::Origins,
    proxies::Proxies,
    rate::Limiter,
    refusal::{count, forbidden},
    settings::Rate,
};
use crate::{
    http::Peer,
    metrics::{self as counted, ANONYMOUS},
    problem::Problem,
    shell::Failure,
};

/// Whom a gate lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// Who has the right to the read model that a path names, of the consumer of that name.
    Queries(&'static str),
    /// Who is known; handlers ask for rights themselves.
    Known,
    /// Everybody; handlers look at tokens themselves.
    Everybody,
}

/// The gate before a router. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    admit: Admit,
    verifier: Arc<Verifier>,
    origins: Origins,
    proxies: Proxies,
    limiter: Option<Arc<Limiter<Asker>>>,
    /// How paths begin that are open to everybody.
    open: Option<&'static str>,
}

/// Who has a bucket of requests of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Asker {
    Subject(String),
    /// The address of whoever has no valid token; of IPv6 the network, which is one customer's.
    Peer(IpAddr),
}

impl Gate {
    /// Makes one; says so when it is open to all.
    ///
    /// # Errors
    /// [`Failure`] when there can be no client for the keys of the issuer.
    pub fn new(settings: &Settings, admit: Admit) -> Result<Self, Failure> {
        let rules = settings.rules.clone();
        if rules.anonymous {
            tracing::warn!("anonymous access is on: everybody may do everything");
        }
        if rules.keys.as_ref().is_some_and(Source::is_open_to_others) {
            tracing::warn!("ONEWAY_JWT_KEYS is fetched without TLS: others could replace the keys");
        }
        counted::start();
        metrics::gauge!(ANONYMOUS).set(if rules.anonymous { 1.0 } else { 0.0 });
        let limiter = settings.rate.and_then(|Rate { per_second, burst }| {
            Limiter::new(Duration::from_secs(1) / per_second.get(), burst).map(Arc::new)
        });
        Ok(Self {
            admit,
            verifier: Arc::new(Verifier::new(rules).map_err(Failure::Internal)?),
            origins: settings.origins.clone(),
            proxies: settings.proxies.clone(),
            limiter,
            open: None,
        })
    }

    /// Lets everybody pass to paths that begin so: their handlers trust what is in the path.
    #[must_use]
    pub const fn leaving_open(mut self, paths: &'static str) -> Self {
        self.open = Some(paths);
        self
    }

    /// True unless the request is that of a page of a foreign origin that is not allowed.
    #[must_use]
    pub fn trusts_page(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let origin = origin.to_str().unwrap_or_default();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin.split_once("://").map(|(_, rest)| rest);
        self.origins.allow(origin) || (own.is_some() && own == host)
    }

    /// What looks at tokens, for handlers that do so themselves.
    #[must_use]
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier)
    }

    /// Puts the gate before everything that a router serves.
    pub fn before(self, router: Router) -> Router {
        let origins = self.origins.clone();
        // Before the gate: preflights carry no token, and pages must be able to read a refusal.
        origins.before(router.layer(from_fn_with_state(Arc::new(self), pass)))
    }

    async fn admit(&self, request: &Parts) -> Result<Option<Subject>, Response> {
        let (headers, path) = (&request.headers, request.uri.path());
        let is_open = self.admit == Admit::Everybody
            || is_description(path)
            || self.open.is_some_and(|open| path.starts_with(open));
        let verified = match is_open {
            true => None,
            false => Some(self.verifier.verify(headers).await),
        };
        self.limit(request, verified.as_ref()).map_err(IntoResponse::into_response)?;
        let subject = verified.transpose().map_err(|refusal| {
            refusal.note();
            refusal.into_response()
        })?;
        let Some(subject) = subject else { return Ok(None) };
        self.check_origin(&request.method, headers).map_err(IntoResponse::into_response)?;
        if let Admit::Queries(consumer) = self.admit {
            let right = format!("{consumer}/{}", read_model(path));
            if !subject.may(&right) {
                return Err(forbidden(&subject, &right).into_response());
            }
        }
        Ok(Some(subject))
    }

    fn limit(
        &self,
        request: &Parts,
        verified: Option<&Result<Subject, Refusal>>,
    ) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let asker = match verified {
            Some(Ok(subject)) if !subject.is_anonymous() => {
                Asker::Subject(subject.actor().to_owned())
            }
            _ => Asker::Peer(network(request.extensions.get::<Peer>())),
        };
        limiter.check(asker).map_err(|seconds| {
            count("rate");
            let detail = "too many requests: slow down";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
                .retry_after(seconds)
        })
    }

    /// A cookie comes along whichever page asks. What changes something is only taken from pages of
    /// this origin, and of those that are allowed; browsers always say which it is. So are web
    /// sockets: browsers let every page read what comes over those.
    fn check_origin(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let by_cookie = || matches!(Credential::find(headers), Ok(Some(Credential::Cookie(_))));
        let is_harmless = method.is_safe() && !headers.contains_key(header::UPGRADE);
        if is_harmless || !by_cookie() || self.trusts_page(headers) {
            return Ok(());
        }
        count("origin");
        let detail = "pages of this origin may not ask: see ONEWAY_CORS_ORIGINS";
        Err(Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail))
    }
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Some(Peer(peer)) = parts.extensions.get().copied() {
        let client = gate.proxies.client(peer, &parts.headers);
        parts.extensions.insert(Peer(client));
    }
    match gate.admit(&parts).await {
        Ok(subject) => {
            if let Some(subject) = subject {
                parts.extensions.insert(subject);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refused) => refused,
    }
}

/// Descriptions hold nothing that is not published with the sources.
fn is_description(path: &str) -> bool {
    path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/")
}

/// The read model that a path names: `overview` of `/query/overview/all`, `orders` of
/// `/v1/orders/17`, `graphql` of `/graphql`.
fn read_model(path: &str) -> &str {
    let mut segments = path.trim_start_matches('/').split('/');
    match segments.next().unwrap_or_default() {
        "query" | "v1" => segments.next().unwrap_or_default(),
        first => first,
    }
}

fn network(peer: Option<&Peer>) -> IpAddr {
    let address = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.to_canonical());
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests;
