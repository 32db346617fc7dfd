//! What can go wrong while a read model is built. [`Error::class`] is all that the engine branches
//! on. No message carries the data of an event or a row: Postgres' own messages may quote values,
//! so that only their codes and names are shown.

use std::fmt;

use event_log::{ErrorClass, Position};
use schemas::AggregateId;
use tokio_postgres::error::SqlState;

use crate::{poison::Poison, row::RowError};

/// An error of the runtime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Postgres call failed.
    #[error("cannot {doing}: {cause}")]
    Postgres {
        /// What was attempted, on what.
        doing: &'static str,
        /// Why it failed. Not a source: it would be shown twice.
        cause: PostgresError,
    },
    /// No connection could be had.
    #[error("cannot get a Postgres connection: {0}")]
    Connection(String),
    /// Something took longer than it may.
    #[error("cannot {doing} within {seconds} s")]
    Overdue {
        /// What was attempted.
        doing: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// Kafka or the registry failed.
    #[error("{0}")]
    Log(Explained<event_log::Error>),
    /// A row of ours cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
    /// An event that cannot be handled.
    #[error("event at {} offset {}, key {}, cannot be handled: {reason}", .at.partition, .at.offset, .key.as_deref().unwrap_or("unknown"))]
    Poison {
        /// Where it is.
        at: Position,
        /// Its key, when it has a readable one.
        key: Option<Box<str>>,
        /// What is wrong with it.
        reason: Poison,
    },
    /// A partition that belongs to somebody else by now. Nothing was written.
    #[error("{0} has another owner by now")]
    Fenced(event_log::Partition),
    /// So many records cannot be handled that something else must be wrong.
    #[error("{0}")]
    TooManyDeadLetters(String),
    /// Something that only a person can mend.
    #[error("{0}")]
    Broken(String),
    /// The schema is in use by another installation.
    #[error("schema {schema} belongs to the installation with ONEWAY_NAMESPACE '{owner}'")]
    Foreign {
        /// The schema.
        schema: String,
        /// Whose it is.
        owner: String,
    },
    /// What is in the schema was made by another version of the projection.
    #[error(
        "schema {schema} was built by version {theirs} of the projection, and this is version \
         {ours}: build the next read model beside it (`oneway rebuild … start`), then switch"
    )]
    OtherVersion {
        /// The schema.
        schema: String,
        /// The version that built it.
        theirs: i32,
        /// The version of this process.
        ours: i32,
    },
    /// What was published is more than the outbox knows: going on would publish it again.
    #[error("{0}")]
    Outrun(String),
    /// Another build of the read model is live by now.
    #[error("another build of the read model is live by now")]
    Superseded,
    /// An operator wants nothing to be applied.
    #[error("paused by an operator")]
    Paused,
    /// Another process builds in the schema.
    #[error("another process builds in schema {0}")]
    Busy(String),
    /// A migration failed.
    #[error("cannot migrate the schema: {0}")]
    Migration(String),
}

impl Error {
    /// Names what was attempted on Postgres.
    pub fn postgres(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |error| Self::Postgres { doing, cause: PostgresError(error) }
    }

    /// An event that cannot be handled.
    pub(crate) fn poison(
        at: Position,
        key: Option<&AggregateId>,
        reason: impl Into<Poison>,
    ) -> Self {
        Self::Poison { at, key: key.map(|key| key.as_str().into()), reason: reason.into() }
    }

    /// Whether only another set-up can help: wrong password, no such database, no permission.
    #[must_use]
    pub fn is_wrong_set_up(&self) -> bool {
        match self {
            Self::Postgres { cause, .. } => cause.0.code().is_some_and(|code| {
                ["28", "3D"].iter().any(|class| code.code().starts_with(class))
                    || *code == SqlState::INSUFFICIENT_PRIVILEGE
            }),
            Self::Foreign { .. } | Self::OtherVersion { .. } | Self::Busy(_) | Self::Outrun(_) => {
                true
            }
            _ => false,
        }
    }

    /// Whether a text was sent that Postgres cannot hold: one with a NUL character.
    #[must_use]
    pub fn is_unstorable_text(&self) -> bool {
        let Self::Postgres { cause, .. } = self else { return false };
        cause.0.code() == Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE)
    }

    /// Whether a table is missing: its consumer has never run here.
    #[must_use]
    pub fn is_missing_table(&self) -> bool {
        let Self::Postgres { cause, .. } = self else { return false };
        cause.0.code() == Some(&SqlState::UNDEFINED_TABLE)
    }

    /// Whether Postgres refused a value: out of range, against a constraint, a text that it cannot
    /// hold.
    #[must_use]
    pub fn is_refused_value(&self) -> bool {
        let Self::Postgres { cause, .. } = self else { return false };
        let code = cause.0.code();
        code.is_some_and(|code| ["22", "23"].iter().any(|class| code.code().starts_with(class)))
    }

    /// What it asks for.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Postgres { cause, .. } => cause.class(),
            Self::Connection(_)
            | Self::Overdue { .. }
            | Self::Fenced(_)
            | Self::Superseded
            | Self::Paused => ErrorClass::Transient,
            Self::Log(error) => error.0.class(),
            Self::Poison { .. } => ErrorClass::Poison,
            Self::Row(_)
            | Self::TooManyDeadLetters(_)
            | Self::Broken(_)
            | Self::Foreign { .. }
            | Self::OtherVersion { .. }
            | Self::Busy(_)
            | Self::Outrun(_)
            | Self::Migration(_) => ErrorClass::Fatal,
        }
    }
}

impl From<event_log::Error> for Error {
    fn from(error: event_log::Error) -> Self {
        Self::Log(Explained(error))
    }
}

/// An error whose text includes its cause.
#[derive(Debug)]
pub struct Explained<E>(pub E);

impl<E: std::error::Error> fmt::Display for Explained<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.source() {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

/// An error of Postgres or of the way there, shown without the values it may quote.
pub struct PostgresError(pub tokio_postgres::Error);

impl PostgresError {
    /// Outages, conflicts and time-outs pass; what is left is a bug or a wrong set-up.
    fn class(&self) -> ErrorClass {
        let Some(code) = self.0.code() else {
            // Not said by the server: the way there. Only a value that does not fit its column's
            // type would come back for ever, and that has neither a source in IO nor a closed
            // connection.
            let wrong_type = std::error::Error::source(&self.0)
                .is_some_and(|source| source.is::<tokio_postgres::types::WrongType>());
            return if wrong_type { ErrorClass::Fatal } else { ErrorClass::Transient };
        };
        let transient =
            matches!(
                *code,
                SqlState::LOCK_NOT_AVAILABLE
                    | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
                    | SqlState::READ_ONLY_SQL_TRANSACTION
            ) || ["08", "40", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
        if transient { ErrorClass::Transient } else { ErrorClass::Fatal }
    }
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(said) = self.0.as_db_error() else {
            return Explained(&self.0).fmt(f);
        };
        write!(f, "SQLSTATE {}", said.code().code())?;
        for (what, name) in
            [("table", said.table()), ("column", said.column()), ("constraint", said.constraint())]
        {
            if let Some(name) = name {
                write!(f, ", {what} {name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PostgresError {}
