//! Serving a router on a public address, with the limits that every service shares.

use std::{
    any::Any,
    convert::Infallible,
    future::ready,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    http::{HeaderValue, Method, Request, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
};
use hyper::{
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

use crate::{
    auth::Gate,
    connection::{Held, Onward},
    edge,
    health::Part,
    problem::Problem,
    shell::Failure,
    shutdown::Shutdown,
    unread,
};

/// Its part of a process's health.
pub const PART: &str = "http";

/// Largest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Most connections at once, unless a service says otherwise.
pub const MAX_CONNECTIONS: usize = 1_000;

/// Longest time until a request is answered, not until the answer's end; more than the longest
/// `Prefer: wait`.
const MAX_DURATION: Duration = Duration::from_secs(60);

/// Longest time without a whole request, unless a service says otherwise.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Most bytes that are read of a connection before its request takes them; also the longest
/// headers.
const READ_BUFFER: usize = 32 * 1024;

/// How long nothing is accepted after the process has run out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where to serve.
#[derive(Clone, Copy, Debug)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// Most connections at once. With HTTP/1.1 a connection carries one request at a time, so that
    /// this bounds the requests too. One more waits, and others behind it in the kernel, which
    /// bounds them; meanwhile every answer ends its connection, so that they have their turn.
    pub connections: usize,
    /// Longest time until a request's headers are there, counted from the connection or from the
    /// answer before: a connection that nobody uses does not keep its place.
    pub idle: Duration,
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { address, connections: MAX_CONNECTIONS, idle: MAX_IDLE }
    }
}

/// The address that a request comes from, in its extensions. Behind a proxy that is not trusted it
/// is the proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Serves until the shutdown, then finishes the requests under way. Nobody gets to the router but
/// through the gate. `port` is not ready before connections are taken: a process that is ready may
/// be all that there is.
///
/// # Errors
/// [`Failure::Configuration`] when the address cannot be bound.
pub async fn serve(
    listen: impl Into<Listen>,
    gate: Gate,
    router: Router,
    port: Part,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let listen = listen.into();
    let address = listen.address;
    let listener = bind(listen)
        .with_context(|| format!("cannot bind {address}"))
        .map_err(Failure::Configuration)?;
    let router = edge::whole(router)
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, MAX_DURATION))
        .layer(CatchPanicLayer::custom(panicked));
    let router = edge::behind(gate.before(router));
    tracing::info!(http.address = %address, "serving");
    port.ready();
    let waiting = Arc::new(AtomicBool::new(false));
    let router = give_way(unread::tell(router), Arc::clone(&waiting));
    let most = listen.connections.min(Semaphore::MAX_PERMITS);
    let server = Server {
        idle: listen.idle,
        waiting,
        router,
        places: Arc::new(Semaphore::new(most)),
        shutdown: shutdown.clone(),
    };
    tokio::select! {
        () = server.accept(&listener) => {}
        () = shutdown.requested() => {}
    }
    drop(listener);
    // Each connection answers the request that it has begun, and ends, as do those that carry no
    // requests any more: all places are free then. Nobody closes the semaphore.
    let _ = server.places.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    Ok(())
}

/// Binds the address, with room for all to come at once: when the queue of a listener is full, the
/// kernel drops handshakes, and the client learns of it only when it has waited for half a minute.
fn bind(listen: Listen) -> io::Result<TcpListener> {
    let socket = match listen.address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As every server does: what is left of closed connections must not keep a successor out.
    socket.set_reuseaddr(true)?;
    socket.bind(listen.address)?;
    socket.listen(u32::try_from(listen.connections).unwrap_or(u32::MAX).clamp(128, 65_535))
}

/// Has an answer end its connection, and say so.
pub(crate) fn end_connection(response: &mut Response) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// While somebody waits for a place, an answer ends its connection, unless that is the beginning of
/// something else.
fn give_way(router: Router, waiting: Arc<AtomicBool>) -> Router {
    router.layer(map_response(move |mut response: Response| {
        let goes_on = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if waiting.load(Ordering::Relaxed) && !goes_on {
            end_connection(&mut response);
        }
        ready(response)
    }))
}

/// What accepts connections and serves them.
struct Server {
    idle: Duration,
    waiting: Arc<AtomicBool>,
    router: Router,
    places: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Server {
    /// Accepts connections and gives each a place; the next one waits for it. Does not return.
    async fn accept(&self, listener: &TcpListener) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.idle).max_buf_size(READ_BUFFER);
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => {
                    self.waiting.store(self.places.available_permits() == 0, Ordering::Relaxed);
                    let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                        // Nobody closes it.
                        return;
                    };
                    self.waiting.store(false, Ordering::Relaxed);
                    self.serve(&builder, (socket, Peer(peer.ip())), place);
                }
                // A client that has gone already, or no more files: both pass.
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves a connection.
    fn serve(
        &self,
        builder: &http1::Builder,
        (socket, peer): (TcpStream, Peer),
        place: OwnedSemaphorePermit,
    ) {
        // Answers are written whole: waiting for more to send only makes them late.
        let _ = socket.set_nodelay(true);
        let onward = Onward::default();
        let io = TokioIo::new(Held::new(socket, place, onward.clone()));
        let service = TowerToHyperService::new(self.router.clone());
        let noting = onward.clone();
        let service = service_fn(move |mut request: Request<_>| {
            request.extensions_mut().insert(peer);
            let is_get = request.method() == Method::GET;
            let (answer, noting) = (service.call(request), noting.clone());
            async move {
                let mut response = answer.await?;
                // To others, such as HEAD, the head is the whole answer.
                if is_get {
                    noting.note(&mut response);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = builder.serve_connection(io, service).with_upgrades();
        let shutdown = self.shutdown.clone();
        // The drain awaits it, by its place.
        tokio::spawn(async move {
            // It gives the socket up when it is dropped, at the end of the block.
            let ended = {
                let mut connection = pin!(connection);
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = shutdown.requested() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            }
            onward.go(shutdown);
        });
    }
}

fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this is a bug of the service")
        .into_response()
}

#[cfg(test)]
mod tests;
