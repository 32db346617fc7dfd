//! Identifiers. An aggregate id is text chosen by whoever creates the aggregate; command and
//! event ids are UUIDs, and an event id follows from its command, so that one command can only
//! ever make the same events.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Namespace of every name-based (version 5) id that Oneway derives.
const DERIVED: Uuid = Uuid::from_u128(0x6f6e_6577_6179_5aa1_8d7c_0d3f_92a1_c001);

/// Id of an aggregate and key of all its records: 1–128 characters of `A-Z a-z 0-9 . _ : -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AggregateId(Box<str>);

/// Why a text is no [`AggregateId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 128 characters of A-Z a-z 0-9 . _ : -")]
pub struct InvalidAggregateId;

impl AggregateId {
    /// The longest id, in characters (= bytes: only ASCII is allowed).
    pub const MAX_LENGTH: usize = 128;

    /// Checks and takes the text.
    ///
    /// # Errors
    /// [`InvalidAggregateId`] when it is empty, too long or has another character.
    pub fn new(text: &str) -> Result<Self, InvalidAggregateId> {
        Self::check(text).map(|()| Self(text.into()))
    }

    /// Checks a text without taking it.
    ///
    /// # Errors
    /// As [`AggregateId::new`].
    pub fn check(text: &str) -> Result<(), InvalidAggregateId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        // Every byte, found wrong or not: so it takes many at once, and a restore checks millions.
        let all = text.bytes().fold(true, |all, byte| all & allowed(byte));
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && all {
            Ok(())
        } else {
            Err(InvalidAggregateId)
        }
    }

    /// The id of an aggregate whose creator named none: follows from the command, so that a
    /// repeated command creates the same aggregate.
    #[must_use]
    pub fn derived_from(command: CommandId) -> Self {
        Self(Uuid::new_v5(&command.0, b"aggregate").to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for AggregateId {
    /// A UUID has only characters that an id may have.
    fn from(id: Uuid) -> Self {
        Self(id.to_string().into())
    }
}

impl TryFrom<String> for AggregateId {
    type Error = InvalidAggregateId;

    fn try_from(text: String) -> Result<Self, InvalidAggregateId> {
        Self::check(&text).map(|()| Self(text.into()))
    }
}

impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AggregateId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Id of a command; the client's own, when it sends an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

impl CommandId {
    /// Takes a client's key: a UUID stands for itself, any other text for a UUID derived from it.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        Uuid::parse_str(key).map_or_else(|_| Self(Uuid::new_v5(&DERIVED, key.as_bytes())), Self)
    }

    /// The command with which a policy answers an event: the same event and policy always give
    /// the same id, so that a repeated append is recognised.
    #[must_use]
    pub fn of_policy(event: EventId, policy: &str) -> Self {
        Self(Uuid::new_v5(&event.0, policy.as_bytes()))
    }

    /// One of several commands with which a saga answers an event; `which` tells them apart.
    #[must_use]
    pub fn of_saga(event: EventId, saga: &str, which: &str) -> Self {
        Self(Uuid::new_v5(&event.0, format!("{saga}/{which}").as_bytes()))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// The `index`-th (from 0) event of a command.
    #[must_use]
    pub fn of_command(command: CommandId, index: u32) -> Self {
        Self(Uuid::new_v5(&command.0, &index.to_be_bytes()))
    }

    /// The `sequence`-th (from 1) event that `source` publishes about `subject`, for events that
    /// no command made.
    #[must_use]
    pub fn of_sequence(source: &str, subject: &str, sequence: u64) -> Self {
        Self(Uuid::new_v5(&DERIVED, format!("{source}/{subject}/{sequence}").as_bytes()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregate_ids_are_short_plain_text() {
        for good in ["a", "00004", "B.c_d:e-f", &"x".repeat(128)] {
            assert_eq!(AggregateId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a b", "a/b", "ä", "a\0", &"x".repeat(129)] {
            assert_eq!(AggregateId::new(bad), Err(InvalidAggregateId), "{bad:?}");
        }
    }

    #[test]
    fn derived_ids_are_stable() {
        let command = CommandId::from_key("order 17");
        assert_eq!(command, CommandId::from_key("order 17"));
        assert_ne!(EventId::of_command(command, 0), EventId::of_command(command, 1));
        let uuid = Uuid::from_u128(7);
        assert_eq!(CommandId::from_key(&uuid.to_string()), CommandId(uuid));
    }
}
