//! Where an order stands.

use async_graphql::Enum;
use consumer_runtime::{
    field::Field,
    tokio_postgres::types::{FromSql, Type, accepts},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Enum)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Placed, and nothing decided yet.
    New,
    /// Waits for a person.
    Unconfirmed,
    /// Confirmed.
    Confirmed,
}

impl Status {
    /// Its form in Postgres and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unconfirmed => "unconfirmed",
            Self::Confirmed => "confirmed",
        }
    }
}

impl<'a> FromSql<'a> for Status {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let all = [Self::New, Self::Unconfirmed, Self::Confirmed];
        let status = all.into_iter().find(|status| status.as_str().as_bytes() == raw);
        status.ok_or_else(|| "not a status of an order".into())
    }

    accepts!(TEXT);
}

impl Field for Status {
    const TYPE: &'static str = "text";
    type Sent<'a> = &'static str;
    type Received = Self;

    fn send(&self) -> &'static str {
        self.as_str()
    }

    fn receive(received: Self) -> Option<Self> {
        Some(received)
    }
}
