//! The socket of a connection, and its place among all connections: both last as long as anybody
//! has the socket, be it the HTTP server, a web socket that it made way for, or an endless answer.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::response::Response;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};

use crate::{
    endless::{self, Endless},
    shutdown::Shutdown,
};

/// A socket with its place; moves on to the connection's [`Onward`] when an answer asked for it.
#[derive(Debug)]
pub struct Held {
    held: Option<(TcpStream, OwnedSemaphorePermit)>,
    onward: Onward,
}

/// What the socket is for once the server is done with it: nothing, mostly.
#[derive(Clone, Debug, Default)]
pub struct Onward(Arc<Mutex<Next>>);

#[derive(Debug, Default)]
struct Next {
    answer: Option<Endless>,
    socket: Option<(TcpStream, OwnedSemaphorePermit)>,
}

impl Onward {
    /// Notes that an answer wants the socket.
    pub fn note(&self, response: &mut Response) {
        if let Some(answer) = response.extensions_mut().remove::<Endless>() {
            self.with(|next| next.answer = Some(answer));
        }
    }

    /// Has the answer written that wants the socket, once the server is done with it. On a task
    /// of its own, since the server's is large; the drain awaits it, by its place.
    pub fn go(&self, shutdown: Shutdown) {
        let (answer, socket) = self.with(|next| (next.answer.take(), next.socket.take()));
        let pieces = answer.and_then(|answer| answer.take());
        if let (Some(pieces), Some((socket, place))) = (pieces, socket) {
            tokio::spawn(endless::write(pieces, socket, place, shutdown));
        }
    }

    fn is_wanted(&self) -> bool {
        self.with(|next| next.answer.is_some())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Next) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Held {
    /// Of a connection.
    pub fn new(socket: TcpStream, place: OwnedSemaphorePermit, onward: Onward) -> Self {
        Self { held: Some((socket, place)), onward }
    }

    fn poll<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.held {
            Some((socket, _)) => poll(Pin::new(socket)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.onward.is_wanted() {
            let held = self.held.take();
            self.onward.with(|next| next.socket = held);
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(|socket| socket.poll_read(context, buffer))
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(|socket| socket.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(|socket| socket.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|socket| socket.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.onward.is_wanted() {
            return Poll::Ready(Ok(()));
        }
        self.poll(|socket| socket.poll_shutdown(context))
    }
}
