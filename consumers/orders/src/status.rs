//! Where an order stands.

use async_graphql::Enum;
use consumer_runtime::field::Field;
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

impl Field for Status {
    const TYPE: &'static str = "text";
    type Sent<'a> = &'static str;
    type Received = String;

    fn send(&self) -> &'static str {
        self.as_str()
    }

    fn receive(received: String) -> Option<Self> {
        let all = [Self::New, Self::Unconfirmed, Self::Confirmed];
        all.into_iter().find(|status| status.as_str() == received)
    }
}
