//! What a socket registered for, and what it is told of a change.
//!
//! A client of the original registers, and only then queries; what comes before the first answer it
//! drops, and it does not see that a row it is told to add is there already. When its query is made
//! and answered is not known here, only that it takes no longer than the *window*. In the window
//! after a registration, or after an `all`, which has the client query again:
//!
//! - a new row goes out as `updateRow`, which is right when the answer has the row, and changes
//!   nothing when it has not;
//! - at the end one `all` follows when there was such a row, since the answer may lack it; after the
//!   registration also when there was any change, since the client may have dropped it.
//!
//! So no row comes twice, and none stays away for longer than the window.

use std::time::Duration;

use schemas::notification::ChangeKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    change::{Change, kind},
    cursor::{Cursor, index},
    filter::{MOST_MODELS, Model, is_name},
};

/// The resolver whose answers are the rows of the read model themselves.
const ROWS: &str = "all";

/// Most registrations of one socket.
const MOST: usize = MOST_MODELS;

/// What a client asks to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// The consumer.
    pub endpoint_name: String,
    /// Its read model.
    pub read_model_name: String,
    /// How it is queried.
    pub resolver_name: String,
}

/// A `change`, as it goes out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    #[serde(flatten)]
    query: Query,
    change_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Box<str>>,
}

/// All of one socket.
#[derive(Debug)]
pub struct Registrations {
    window: Duration,
    all: Vec<Registration>,
}

#[derive(Debug)]
struct Registration {
    query: Query,
    model: Model,
    /// Changes from here on are told.
    since: Cursor,
    window: Option<Window>,
}

/// While the client's query may be under way.
#[derive(Clone, Copy, Debug)]
struct Window {
    until: Instant,
    is_first: bool,
    /// The client may lack something at the end.
    lacks: bool,
}

impl Query {
    /// The read model.
    pub fn model(&self) -> Model {
        Model::new(&self.endpoint_name, &self.read_model_name)
    }

    fn is_sound(&self) -> bool {
        [&self.endpoint_name, &self.read_model_name, &self.resolver_name].iter().all(|n| is_name(n))
    }

    fn told(&self, what: ChangeKind, details: Option<Value>, change: Option<&Change>) -> Told {
        Told {
            query: self.clone(),
            change_kind: kind(what),
            details,
            correlation_id: change.and_then(|change| change.notification.correlation_id.clone()),
        }
    }
}

impl Registrations {
    /// None yet; queries are answered within the window.
    pub fn new(window: Duration) -> Self {
        Self { window, all: Vec::new() }
    }

    /// Whether so many more, of such names, may be added.
    pub fn admits(&self, queries: &[Query]) -> bool {
        self.all.len() + queries.len() <= MOST && queries.iter().all(Query::is_sound)
    }

    /// Registers. Who registers again queries again.
    pub fn add(&mut self, queries: Vec<Query>, since: &Cursor, now: Instant) {
        let window = Window { until: now + self.window, is_first: true, lacks: false };
        for query in queries {
            match self.all.iter_mut().find(|registration| registration.query == query) {
                Some(known) => known.window = Some(window),
                None => self.all.push(Registration {
                    model: query.model(),
                    query,
                    since: since.clone(),
                    window: Some(window),
                }),
            }
        }
    }

    /// What is told of a change, by registration.
    pub fn tell(&mut self, change: &Change, now: Instant) -> Vec<Told> {
        let window = self.window;
        let concerned = self.all.iter_mut().filter(|registration| registration.wants(change));
        concerned.map(|registration| registration.tell(change, now, window)).collect()
    }

    /// Tells that anything may have changed.
    pub fn reload(&mut self, now: Instant) -> Vec<Told> {
        let window = self.window;
        self.all.iter_mut().map(|registration| registration.reload(now, window)).collect()
    }

    /// When the next window ends.
    pub fn due(&self) -> Option<Instant> {
        self.all.iter().filter_map(|registration| Some(registration.window?.until)).min()
    }

    /// Ends the windows that are over.
    pub fn end_windows(&mut self, now: Instant) -> Vec<Told> {
        let length = self.window;
        let mut told = Vec::new();
        for registration in &mut self.all {
            let Some(window) = registration.window.filter(|window| window.until <= now) else {
                continue;
            };
            registration.window = None;
            if window.lacks {
                told.push(registration.reload(now, length));
            }
        }
        told
    }
}

impl Registration {
    fn wants(&self, change: &Change) -> bool {
        let since = self.since.next.get(index(change.at.partition.number));
        self.model == change.model && since.is_none_or(|since| change.at.offset >= *since)
    }

    fn tell(&mut self, change: &Change, now: Instant, length: Duration) -> Told {
        let body = &change.notification.body;
        let mut what = body.kind;
        let details = match what {
            _ if self.query.resolver_name != ROWS => None,
            ChangeKind::All => None,
            ChangeKind::DeleteRow => body.row_id.clone().map(Value::from),
            ChangeKind::AddRow | ChangeKind::UpdateRow => change.details().cloned(),
        };
        if details.is_none() {
            what = ChangeKind::All;
        }
        match &mut self.window {
            Some(window) if now < window.until => {
                window.lacks |= window.is_first || what == ChangeKind::AddRow;
                if what == ChangeKind::AddRow {
                    what = ChangeKind::UpdateRow;
                }
                if what == ChangeKind::All && !window.is_first {
                    *window = Window { until: now + length, is_first: false, lacks: false };
                }
            }
            window if what == ChangeKind::All => *window = Some(Window::after_all(now, length)),
            _ => {}
        }
        self.query.told(what, details, Some(change))
    }

    fn reload(&mut self, now: Instant, length: Duration) -> Told {
        // Of a registration a moment ago the client may drop it: then it is told again.
        match &mut self.window {
            Some(window) if window.is_first && now < window.until => window.lacks = true,
            window => *window = Some(Window::after_all(now, length)),
        }
        self.query.told(ChangeKind::All, None, None)
    }
}

impl Window {
    fn after_all(now: Instant, length: Duration) -> Self {
        Self { until: now + length, is_first: false, lacks: false }
    }
}

#[cfg(test)]
mod tests;
