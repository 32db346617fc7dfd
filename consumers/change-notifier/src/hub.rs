//! Brings changes to clients. They share one ring; what a client has yet to read is a place in it
//! and a count, so that an idle client costs next to nothing and a slow one holds nobody up. When
//! more waits for a client than it may, it is told to reload instead.
//!
//! One lock guards it all; it is held for a few map operations and never over an await. Clients are
//! woken by [`Hub::wake`] alone, and only those that something came for.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use event_log::Position;
use metrics::{counter, gauge};
use tokio::sync::Notify;

use crate::{
    change::{Change, Notification},
    cursor::{Cursor, LogId},
    filter::{Filter, Model},
    metrics::{CLIENTS, DROPPED, RELOADS},
    ring::{Bound, Ring},
};

/// Shared by the follower and all clients.
#[derive(Debug)]
pub struct Hub {
    log: LogId,
    client_bound: Bound,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    slots: HashMap<u64, Slot>,
    last: u64,
    of_model: HashMap<Model, HashSet<u64>>,
    of_all: HashSet<u64>,
    to_wake: Vec<Arc<Notify>>,
}

#[derive(Debug)]
struct Slot {
    filter: Filter,
    unread: Unread,
    kind: &'static str,
    woken: Arc<Notify>,
}

/// What a client has yet to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    Nothing,
    /// Changes from this number on; so much has come since.
    From {
        number: u64,
        count: usize,
        bytes: usize,
    },
    /// It cannot be told any more.
    Lost,
}

/// What a client gets.
#[derive(Debug)]
pub enum Taken {
    /// Nothing is there; everything before this was delivered.
    Nothing(Cursor),
    /// Changes, in order.
    Changes(Vec<Arc<Change>>),
    /// Anything may have changed; what comes later is delivered from here on.
    Reload(Cursor),
}

/// One client's end; it is forgotten when dropped.
#[derive(Debug)]
pub struct Client {
    hub: Arc<Hub>,
    number: u64,
    woken: Arc<Notify>,
}

/// How a client goes on from where it stood.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumption {
    /// By partition: what is before it was delivered, or is in `missing`.
    pub from: Box<[i64]>,
    /// By partition: what the ring does not have any more.
    pub missing: Vec<(i32, std::ops::Range<i64>)>,
    /// By partition: what this replica does not have yet, if it is there at all.
    pub ahead: Vec<(i32, i64)>,
}

impl Hub {
    /// Without clients; the first changes to come have these offsets.
    pub fn new(log: LogId, next: &[i64], ring: Bound, client: Bound) -> Arc<Self> {
        let state = State {
            ring: Ring::new(ring, next),
            slots: HashMap::new(),
            last: 0,
            of_model: HashMap::new(),
            of_all: HashSet::new(),
            to_wake: Vec::new(),
        };
        Arc::new(Self { log, client_bound: client, state: Mutex::new(state) })
    }

    /// Takes a record in: a change, or none when it cannot be read. Wakes nobody yet. Returns how
    /// many clients a change is for.
    pub fn push(&self, at: Position, notification: Option<Notification>) -> usize {
        let mut state = self.lock();
        if !state.ring.advance(at) {
            let (partition, offset) = (at.partition.number, at.offset);
            tracing::warn!(kafka.partition = partition, kafka.offset = offset, "changes are lost");
            state.lose();
        }
        match notification {
            None => {
                state.ring.forget_to(at);
                state.lose();
                0
            }
            Some(notification) => {
                let next = state.ring.next();
                let change = Change::new(self.log, at, next, notification);
                state.deliver(change, self.client_bound)
            }
        }
    }

    /// Wakes the clients that something came for.
    pub fn wake(&self) {
        let woken = std::mem::take(&mut self.lock().to_wake);
        for client in woken {
            client.notify_one();
        }
    }

    /// The next offset of each partition.
    pub fn cursor(&self) -> Cursor {
        self.at(self.lock().ring.next())
    }

    /// A client that gets what comes from now on.
    pub fn subscribe(self: &Arc<Self>, kind: &'static str, filter: Filter) -> (Client, Cursor) {
        let mut state = self.lock();
        let cursor = self.at(state.ring.next());
        (self.client(&mut state, kind, filter, Unread::Nothing), cursor)
    }

    /// A client that goes on from a place; none when that is in another log.
    pub fn resume(
        self: &Arc<Self>,
        kind: &'static str,
        filter: Filter,
        at: &Cursor,
    ) -> Option<(Client, Resumption)> {
        let mut state = self.lock();
        let (floor, next) = (state.ring.floor(), state.ring.next());
        if at.log != self.log || at.next.len() != next.len() {
            return None;
        }
        let from: Box<[i64]> =
            at.next.iter().zip(floor).map(|(at, floor)| *at.max(floor)).collect();
        let places = (0..).zip(&at.next);
        let missing = places.clone().zip(&from).filter(|((_, at), from)| at < from);
        let missing = missing.map(|((partition, at), from)| (partition, *at..*from)).collect();
        let ahead = places.zip(next).filter(|((_, at), next)| at > next);
        let ahead = ahead.map(|((partition, at), _)| (partition, *at)).collect();
        let number = state.ring.after(&from);
        let unread = match number < state.ring.end() {
            true => Unread::From { number, count: 0, bytes: 0 },
            false => Unread::Nothing,
        };
        let client = self.client(&mut state, kind, filter, unread);
        Some((client, Resumption { from, missing, ahead }))
    }

