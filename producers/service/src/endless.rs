//! Answers without an end, such as streams of events. An HTTP server keeps two buffers of 8 KiB per
//! connection, for a next request that never comes; thousands of idle streams would be mostly that.
//! So the server sends the head of such an answer, is told that its body ends with the connection,
//! and lets the connection go: what follows is written on the bare socket.
//!
//! Every layer sees the request and the head as always. The place of the connection stays taken
//! until the stream ends, at the latest with the process.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Version, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

use crate::shutdown::Shutdown;

/// How long a client may take nothing at all of what is written to it.
const STALLED: Duration = Duration::from_secs(60);

/// How long a piece that is being written may still take once the process is to stop.
const LAST_PIECE: Duration = Duration::from_secs(1);

type Pieces = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// The pieces that follow the head, in the extensions of an answer.
#[derive(Clone)]
pub struct Endless(Arc<Mutex<Option<Pieces>>>);

impl fmt::Debug for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endless").finish_non_exhaustive()
    }
}

impl Endless {
    /// Takes the pieces; none when somebody has them already.
    #[must_use]
    pub fn take(&self) -> Option<Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An answer of this head, then these pieces, each written as soon as it is there.
pub fn answer(
    head: impl IntoResponse,
    pieces: impl Stream<Item = Bytes> + Send + 'static,
) -> Response {
    let mut response = head.into_response();
    *response.version_mut() = Version::HTTP_10;
    // Of unknown length, it is what the server takes for a body that ends with the connection.
    *response.body_mut() = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    let pieces: Pieces = Box::pin(pieces);
    response.extensions_mut().insert(Endless(Arc::new(Mutex::new(Some(pieces)))));
    response
}

/// Writes the pieces until they or the client or the process end.
pub(crate) async fn write(
    mut pieces: Pieces,
    mut socket: TcpStream,
    place: OwnedSemaphorePermit,
    shutdown: Shutdown,
) {
    // Such a client has nothing to say but that it goes.
    let mut said = [0; 32];
    loop {
        let piece = tokio::select! {
            piece = pieces.next() => piece,
            read = socket.read(&mut said) => match read {
                Ok(1..) => continue,
                Ok(0) | Err(_) => None,
            },
            () = shutdown.requested() => None,
        };
        let Some(piece) = piece else { break };
        let too_late = async {
            shutdown.requested().await;
            sleep(LAST_PIECE).await;
        };
        let written = tokio::select! {
            written = timeout(STALLED, socket.write_all(&piece)) => matches!(written, Ok(Ok(()))),
            () = too_late => false,
        };
        if !written {
            break;
        }
    }
    // It may have gone already.
    let _ = socket.shutdown().await;
    drop(place);
}
