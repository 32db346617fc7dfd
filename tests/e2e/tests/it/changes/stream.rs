//! A client of `/v1/changes`: no more than sockets and lines.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// Longest wait for an event that is certain to come.
const LIMIT: Duration = Duration::from_secs(60);

/// How long nothing comes when all is there.
const SILENCE: Duration = Duration::from_secs(2);

/// An event with a name; those without only move the id.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

pub struct Stream {
    reader: BufReader<TcpStream>,
    is_past_head: bool,
}

/// An answer that is no stream.
pub async fn refused(base: &str, query: &str, id: Option<&str>) -> (u16, Value) {
    let mut request = reqwest::Client::new().get(format!("{base}/v1/changes{query}"));
    if let Some(id) = id {
        request = request.header("last-event-id", id);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

impl Stream {
    pub async fn open(base: &str, query: &str, id: Option<&str>) -> Self {
        Self::try_open(base, query, id).await.expect("who is ready takes connections")
    }

    /// The same, where it may be that nobody takes the connection.
    pub async fn try_open(base: &str, query: &str, id: Option<&str>) -> Option<Self> {
        let address = base.strip_prefix("http://").unwrap().trim_end_matches('/');
        let mut socket = TcpStream::connect(address).await.ok()?;
        let id = id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!("GET /v1/changes{query} HTTP/1.1\r\nhost: {address}\r\n{id}\r\n");
        socket.write_all(request.as_bytes()).await.ok()?;
        Some(Self::of(socket))
    }

    /// On a connection that has asked already.
    pub fn of(socket: TcpStream) -> Self {
        Self { reader: BufReader::new(socket), is_past_head: false }
    }

    /// The next line; none at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        // A killed server resets the connection.
        let read = self.reader.read_line(&mut line).await.unwrap_or(0);
        (read > 0 && line.ends_with('\n')).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next event, as long as that takes; none at the end.
    pub async fn read(&mut self) -> Option<Event> {
        if !self.is_past_head {
            let status = self.line().await?;
            assert!(status.contains(" 200 "), "{status}");
            while !self.line().await?.is_empty() {}
            self.is_past_head = true;
        }
        let empty = Event { name: String::new(), id: String::new(), data: Value::Null };
        let mut event = empty.clone();
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line.is_empty() && !event.name.is_empty() => return Some(event),
                _ if line.is_empty() => event = empty.clone(),
                _ => {}
            }
        }
    }

    /// The next event.
    pub async fn next(&mut self) -> Event {
        timeout(LIMIT, self.read()).await.expect("an event").expect("the stream goes on")
    }

    /// All up to one.
    pub async fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        while !events.last().is_some_and(&is_last) {
            events.push(self.next().await);
        }
        events
    }

    /// All that is there.
    pub async fn take_until_silent(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Ok(event) = timeout(SILENCE, self.read()).await {
            events.push(event.expect("the stream goes on"));
        }
        events
    }

    /// All until it ends.
    pub async fn until_its_end(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = timeout(LIMIT, self.read()).await.expect("an end") {
            events.push(event);
        }
        events
    }
}
