//! The mail server: what was handed over, and what it said. What is sent after the server was asked
//! for the mail itself may have arrived, whatever we hear of it; all before that has not. Therefore
//! the conversation is held step by step here, on connections that are used again.

use std::{sync::PoisonError, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        authentication::Mechanism,
        client::{AsyncSmtpConnection, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::ClientId,
        response::{Category, Code, Detail, Severity},
    },
};
use tokio::time::timeout;

use crate::server::{Protection, Server};

/// Connections that are kept open when nothing is sent.
const IDLE: usize = 8;

/// What a server says that is about to close the connection (RFC 5321, 4.2.2): because nothing was
/// said on it for long, say.
const CLOSING: Code = Code {
    severity: Severity::TransientNegativeCompletion,
    category: Category::Connections,
    detail: Detail::One,
};

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server took it.
    Taken,
    /// The server refused it for now, and may take it later.
    Later(String),
    /// The server refused it for good.
    Never(String),
    /// There is no server to talk to.
    Away(String),
    /// It was handed over, and the server's answer was not heard.
    Unknown(String),
}

/// A mail server, and connections to it.
#[derive(Debug)]
pub struct Post {
    server: Server,
    limit: Duration,
    idle: std::sync::Mutex<Vec<Connection>>,
}

struct Connection(AsyncSmtpConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

type SmtpError = lettre::transport::smtp::Error;

impl Post {
    /// Sends by this server, each step of the conversation within the limit.
    #[must_use]
    pub const fn new(server: Server, limit: Duration) -> Self {
        Self { server, limit, idle: std::sync::Mutex::new(Vec::new()) }
    }

    /// Sends a mail, once.
    pub async fn send(&self, message: &Message) -> Answer {
        // A server closes what it has not heard of for a while; nothing was handed over then.
        while let Some(connection) = self.take() {
            match self.converse(connection, message).await {
                Answer::Away(_) => {}
                answer => return answer,
            }
        }
        match self.within(self.connect()).await {
            Ok(connection) => self.converse(Connection(connection), message).await,
            Err(said) => Answer::Away(said),
        }
    }

    async fn converse(&self, mut connection: Connection, message: &Message) -> Answer {
        match self.within(announce(&mut connection.0, message)).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                if self.within(connection.0.command(Rset)).await.is_ok() {
                    self.keep(connection);
                }
                return refusal;
            }
            Err(said) => return Answer::Away(said),
        }
        // From here on it may have arrived.
        match timeout(self.limit, connection.0.message(&message.formatted())).await {
            Ok(Ok(_)) => {
                self.keep(connection);
                Answer::Taken
            }
            Ok(Err(error)) => refusal(&error).unwrap_or_else(|| Answer::Unknown(said(&error))),
            Err(_) => Answer::Unknown("the server did not answer in time".to_owned()),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Server { host, port, protection, credentials, .. } = &self.server;
        let hello = ClientId::default();
        let tls = || self.tls();
        let first = match protection {
            Protection::Tls => Some(tls()?),
            Protection::None | Protection::StartTls => None,
        };
        let address = (host.as_str(), *port);
        let limit = Some(self.limit);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, limit, &hello, first, None).await?;
        if *protection == Protection::StartTls {
            connection.starttls(tls()?, &hello).await?;
        }
        if let Some(credentials) = credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, SmtpError> {
        let tls = TlsParameters::builder(self.server.host.clone());
        match &self.server.authorities {
            // These, and nobody else.
            Some(ours) => tls
                .certificate_store(CertificateStore::None)
                .add_root_certificate(ours.clone())
                .build(),
            None => tls.build(),
        }
    }

    async fn within<T>(
        &self,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, String> {
        match timeout(self.limit, step).await {
            Ok(done) => done.map_err(|error| said(&error)),
            Err(_) => Err("the server did not answer in time".to_owned()),
        }
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.0.has_broken() && idle.len() < IDLE {
            idle.push(connection);
        }
    }
}

/// Everything before the mail itself: a refusal, if the server says so.
async fn announce(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<Result<(), Answer>, SmtpError> {
    async fn step<T>(
        done: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<Option<Answer>, SmtpError> {
        match done.await {
            Ok(_) => Ok(None),
            // It closes the connection, and says nothing of the mail.
            Err(error) if error.status() == Some(CLOSING) => Err(error),
            Err(error) => refusal(&error).map_or(Err(error), |refusal| Ok(Some(refusal))),
        }
    }
    let envelope = message.envelope();
    let mail = Mail::new(envelope.from().cloned(), Vec::new());
    if let Some(refusal) = step(connection.command(mail)).await? {
        return Ok(Err(refusal));
    }
    for to in envelope.to() {
        if let Some(refusal) = step(connection.command(Rcpt::new(to.clone(), Vec::new()))).await? {
            return Ok(Err(refusal));
        }
    }
    match step(connection.command(Data)).await? {
        Some(refusal) => Ok(Err(refusal)),
        None => Ok(Ok(())),
    }
}

/// What the server said, when it was a refusal.
fn refusal(error: &SmtpError) -> Option<Answer> {
    if error.is_permanent() {
        Some(Answer::Never(said(error)))
    } else if error.is_transient() {
        Some(Answer::Later(said(error)))
    } else {
        None
    }
}

fn said(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text.retain(|c| !c.is_control());
    text
}
