//! Whether the service beside is ready, asked at its admin port: what a container's health check
//! calls, where there is no shell and no other client.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Longest wait for the connection, and for each part of the answer.
const LIMIT: Duration = Duration::from_secs(3);

/// Most bytes of the answer that are read: it names a few parts.
const MOST: u64 = 64 * 1024;

/// What a service says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is ready.
    pub is_ready: bool,
    /// The state of its parts, as JSON.
    pub parts: String,
}

/// Asks the service whose admin port is bound to this address.
///
/// # Errors
/// When nobody answers in time, or not by HTTP.
pub fn ask(admin: SocketAddr) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&reachable(admin), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
}

/// Where a port is reached that is bound to all addresses.
fn reachable(admin: SocketAddr) -> SocketAddr {
    let ip = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, admin.port())
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some(Answer { is_ready: status == "200", parts: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    fn answered(with: &'static str) -> io::Result<Answer> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let admin = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(with.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let answer = ask(admin);
        assert!(server.join().unwrap().starts_with("GET /health/ready HTTP/1.0\r\n"));
        answer
    }

    #[test]
    fn the_status_says_whether_it_is_ready() {
        let ready = answered("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!(ready, Answer { is_ready: true, parts: "{}".into() });
        let away = "{\"kafka\":\"no broker is connected\"}";
        let answer =
            "HTTP/1.0 503 Service Unavailable\r\n\r\n{\"kafka\":\"no broker is connected\"}";
        assert_eq!(answered(answer).unwrap(), Answer { is_ready: false, parts: away.into() });
    }

    #[test]
    fn another_protocol_is_no_answer() {
        assert_eq!(answered("SSH-2.0\r\n\r\n").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn nobody_there_is_an_error() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(ask(free).is_err());
    }
}
