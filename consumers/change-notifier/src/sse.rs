//! `GET /v1/changes`: changes as server-sent events.
//!
//! `ready` comes first: from its id on nothing is missed. Then `change`, each with the id of where
//! the client stands after it, and `reload` when it cannot be told what changed. A client that comes
//! back with `Last-Event-ID` to any replica goes on from there.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use metrics::counter;
use serde::Deserialize;
use service::{
    Problem,
    auth::{Subject, refusal::forbidden},
    endless,
};
use tokio::time::{Instant, sleep_until};

use crate::{
    change::Change,
    cursor::{Cursor, index, reaches},
    filter::Filter,
    history::History,
    hub::{Client, Hub, Taken},
    metrics::{RELOADS, SENT},
};

/// About how many bytes are written at once.
const PIECE: usize = 16 * 1_024;

/// After how long a client that was cut off comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// As good as never.
const FAR: Duration = Duration::from_hours(24 * 365);

pub const KIND: &str = "sse";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What the route needs.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Where changes come from.
    pub hub: Arc<Hub>,
    /// Where older ones come from.
    pub history: History,
    /// After how long without an event a client is shown that the stream lives.
    pub heartbeat: Duration,
}

#[derive(Debug, Default, Deserialize)]
pub struct Arguments {
    #[serde(default)]
    models: String,
}

/// Answers with a stream of changes.
///
/// # Errors
/// A problem when the list of models or the id is malformed.
pub async fn changes(
    State(changes): State<Changes>,
    subject: Subject,
    Query(Arguments { models }): Query<Arguments>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "malformed", detail);
    let filter = Filter::parse(&models).map_err(|error| bad(format!("argument models {error}")))?;
    if let Some(right) = filter.refused_to(&subject) {
        return Err(forbidden(&subject, right));
    }
    let stood = match headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or("?")) {
        None | Some("") => None,
        Some(id) => Some(
            id.parse::<Cursor>()
                .map_err(|error| bad(format!("header Last-Event-ID is malformed: {error}")))?,
        ),
    };
    let events = Events::begin(&changes, filter, stood).await;
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        // Proxies that gather answers before they pass them on.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let expired = sleep_until(deadline(&subject));
    Ok(endless::answer(head, events.stream().take_until(expired)))
}

/// When what the subject's token allows ends. Whoever comes back with a new one misses nothing.
pub fn deadline(subject: &Subject) -> Instant {
    let left = subject.expires_at().map(|at| at.duration_since(SystemTime::now()));
    Instant::now() + left.map_or(FAR, Result::unwrap_or_default).min(FAR)
}

/// The events of one client.
struct Events {
    client: Client,
    heartbeat: Duration,
    /// What is said before anything else.
    first: VecDeque<Bytes>,
    /// A client that came back may have seen part of what comes, until it has caught up.
    seen: Option<Cursor>,
}

impl Events {
    async fn begin(changes: &Changes, filter: Filter, stood: Option<Cursor>) -> Self {
        let (hub, heartbeat) = (&changes.hub, changes.heartbeat);
        if let Some(stood) = &stood
            && let Some((client, resumption)) = hub.resume(KIND, filter.clone(), stood)
            && let Some(missed) = changes.history.missed(stood, &resumption, &filter).await
        {
            counter!(SENT, "kind" => KIND).increment(missed.len() as u64);
            let mut first = VecDeque::with_capacity(missed.len() + 1);
            first.push_back(ready(stood));
            first.extend(missed);
            let seen = Cursor { log: stood.log, next: resumption.from };
            return Self { client, heartbeat, first, seen: Some(seen) };
        }
        let (client, now) = hub.subscribe(KIND, filter);
        let mut first = VecDeque::from([ready(&now)]);
        if stood.is_some() {
            counter!(RELOADS, "kind" => KIND).increment(1);
            first.push_back(reload(&now));
        }
        Self { client, heartbeat, first, seen: None }
    }

    fn stream(self) -> impl Stream<Item = Bytes> + Send + 'static {
        stream::unfold(self, async |mut events| {
            let piece = events.next().await;
            Some((piece, events))
        })
    }

    /// The next piece.
    async fn next(&mut self) -> Bytes {
        if let Some(piece) = self.first.pop_front() {
            return piece;
        }
        let mut silent = Instant::now() + self.heartbeat;
        loop {
            match self.client.take(PIECE) {
                Taken::Changes(changes) => {
                    let piece = self.piece(&changes);
                    if !piece.is_empty() {
                        return piece;
                    }
                }
                Taken::Reload(now) => {
                    self.seen = None;
                    return reload(&now);
                }
                // Woken for nothing that it wants; or silent for long, and then it is told where
                // it stands: it would else have to come back to where its last change was.
                Taken::Nothing(now) if Instant::now() >= silent => {
                    return heartbeat(&self.at(&now));
                }
                Taken::Nothing(_) => {}
            }
            tokio::select! {
                () = self.client.woken() => {}
                () = sleep_until(silent) => silent = Instant::now(),
            }
        }
    }

    /// Where the client stands when it has everything before a place.
    fn at(&self, now: &Cursor) -> Cursor {
        match &self.seen {
            None => now.clone(),
            Some(seen) => Cursor::latest(now.log, &seen.next, &now.next),
        }
    }

    fn piece(&mut self, changes: &[Arc<Change>]) -> Bytes {
        if let (None, [change]) = (&self.seen, changes) {
            counter!(SENT, "kind" => KIND).increment(1);
            return change.event.clone();
        }
        let size = changes.iter().map(|change| change.event.len() + 16).sum();
        let (mut piece, mut sent) = (BytesMut::with_capacity(size), 0);
        for change in changes {
            let Some(seen) = &self.seen else {
                piece.extend_from_slice(&change.event);
                sent += 1;
                continue;
            };
            let before = seen.next.get(index(change.at.partition.number));
            if before.is_none_or(|before| change.at.offset >= *before) {
                let at = Cursor::latest(seen.log, &seen.next, &change.next);
                piece.extend_from_slice(&change.event_with_id(&at.to_string()));
                sent += 1;
            }
            if reaches(&change.next, &seen.next) {
                self.seen = None;
            }
        }
        counter!(SENT, "kind" => KIND).increment(sent);
        piece.freeze()
    }
}

fn ready(at: &Cursor) -> Bytes {
    format!("retry: {RETRY_MS}\nevent: ready\nid: {at}\ndata: {{}}\n\n").into()
}

fn reload(at: &Cursor) -> Bytes {
    format!("event: reload\nid: {at}\ndata: {{}}\n\n").into()
}

/// A comment, and an event without data: it sets the id, and clients are shown nothing.
fn heartbeat(at: &Cursor) -> Bytes {
    format!(":\nid: {at}\n\n").into()
}

#[cfg(test)]
mod tests;
