//! Serving a router on a public address, with the limits that every service shares.

use std::{
    any::Any,
    convert::Infallible,
    future::ready,
    io,
    net::SocketAddr,
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
    connection::{Held, Onward},
    edge,
    problem::Problem,
    shell::Failure,
    shutdown::Shutdown,
    unread,
};

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

/// Serves until the shutdown, then finishes the requests under way.
///
/// # Errors
/// [`Failure::Configuration`] when the address cannot be bound.
pub async fn serve(
    listen: impl Into<Listen>,
    router: Router,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let listen = listen.into();
    let address = listen.address;
    let listener = bind(listen)
        .with_context(|| format!("cannot bind {address}"))
        .map_err(Failure::Configuration)?;
    let router = edge::behind(
        router
            .layer(RequestBodyLimitLayer::new(MAX_BODY))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, MAX_DURATION))
            .layer(CatchPanicLayer::custom(panicked)),
    );
    tracing::info!(http.address = %address, "serving");
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

/// While somebody waits for a place, an answer ends its connection.
fn give_way(router: Router, waiting: Arc<AtomicBool>) -> Router {
    router.layer(map_response(move |mut response: Response| {
        if waiting.load(Ordering::Relaxed) {
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
                Ok((socket, _)) => {
                    self.waiting.store(self.places.available_permits() == 0, Ordering::Relaxed);
                    let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                        // Nobody closes it.
                        return;
                    };
                    self.waiting.store(false, Ordering::Relaxed);
                    self.serve(&builder, socket, place);
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
    fn serve(&self, builder: &http1::Builder, socket: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are written whole: waiting for more to send only makes them late.
        let _ = socket.set_nodelay(true);
        let onward = Onward::default();
        let io = TokioIo::new(Held::new(socket, place, onward.clone()));
        let service = TowerToHyperService::new(self.router.clone());
        let noting = onward.clone();
        let service = service_fn(move |request: Request<_>| {
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
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        time::timeout,
    };

    use super::*;

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
        let serving = tokio::spawn(serve(listen, router, shutdown));
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
        tokio::spawn(serve(listen, Router::new(), shutdown));
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

    #[tokio::test]
    async fn an_endless_answer_keeps_its_place_and_ends_with_the_process() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (trigger, shutdown) = Shutdown::new();
        let (say, said) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
        let said = Arc::new(std::sync::Mutex::new(Some(said)));
        let endless = async move || {
            let said = said.lock().unwrap().take().unwrap();
            let pieces = futures_util::stream::unfold(said, async |mut said| {
                said.recv().await.map(|piece| (piece.into(), said))
            });
            crate::endless::answer([(header::CONTENT_TYPE, "text/event-stream")], pieces)
        };
        let router =
            Router::new().route("/endless", get(endless)).route("/slow", get(|| async { "done" }));
        let listen = Listen { connections: 1, idle: Duration::from_millis(300), ..address.into() };
        let serving = tokio::spawn(serve(listen, router, shutdown));
        let mut stream = loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let (soon, later) = (Duration::from_millis(700), Duration::from_secs(10));
        stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert_eq!(start(&mut stream, later).await.as_deref(), Some("HTTP/1.0 200 OK"));
        let mut second = ask(address).await;
        assert_eq!(start(&mut second, soon).await, None, "the place is held, beyond the idle time");
        say.send("first").unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\nfirst") {
            timeout(later, stream.read_buf(&mut read)).await.expect("written at once").unwrap();
        }
        trigger.fire();
        read.clear();
        timeout(later, stream.read_to_end(&mut read)).await.expect("ended").unwrap();
        assert!(read.is_empty());
        timeout(later, serving).await.expect("drained").unwrap().unwrap();
    }
}
