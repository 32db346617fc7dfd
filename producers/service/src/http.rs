//! Serving a router on a public address, with the limits that every service shares.

use std::{
    any::Any,
    fmt::Display,
    future::ready,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    http::{HeaderValue, Request, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

use crate::{auth::Gate, edge, problem::Problem, shell::Failure, shutdown::Shutdown, unread};

/// Largest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Most connections at once, unless a service says otherwise.
pub const MAX_CONNECTIONS: usize = 1_000;

/// Longest time for one request; more than the longest `Prefer: wait`.
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

/// The address that a request comes from, in its extensions. Behind a proxy it is the proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Serves until the shutdown, then finishes the requests under way. Nobody gets to the router but
/// through the gate.
///
/// # Errors
/// [`Failure::Configuration`] when the address cannot be bound.
pub async fn serve(
    listen: impl Into<Listen>,
    gate: Gate,
    router: Router,
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
    let graceful = GracefulShutdown::new();
    let waiting = Arc::new(AtomicBool::new(false));
    let router = give_way(unread::tell(router), Arc::clone(&waiting));
    tokio::select! {
        () = accept(&listener, listen, &waiting, &router, &graceful) => {}
        () = shutdown.requested() => {}
    }
    drop(listener);
    // Each connection answers the request that it has begun, and ends.
    graceful.shutdown().await;
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

/// While somebody waits for a place, an answer ends its connection.
fn give_way(router: Router, waiting: Arc<AtomicBool>) -> Router {
    router.layer(map_response(move |mut response: Response| {
        if waiting.load(Ordering::Relaxed) {
            end_connection(&mut response);
        }
        ready(response)
    }))
}

/// Accepts connections and gives each a place; the next one waits for it. Does not return.
async fn accept(
    listener: &TcpListener,
    listen: Listen,
    waiting: &AtomicBool,
    router: &Router,
    graceful: &GracefulShutdown,
) {
    let places = Arc::new(Semaphore::new(listen.connections.min(Semaphore::MAX_PERMITS)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(listen.idle).max_buf_size(READ_BUFFER);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                waiting.store(places.available_permits() == 0, Ordering::Relaxed);
                let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                    // Nobody closes it.
                    return;
                };
                waiting.store(false, Ordering::Relaxed);
                // Answers are written whole: waiting for more to send only makes them late.
                let _ = stream.set_nodelay(true);
                let peer = Peer(peer.ip());
                let service = router.clone().map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                });
                let service = TowerToHyperService::new(service);
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                answer(graceful.watch(connection), place);
            }
            // A client that has gone already, or no more files: both pass.
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers the requests of a connection, on a task that the watcher awaits.
fn answer<E: Display + Send + 'static>(
    connection: impl Future<Output = Result<(), E>> + Send + 'static,
    place: OwnedSemaphorePermit,
) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
        drop(place);
    });
}

fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this is a bug of the service")
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        time::timeout,
    };

    use super::*;
    use crate::{
        auth::{self, Admit},
        env::Env,
    };

    fn gate(variables: &[(&str, &str)]) -> Gate {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let env = Env::new("orders", variables.collect());
        let gate = Gate::new(&auth::Settings::from_env(&env), Admit::Known).unwrap();
        env.finish().unwrap();
        gate
    }

    fn open() -> Gate {
        gate(&[("ONEWAY_ANONYMOUS", "true")])
    }

    const REQUEST: &[u8] = b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn ask(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        stream
    }

    /// The start of an answer, or none within the time.
    async fn start(stream: &mut TcpStream, limit: Duration) -> Option<String> {
        let mut start = [0; 15];
        let read = timeout(limit, stream.read_exact(&mut start)).await;
        read.ok()
            .map(|read| read.map(|_| String::from_utf8_lossy(&start).into()).unwrap_or_default())
    }

    #[tokio::test]
    async fn connections_are_bounded_and_requests_under_way_finished() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (trigger, shutdown) = Shutdown::new();
        let (wake, slow) = tokio::sync::watch::channel(false);
        let handler = move || {
            let mut slow = slow.clone();
            async move { slow.wait_for(|awake| *awake).await.map(|_| "done").unwrap_or("gone") }
        };
        let router = Router::new().route("/slow", get(handler));
        let listen = Listen { connections: 2, ..address.into() };
        let serving = tokio::spawn(serve(listen, open(), router, shutdown));
        while TcpStream::connect(address).await.is_err() {
            assert!(!serving.is_finished());
            tokio::task::yield_now().await;
        }
        let (mut first, mut second) = (ask(address).await, ask(address).await);
        let mut third = ask(address).await;
        let soon = Duration::from_millis(200);
        assert_eq!(start(&mut first, soon).await, None, "nobody has woken it");
        assert_eq!(start(&mut third, soon).await, None, "both places are held");
        wake.send_replace(true);
        let later = Duration::from_secs(10);
        // Kept open by their clients, they make room all the same.
        for stream in [&mut first, &mut second, &mut third] {
            assert_eq!(start(stream, later).await.as_deref(), Some("HTTP/1.1 200 OK"));
        }
        wake.send_replace(false);
        let mut last = ask(address).await;
        assert_eq!(start(&mut last, soon).await, None, "taken, and nobody has woken it");
        trigger.fire();
        wake.send_replace(true);
        assert_eq!(start(&mut last, later).await.as_deref(), Some("HTTP/1.1 200 OK"));
        timeout(later, serving).await.expect("drained").unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_nobody_uses_ends() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (_trigger, shutdown) = Shutdown::new();
        let listen = Listen { idle: Duration::from_millis(300), ..address.into() };
        tokio::spawn(serve(listen, open(), Router::new(), shutdown));
        let mut stream = loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        stream.write_all(b"GET /begun HTTP/1.1\r\n").await.unwrap();
        let mut said = String::new();
        timeout(Duration::from_secs(10), stream.read_to_string(&mut said))
            .await
            .expect("ended")
            .unwrap();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }

    /// The start of the answer to a whole request.
    async fn answer(address: SocketAddr, request: &str) -> String {
        let mut stream = loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        // A server that has answered already may not read the rest.
        let _ = stream.write_all(request.as_bytes()).await;
        start(&mut stream, Duration::from_secs(10)).await.unwrap()
    }

    #[tokio::test]
    async fn limits_hold_behind_the_gate() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (_trigger, shutdown) = Shutdown::new();
        let router = Router::new().route("/", axum::routing::post(async |body: String| body));
        let secret = gate(&[("ONEWAY_JWT_SECRET", "0123456789abcdef0123456789abcdef")]);
        let serving = tokio::spawn(serve(address, secret, router.clone(), shutdown.clone()));
        let large = format!("content-length: {}\r\n\r\n{}", MAX_BODY + 1, "x".repeat(1_000));
        let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n";
        assert_eq!(answer(address, &format!("{head}{large}")).await, "HTTP/1.1 401 Un");
        serving.abort();
        let _ = serving.await;
        tokio::spawn(serve(address, open(), router, shutdown));
        assert_eq!(answer(address, &format!("{head}{large}")).await, "HTTP/1.1 413 Pa");
        let long = format!("{head}x: {}\r\n\r\n", "x".repeat(8 * READ_BUFFER));
        assert_eq!(answer(address, &long).await, "HTTP/1.1 431 Re");
    }
}
