//! The sub-protocol `graphql-transport-ws`: its messages, and why a socket is closed.

use async_graphql::{Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// Its name.
pub const NAME: &str = "graphql-transport-ws";

/// A message of a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// The first one. Whoever asks is known by then: what it carries is passed over.
    ConnectionInit,
    /// An operation begins.
    Subscribe {
        /// The client's name for it.
        id: String,
        /// The operation.
        payload: Box<Request>,
    },
    /// An operation is not wanted any more.
    Complete {
        /// Which.
        id: String,
    },
    /// Wants a pong.
    Ping,
    /// Answers a ping of ours, of which there are none.
    Pong,
}

/// The answer to `connection_init`.
pub fn acknowledgement() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// The answer to `ping`.
pub fn pong() -> String {
    json!({ "type": "pong" }).to_string()
}

/// A result of an operation.
pub fn next(id: &str, response: &Response) -> String {
    json!({ "type": "next", "id": id, "payload": response }).to_string()
}

/// An operation that is refused before it begins.
pub fn error(id: &str, errors: &Value) -> String {
    json!({ "type": "error", "id": id, "payload": errors }).to_string()
}

/// An operation that has ended.
pub fn complete(id: &str) -> String {
    json!({ "type": "complete", "id": id }).to_string()
}

/// Why a socket is closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closing {
    /// The process stops. Clients come back, to another instance perhaps.
    #[error("the service stops: come back")]
    Stopped,
    /// Changes could not be sent in time. Clients come back, and query again.
    #[error("too slow, changes were lost: subscribe again, then query again")]
    TooSlow,
    /// What is no message of the protocol.
    #[error("a message is none of graphql-transport-ws")]
    BadRequest,
    /// An operation before the acknowledgement.
    #[error("connection_init comes first")]
    Unauthorized,
    /// The token that let it in is valid no more. Clients come back with another one.
    #[error("the token has expired: get a new one")]
    Expired,
    /// `connection_init` did not come.
    #[error("Connection initialisation timeout")]
    InitTimeout,
    /// An operation under the name of one that is not complete.
    #[error("Subscriber for {0} already exists")]
    AlreadyExists(String),
    /// A second `connection_init`.
    #[error("Too many initialisation requests")]
    TooManyInits,
}

impl Closing {
    /// The code: of the protocol, or of web sockets.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Stopped => 1001,
            Self::TooSlow => 1013,
            Self::BadRequest => 4400,
            Self::Unauthorized => 4401,
            Self::Expired => 4403,
            Self::InitTimeout => 4408,
            Self::AlreadyExists(_) => 4409,
            Self::TooManyInits => 4429,
        }
    }

    /// The reason, which has at most 123 bytes.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        reason.truncate(reason.floor_char_boundary(123));
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_clients_are_read() {
        let read = |text: &str| serde_json::from_str::<FromClient>(text);
        assert!(matches!(
            read(r#"{"type":"connection_init","payload":{"a":[1]}}"#),
            Ok(FromClient::ConnectionInit)
        ));
        let subscribe = r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#;
        let Ok(FromClient::Subscribe { id, payload }) = read(subscribe) else { panic!("not read") };
        assert_eq!((id.as_str(), payload.query.as_str()), ("1", "{ a }"));
        assert!(matches!(read(r#"{"type":"complete","id":"1"}"#), Ok(FromClient::Complete { .. })));
        for bad in ["", "[]", "{}", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":"1"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reasons_fit_into_a_frame() {
        for closing in [Closing::TooSlow, Closing::AlreadyExists("ä".repeat(200))] {
            assert!(closing.reason().len() <= 123, "{closing}");
        }
    }
}
