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
    health::Health,
};

fn gate(variables: &[(&str, &str)]) -> Gate {
    let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let env = Env::new("orders", variables.collect());
    let gate = Gate::new(&auth::Settings::from_env(&env), Admit::Known).unwrap();
    env.finish().unwrap();
    gate
}

fn port() -> Part {
    Health::default().part(PART)
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
    read.ok().map(|read| read.map(|_| String::from_utf8_lossy(&start).into()).unwrap_or_default())
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
    let serving = tokio::spawn(serve(listen, open(), router, port(), shutdown));
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
    tokio::spawn(serve(listen, open(), Router::new(), port(), shutdown));
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
    let serving = tokio::spawn(serve(listen, open(), router, port(), shutdown));
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
    let serving = tokio::spawn(serve(address, secret, router.clone(), port(), shutdown.clone()));
    let large = format!("content-length: {}\r\n\r\n{}", MAX_BODY + 1, "x".repeat(1_000));
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n";
    assert_eq!(answer(address, &format!("{head}{large}")).await, "HTTP/1.1 401 Un");
    serving.abort();
    let _ = serving.await;
    tokio::spawn(serve(address, open(), router, port(), shutdown));
    assert_eq!(answer(address, &format!("{head}{large}")).await, "HTTP/1.1 413 Pa");
    let long = format!("{head}x: {}\r\n\r\n", "x".repeat(8 * READ_BUFFER));
    assert_eq!(answer(address, &long).await, "HTTP/1.1 431 Re");
}
