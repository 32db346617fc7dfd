//! Subscriptions over a web socket. Whoever opens it has passed the gate; it ends with the token
//! that let it in, and with the process.
//!
//! What cannot be written holds up this socket alone. Changes that its client does not take are lost
//! meanwhile, and then it is told so and closed; a client that takes nothing at all is dropped.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{Request, Response, ServerError, parser::types::OperationType};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::StatusCode,
    response,
};
use consumer_runtime::hearing::Changes;
use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable},
    stream::{self, BoxStream, SelectAll},
};
use serde_json::{Value, json};
use service::{Problem, auth::Subject};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{self, sleep_until, timeout},
};

pub use super::protocol::Closing;
use super::{
    Graph,
    protocol::{self, FromClient},
};

/// Largest message of a client, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Operations of one socket that are under way.
const MOST_OPERATIONS: usize = 20;

/// How long the first message may take.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a message may take to be written.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// How long a client may take to answer that it has learnt of the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// How often a client is asked whether it is there. One that has not answered twice is not.
const PING: Duration = Duration::from_secs(30);

/// The sockets of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sockets {
    places: Arc<Semaphore>,
    changes: Changes,
}

/// Closes a socket from within one of its operations.
#[derive(Clone, Debug)]
pub struct Closer(Arc<watch::Sender<Option<Closing>>>);

impl Closer {
    /// Closes it, unless it is being closed already.
    pub fn close(&self, closing: Closing) {
        self.0.send_if_modified(|present| {
            let is_first = present.is_none();
            present.get_or_insert(closing);
            is_first
        });
    }
}

impl Sockets {
    /// At most so many at once.
    pub fn new(most: usize, changes: Changes) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), changes }
    }

    /// Accepts a socket of somebody who may query the graph.
    ///
    /// # Errors
    /// A problem when there is no place, or no protocol in common.
    pub fn accept(
        &self,
        graph: Graph,
        subject: Subject,
        upgrade: WebSocketUpgrade,
    ) -> Result<response::Response, Problem> {
        let upgrade = upgrade.protocols([protocol::NAME]);
        if upgrade.selected_protocol().is_none() {
            let detail = format!("subscriptions need the sub-protocol {}", protocol::NAME);
            return Err(Problem::new(StatusCode::BAD_REQUEST, "no_subprotocol", detail));
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let detail = "there are as many subscribers as there may be";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "too_many_subscribers", detail).retry_after(10)
        })?;
        let session = Session { graph, changes: self.changes.clone(), subject, _place: place };
        let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
        Ok(upgrade.on_upgrade(|socket| session.run(socket)))
    }
}

/// What a socket is served with.
struct Session {
    graph: Graph,
    changes: Changes,
    subject: Subject,
    _place: OwnedSemaphorePermit,
}

/// The end of a socket.
enum End {
    /// The client has gone.
    Gone,
    /// It is told why.
    Closing(Closing),
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Closing(closing)
    }
}

/// What an operation says: a result, or that it has ended.
type Said = (String, Option<Response>);

/// The operations of a socket.
struct Operations {
    graph: Graph,
    closer: Closer,
    running: SelectAll<BoxStream<'static, Said>>,
    by_id: HashMap<String, AbortHandle>,
    is_acknowledged: bool,
}

impl Session {
    async fn run(self, mut socket: WebSocket) {
        let Err(end) = self.talk(&mut socket).await;
        let End::Closing(closing) = end else { return };
        tracing::debug!(%closing, "a subscriber's socket is closed");
        let frame = CloseFrame { code: closing.code(), reason: closing.reason().into() };
        let told = timeout(WRITE_LIMIT, socket.send(Message::Close(Some(frame)))).await;
        if matches!(told, Ok(Ok(()))) {
            // A connection that is dropped with something unread takes what was written with it.
            let until_gone = async { while let Some(Ok(_)) = socket.recv().await {} };
            let _ = timeout(CLOSE_LIMIT, until_gone).await;
        }
    }