    fn client(
        self: &Arc<Self>,
        state: &mut State,
        kind: &'static str,
        filter: Filter,
        unread: Unread,
    ) -> Client {
        state.last += 1;
        let (number, woken) = (state.last, Arc::new(Notify::new()));
        match &filter {
            Filter::All => {
                state.of_all.insert(number);
            }
            Filter::Models(models) => {
                for model in models {
                    state.of_model.entry(model.clone()).or_default().insert(number);
                }
            }
        }
        state.slots.insert(number, Slot { filter, unread, kind, woken: Arc::clone(&woken) });
        gauge!(CLIENTS, "kind" => kind).increment(1);
        Client { hub: Arc::clone(self), number, woken }
    }

    fn at(&self, next: &[i64]) -> Cursor {
        Cursor { log: self.log, next: next.into() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self, change: Change, bound: Bound) -> usize {
        let change = Arc::new(change);
        let number = self.ring.push(Arc::clone(&change));
        let of_model = self.of_model.get(&change.model);
        let mut clients = 0;
        for client in self.of_all.iter().chain(of_model.into_iter().flatten()) {
            let Some(slot) = self.slots.get_mut(client) else { continue };
            clients += 1;
            let before = slot.unread;
            slot.unread = before.and(number, change.event.len(), bound);
            if before == Unread::Nothing {
                self.to_wake.push(Arc::clone(&slot.woken));
            }
            if let (Unread::From { count, .. }, Unread::Lost) = (before, slot.unread) {
                counter!(DROPPED, "kind" => slot.kind).increment(count as u64 + 1);
            }
        }
        clients
    }

    /// What came was not understood, or did not come at all: it may concern every client.
    fn lose(&mut self) {
        for slot in self.slots.values_mut() {
            if slot.unread == Unread::Nothing {
                self.to_wake.push(Arc::clone(&slot.woken));
            }
            slot.unread = Unread::Lost;
        }
    }
}

impl Unread {
    /// With one more change.
    fn and(self, number: u64, size: usize, bound: Bound) -> Self {
        let (first, count, bytes) = match self {
            Self::Nothing => (number, 0, 0),
            Self::From { number, count, bytes } => (number, count, bytes),
            Self::Lost => return Self::Lost,
        };
        if count >= bound.count || bytes + size > bound.bytes {
            return Self::Lost;
        }
        Self::From { number: first, count: count + 1, bytes: bytes + size }
    }
}

impl Client {
    /// Returns when something may have come since the last look.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Takes what is there, but not much more than so many bytes.
    pub fn take(&self, most: usize) -> Taken {
        let mut state = self.hub.lock();
        let State { ring, slots, .. } = &mut *state;
        let Some(slot) = slots.get_mut(&self.number) else {
            return Taken::Nothing(self.hub.at(ring.next()));
        };
        let kind = slot.kind;
        let lost = || {
            counter!(RELOADS, "kind" => kind).increment(1);
            Taken::Reload(self.hub.at(ring.next()))
        };
        let (number, count, bytes) = match slot.unread {
            Unread::Nothing => return Taken::Nothing(self.hub.at(ring.next())),
            Unread::From { number, count, bytes } => (number, count, bytes),
            Unread::Lost => {
                slot.unread = Unread::Nothing;
                return lost();
            }
        };
        slot.unread = Unread::Nothing;
        let Some(changes) = ring.from(number) else { return lost() };
        let (mut taken, mut size) = (Vec::new(), 0);
        for (number, change) in changes.filter(|(_, change)| slot.filter.wants(&change.model)) {
            if size >= most {
                let (count, bytes) =
                    (count.saturating_sub(taken.len()), bytes.saturating_sub(size));
                slot.unread = Unread::From { number, count, bytes };
                break;
            }
            size += change.event.len();
            taken.push(Arc::clone(change));
        }
        match taken.is_empty() {
            true => Taken::Nothing(self.hub.at(ring.next())),
            false => Taken::Changes(taken),
        }
    }

    /// Wants to hear of further read models; where the first change of them will be.
    pub fn add(&self, models: &[Model]) -> Cursor {
        let mut state = self.hub.lock();
        let State { slots, of_model, .. } = &mut *state;
        if let Some(Slot { filter: Filter::Models(own), .. }) = slots.get_mut(&self.number) {
            for model in models.iter().filter(|model| !own.contains(model)).collect::<Vec<_>>() {
                own.push(model.clone());
                of_model.entry(model.clone()).or_default().insert(self.number);
            }
        }
        self.hub.at(state.ring.next())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        let Some(Slot { filter, kind, .. }) = state.slots.remove(&self.number) else { return };
        state.of_all.remove(&self.number);
        if let Filter::Models(models) = filter {
            for model in models {
                let Some(clients) = state.of_model.get_mut(&model) else { continue };
                clients.remove(&self.number);
                if clients.is_empty() {
                    state.of_model.remove(&model);
                }
            }
        }
        gauge!(CLIENTS, "kind" => kind).decrement(1);
    }
}

#[cfg(test)]
mod tests;
