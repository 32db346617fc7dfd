//! Which mail server is used, and how.

use std::{fmt, str::FromStr};

use lettre::transport::smtp::{authentication::Credentials, client::Certificate};
use url::Url;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all: for servers on this machine.
    None,
    /// TLS after a plain greeting (port 587 by default).
    StartTls,
    /// TLS from the first byte (port 465 by default).
    Tls,
}

/// A mail server. Shows no password.
#[derive(Clone)]
pub struct Server {
    /// Its name, which its certificate has to carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
    /// Whom we trust to say who it is; else those that browsers trust.
    pub authorities: Option<Certificate>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}:{}", self.protection, self.host, self.port)
    }
}

impl Server {
    /// That of the local stack.
    #[must_use]
    pub fn local() -> Self {
        let (host, protection) = ("127.0.0.1".to_owned(), Protection::None);
        Self { host, port: 3025, protection, credentials: None, authorities: None }
    }
}

/// Why a text is no [`Server`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use smtp://, smtp+starttls:// or smtps://, and USER:PASSWORD@HOST:PORT")]
pub struct InvalidServer;

impl FromStr for Server {
    type Err = InvalidServer;

    fn from_str(text: &str) -> Result<Self, InvalidServer> {
        let url = Url::parse(text).map_err(|_| InvalidServer)?;
        let (protection, port) = match url.scheme() {
            "smtp" => (Protection::None, 25),
            "smtp+starttls" => (Protection::StartTls, 587),
            "smtps" => (Protection::Tls, 465),
            _ => return Err(InvalidServer),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidServer)?;
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some();
        if has_more || url.fragment().is_some() {
            return Err(InvalidServer);
        }
        let decoded = |text: &str| percent_decoded(text).ok_or(InvalidServer);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some(Credentials::new(decoded(user)?, decoded(password)?))
            }
            _ => return Err(InvalidServer),
        };
        let port = url.port().unwrap_or(port);
        Ok(Self { host: host.to_owned(), port, protection, credentials, authorities: None })
    }
}

/// `%40` is `@` in names and passwords of a URL.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        let server: Server = "smtp://127.0.0.1:3025".parse().unwrap();
        assert_eq!((server.protection, server.port), (Protection::None, 3025));
        let server: Server = "smtps://anna%40example.org:s3cret@mail.example.org".parse().unwrap();
        assert_eq!((server.protection, server.port), (Protection::Tls, 465));
        let expected = Credentials::new("anna@example.org".into(), "s3cret".into());
        assert_eq!(server.credentials, Some(expected));
        assert!(!format!("{server:?}").contains("s3cret"));
        let server: Server = "smtp+starttls://mail.example.org".parse().unwrap();
        assert_eq!((server.protection, server.port), (Protection::StartTls, 587));
        for bad in ["", "mail.example.org", "http://a", "smtp://", "smtp://a/b", "smtp://user@a"] {
            assert!(bad.parse::<Server>().is_err(), "{bad}");
        }
    }
}
