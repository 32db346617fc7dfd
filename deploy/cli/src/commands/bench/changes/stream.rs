//! Connections of clients.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

/// Clients of one address, at most: each takes a port of it, and systems have about 28,000.
const OF_ONE_ADDRESS: usize = 20_000;

/// Buffer of a client, in bytes.
const BUFFER: usize = 4_096;

/// Where clients connect to.
#[derive(Clone, Copy, Debug)]
pub struct Clients(SocketAddr);

impl Clients {
    /// Of the service at a port of this machine.
    pub fn of(port: u16) -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Opens the stream of a read model for the client with this number; nothing that comes after
    /// this is missed.
    pub async fn open(self, number: usize, model: &str) -> anyhow::Result<BufReader<TcpStream>> {
        let mut socket = self.connect(number).await.context("cannot connect")?;
        let host = self.0;
        let request = format!("GET /v1/changes?models={model} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.context("cannot ask")?;
        let mut reader = BufReader::with_capacity(BUFFER, socket);
        let mut said = String::new();
        while !said.ends_with("event: ready\n") {
            if reader.read_line(&mut said).await.context("cannot read")? == 0 {
                bail!("the change notifier refused a stream: {said}");
            }
        }
        // The rest of that event.
        let mut line = String::new();
        while line != "\n" {
            line.clear();
            if reader.read_line(&mut line).await.context("cannot read")? == 0 {
                bail!("a stream ended at once");
            }
        }
        Ok(reader)
    }

    async fn connect(self, number: usize) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(source) = source(number) {
            socket.bind(SocketAddr::from((source, 0)))?;
        }
        socket.connect(self.0).await
    }
}

/// From which address a client comes; none for those that need no other than the usual one.
fn source(number: usize) -> Option<Ipv4Addr> {
    let others = u8::try_from(number / OF_ONE_ADDRESS).unwrap_or(u8::MAX);
    (others > 0).then(|| Ipv4Addr::new(127, 0, 0, others.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_has_more_clients_than_ports() {
        assert_eq!((source(0), source(19_999)), (None, None));
        assert_eq!(source(20_000), Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(source(60_000), Some(Ipv4Addr::new(127, 0, 0, 4)));
    }
}
