//! What can go wrong in a run, in the words of its log line.

use std::error::Error as _;

use reqwest::StatusCode;

/// Why a stage of a run has failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no token to ask with.
    #[error("cannot use the token in CANARY_TOKEN_FILE: {0}")]
    Token(String),
    /// The settings do not say where it is.
    #[error("nobody says where {0} is")]
    Unplaced(&'static str),
    /// The request or its answer got lost.
    #[error("{service} does not answer: {reason}")]
    Away {
        /// Whom was asked.
        service: &'static str,
        /// What became of the connection.
        reason: String,
    },
    /// It is answered, with a no.
    #[error("{service} answers {status}: {detail}")]
    Refused {
        /// Who was asked.
        service: &'static str,
        /// The status.
        status: StatusCode,
        /// What it says.
        detail: String,
    },
    /// The command is in the log, and nobody has decided it.
    #[error("command-api has no outcome yet: the command is not decided")]
    Undecided,
    /// The answer has not what was asked for.
    #[error("{service} answers without {what}")]
    Incomplete {
        /// Who was asked.
        service: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// A query with the command's token shows what was before it.
    #[error("orders shows version {shown} of the order, which is {wanted}, or with another text")]
    Outdated {
        /// The version that it shows.
        shown: i64,
        /// That which the command made.
        wanted: i64,
    },
    /// There is no more to come.
    #[error("change-notifier has ended its stream")]
    Ended,
    /// An event of the stream is larger than any can be.
    #[error("change-notifier sends an event without end")]
    Endless,
    /// The time was over.
    #[error("nothing has come in time")]
    Late,
}

impl Error {
    /// What a client says of a service that cannot be reached, or stops in between.
    pub fn away(service: &'static str, error: reqwest::Error) -> Self {
        // What it was about is said already; why it failed is told by the innermost.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut inner = error.source();
        while let Some(error) = inner {
            reason = error.to_string();
            inner = error.source();
        }
        Self::Away { service, reason }
    }
}