    /// Serves until the end.
    async fn talk(&self, socket: &mut WebSocket) -> Result<std::convert::Infallible, End> {
        let (closer, mut closed) = watch::channel(None);
        let mut operations = Operations {
            graph: self.graph.clone(),
            closer: Closer(Arc::new(closer)),
            running: SelectAll::new(),
            by_id: HashMap::new(),
            is_acknowledged: false,
        };
        let begun = time::Instant::now();
        let mut heard = Instant::now();
        let mut pings = time::interval_at(begun + PING, PING);
        let expiry = self.subject.expired();
        let stopped = self.changes.stopped();
        tokio::pin!(expiry, stopped);
        loop {
            let reply = tokio::select! {
                received = socket.recv() => {
                    heard = Instant::now();
                    match received {
                        Some(Ok(Message::Text(text))) => operations.take(&text)?,
                        Some(Ok(Message::Binary(_))) => return Err(Closing::BadRequest.into()),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                    }
                }
                Some(said) = operations.running.next() => operations.say(said),
                _ = closed.changed() => {
                    let closing = closed.borrow().clone();
                    return Err(closing.unwrap_or(Closing::Stopped).into());
                }
                () = &mut expiry => return Err(Closing::Expired.into()),
                () = &mut stopped => return Err(Closing::Stopped.into()),
                () = sleep_until(begun + INIT_LIMIT), if !operations.is_acknowledged => {
                    return Err(Closing::InitTimeout.into());
                }
                _ = pings.tick() => {
                    if heard.elapsed() > 2 * PING {
                        return Err(End::Gone);
                    }
                    send(socket, Message::Ping(Vec::new().into())).await?;
                    None
                }
            };
            if let Some(text) = reply {
                send(socket, Message::Text(text.into())).await?;
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(WRITE_LIMIT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(Closing::TooSlow.into()),
    }
}

impl Operations {
    /// Takes a message of the client; what is answered at once.
    fn take(&mut self, text: &str) -> Result<Option<String>, Closing> {
        let message = serde_json::from_str(text).map_err(|_| Closing::BadRequest)?;
        Ok(match message {
            FromClient::ConnectionInit if self.is_acknowledged => {
                return Err(Closing::TooManyInits);
            }
            FromClient::ConnectionInit => {
                self.is_acknowledged = true;
                Some(protocol::acknowledgement())
            }
            FromClient::Subscribe { .. } if !self.is_acknowledged => {
                return Err(Closing::Unauthorized);
            }
            FromClient::Subscribe { id, .. } if self.by_id.contains_key(&id) => {
                return Err(Closing::AlreadyExists(id));
            }
            FromClient::Subscribe { id, payload } => self.begin(id, *payload),
            FromClient::Complete { id } => {
                if let Some(operation) = self.by_id.remove(&id) {
                    operation.abort();
                }
                None
            }
            FromClient::Ping => Some(protocol::pong()),
            FromClient::Pong => None,
        })
    }

    /// Begins an operation, or says why not.
    fn begin(&mut self, id: String, mut request: Request) -> Option<String> {
        let refusal = |detail: &str| {
            let more = json!({ "code": "refused" });
            protocol::error(&id, &json!([{ "message": detail, "extensions": more }]))
        };
        if self.by_id.len() >= MOST_OPERATIONS {
            return Some(refusal(&format!("a socket has at most {MOST_OPERATIONS} operations")));
        }
        if !is_subscription(&mut request) {
            return Some(refusal("here only subscriptions are taken: send queries by POST"));
        }
        let (handle, registration) = AbortHandle::new_pair();
        self.by_id.insert(id.clone(), handle);
        let responses = self.graph.execute_stream(request.data(self.closer.clone()));
        let end = stream::once(async { None });
        let said = responses.map(Some).chain(end).map(move |said| (id.clone(), said));
        self.running.push(Abortable::new(said, registration).boxed());
        None
    }

    /// What is sent of what an operation says.
    fn say(&mut self, (id, said): Said) -> Option<String> {
        match said {
            Some(response) if is_refused(&response) => {
                if let Some(operation) = self.by_id.remove(&id) {
                    operation.abort();
                }
                Some(protocol::error(&id, &errors(&response.errors)))
            }
            Some(response) => Some(protocol::next(&id, &response)),
            // Of what was refused nothing more is said.
            None => self.by_id.remove(&id).map(|_| protocol::complete(&id)),
        }
    }
}

/// True for what is no query and no mutation. What cannot be read is told by the graph.
fn is_subscription(request: &mut Request) -> bool {
    let wanted = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else { return true };
    let mut operations = document.operations.iter();
    let is_wanted = |name: Option<&async_graphql::Name>| match (&wanted, name) {
        (Some(wanted), Some(name)) => wanted == name.as_str(),
        (wanted, _) => wanted.is_none(),
    };
    operations.all(|(name, operation)| {
        !is_wanted(name) || operation.node.ty == OperationType::Subscription
    })
}

/// True when an operation did not begin.
fn is_refused(response: &Response) -> bool {
    response.is_err() && response.data == async_graphql::Value::Null
}

fn errors(errors: &[ServerError]) -> Value {
    serde_json::to_value(errors).unwrap_or_default()
}
