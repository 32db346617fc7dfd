//! Why a command ends badly, and its exit code.

use std::{fmt, process::ExitCode};

use crate::commands::{cluster, read_model::failed};

/// Why a command ends badly.
#[derive(Debug)]
pub enum Failure {
    /// The answer is no. Exit code 1.
    Negative(anyhow::Error),
    /// Something is missing or in the way, which the user can change. Exit code 64.
    Setup(anyhow::Error),
    /// A bug, or a machine in trouble. Exit code 70.
    Internal(anyhow::Error),
    /// A part did not come up, or went away. Exit code 75.
    Unavailable(anyhow::Error),
    /// The user stopped it before it was done. Exit code 130.
    Interrupted,
}

/// What commands return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Something is missing or in the way; the sentence says what, and the way out.
    pub fn setup(sentence: impl Into<String>) -> Self {
        Self::Setup(anyhow::Error::msg(sentence.into()))
    }

    /// A part did not come up.
    pub fn unavailable(sentence: impl Into<String>) -> Self {
        Self::Unavailable(anyhow::Error::msg(sentence.into()))
    }

    /// What the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Negative(_) => 1,
            Self::Setup(_) => 64,
            Self::Internal(_) => 70,
            Self::Unavailable(_) => 75,
            Self::Interrupted => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative(error)
            | Self::Setup(error)
            | Self::Internal(error)
            | Self::Unavailable(error) => write!(f, "{error:#}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl From<operator::Error> for Failure {
    fn from(error: operator::Error) -> Self {
        use operator::Error;
        match error {
            Error::NotFound(_) => Self::Negative(error.into()),
            Error::Refused(_) => Self::Setup(error.into()),
            Error::Ended(_) => Self::Internal(error.into()),
            Error::Log(_) => Self::Unavailable(error.into()),
            Error::ReadModel(error) => failed(error),
        }
    }
}

impl From<event_log::Error> for Failure {
    fn from(error: event_log::Error) -> Self {
        cluster::failed(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}
