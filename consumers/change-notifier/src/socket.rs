//! The socket.io endpoint of the original: `register` with an acknowledgement, then `change`.
//!
//! Each socket has a task, which alone knows what the socket registered for. It takes from the hub
//! no more than the socket's own queue has room for: what a slow client does not take waits in the
//! hub, within the client's bound.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::http::Uri;
use metrics::counter;
use service::{
    auth::{Subject, refusal::forbidden},
    edge::is_correlation_id,
};
use socketioxide::{
    SendError, SocketError, SocketIo,
    extract::{AckSender, SocketRef, TryData},
    layer::SocketIoLayer,
};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};

use crate::{
    filter::{Filter, Model},
    hub::{Client, Hub, Taken},
    metrics::SENT,
    registration::{Query, Registrations, Told},
    sse::deadline,
};

/// The path that its clients ask for.
pub const PATH: &str = "/socket.io/";

pub const KIND: &str = "socket";
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Largest message of a client, in bytes.
const MAX_MESSAGE: usize = 64 * 1_024;

/// About how many bytes are taken from the hub at once.
const PIECE: usize = 16 * 1_024;

/// Calls of one socket that may wait for its task.
const CALLS: usize = 16;

/// How soon a socket with a full queue is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// How long there is nothing to do at the earliest when no window ends.
const FAR: Duration = Duration::from_hours(1);

/// The acknowledgement has no arguments; a unit would be one, `null`.
const NOTHING: [(); 0] = [];

/// A `register`.
type Call = (Vec<Query>, AckSender);

/// The endpoint, and the handle to close it.
pub fn endpoint(hub: Arc<Hub>, query_window: Duration) -> (SocketIoLayer, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .max_payload(MAX_MESSAGE as u64)
        .ws_max_message_size(MAX_MESSAGE)
        .ws_max_frame_size(MAX_MESSAGE)
        .build_layer();
    io.ns("/", async move |socket: SocketRef| {
        let (calls, receiver) = mpsc::channel(CALLS);
        let gone = Arc::new(Notify::new());
        socket.on(
            "register",
            async move |TryData(queries): TryData<Vec<Query>>, ack: AckSender| {
                match queries {
                    // The task ends with the socket: then there is nobody to tell.
                    Ok(queries) => drop(calls.send((queries, ack)).await),
                    Err(error) => tracing::debug!(%error, "a registration is malformed"),
                }
            },
        );
        let leaving = Arc::clone(&gone);
        socket.on_disconnect(async move || leaving.notify_one());
        tracing::debug!(correlation.id = correlation_id(&socket.req_parts().uri), "a socket");
        let (client, _) = hub.subscribe(KIND, Filter::Models(Vec::new()));
        let registrations = Registrations::new(query_window);
        let told = VecDeque::new();
        // The gate lets nobody pass who is not known.
        let subject = socket.req_parts().extensions.get::<Subject>().cloned();
        let Some(subject) = subject else { return };
        let expires = deadline(&subject);
        let pump = Pump { socket: socket.clone(), subject, client, registrations, told };
        tokio::select! {
            () = pump.run(receiver, &gone) => {}
            // It comes back with a new token, or not at all.
            () = sleep_until(expires) => drop(socket.disconnect()),
        }
    });
    (layer, io)
}

/// The correlation id of the handshake, in its query: it joins the logs of both sides.
fn correlation_id(uri: &Uri) -> Option<&str> {
    let arguments = uri.query()?.split('&').filter_map(|argument| argument.split_once('='));
    let (_, id) = arguments.into_iter().find(|(name, _)| *name == "correlationId")?;
    Some(id).filter(|id| is_correlation_id(id))
}

/// The task of a socket.
struct Pump {
    socket: SocketRef,
    subject: Subject,
    client: Client,
    registrations: Registrations,
    /// What the socket's queue had no room for.
    told: VecDeque<Told>,
}

/// The socket is gone.
struct Gone;

impl Pump {
    async fn run(mut self, mut calls: mpsc::Receiver<Call>, gone: &Notify) {
        loop {
            let is_full = match self.send() {
                Ok(is_full) => is_full,
                Err(Gone) => return,
            };
            let now = Instant::now();
            let due = match is_full {
                true => now + FULL_PAUSE,
                false => self.registrations.due().unwrap_or(now + FAR),
            };
            tokio::select! {
                () = gone.notified() => return,
                Some(call) = calls.recv() => self.register(call),
                () = self.client.woken(), if !is_full => {}
                () = sleep_until(due) => {}
            }
            if self.told.is_empty() {
                self.take();
            }
        }
    }

    /// Acknowledges once every later change will be told.
    fn register(&mut self, (queries, ack): Call) {
        if !self.registrations.admits(&queries) {
            tracing::debug!(count = queries.len(), "a registration is refused");
            return;
        }
        let models: Vec<_> = queries.iter().map(Query::model).collect();
        if let Some(right) = models.iter().map(Model::right).find(|r| !self.subject.may(r)) {
            // Noted as for any other request; there is nobody to answer but by silence.
            drop(forbidden(&self.subject, right));
            return;
        }
        let since = self.client.add(&models);
        self.registrations.add(queries, &since, Instant::now());
        // One that cannot be acknowledged is one whose client has no room or is gone; it asks again.
        if let Err(error) = ack.send(&NOTHING) {
            tracing::debug!(%error, "a registration is not acknowledged");
        }
    }

    /// Takes what there is to tell.
    fn take(&mut self) {
        let now = Instant::now();
        self.told.extend(self.registrations.end_windows(now));
        match self.client.take(PIECE) {
            Taken::Nothing(_) => {}
            Taken::Reload(_) => self.told.extend(self.registrations.reload(now)),
            Taken::Changes(changes) => {
                for change in changes {
                    self.told.extend(self.registrations.tell(&change, now));
                }
            }
        }
    }

    /// Sends until nothing is left, or until the socket's queue is full: then true.
    fn send(&mut self) -> Result<bool, Gone> {
        loop {
            let Some(told) = self.told.front() else {
                // More may be there than was taken at once.
                self.take();
                if self.told.is_empty() {
                    return Ok(false);
                }
                continue;
            };
            match self.socket.emit("change", told) {
                Ok(()) => {
                    counter!(SENT, "kind" => KIND).increment(1);
                    self.told.pop_front();
                }
                Err(SendError::Socket(SocketError::InternalChannelFull)) => return Ok(true),
                Err(SendError::Socket(SocketError::Closed)) => return Err(Gone),
                Err(SendError::Serialize(error)) => {
                    tracing::error!(%error, "a change cannot be sent");
                    self.told.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_may_name_its_correlation_id() {
        let id = |uri: &'static str| correlation_id(&Uri::from_static(uri)).map(str::to_owned);
        assert_eq!(id("/socket.io/?correlationId=SVLT-1&EIO=4"), Some("SVLT-1".into()));
        assert_eq!(id("/socket.io/?EIO=4"), None);
        assert_eq!(id("/socket.io/?correlationId="), None);
    }
}
