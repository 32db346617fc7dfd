//! A moment in UTC, to the microsecond: Avro `timestamp-micros`, in JSON and headers RFC 3339.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC with microsecond precision (finer digits are cut off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

/// How far [`Timestamp::now`] is ahead of the system clock, in microseconds: the one thing that all
/// parts of a process have to agree on. Not zero only in simulations and tests.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Why a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 timestamp such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Makes it of microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when the year is outside -9999..=9999.
    pub fn from_micros(micros: i64) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::from_microsecond(micros).map(Self).map_err(|_| InvalidTimestamp)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The same moment for calendar arithmetic and SQL.
    #[must_use]
    pub const fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }

    /// The present, by the clock of this process: the system's, unless it was moved. Business code
    /// takes the time as an argument; only the edges call this.
    #[must_use]
    pub fn now() -> Self {
        Self::system_now().later(AHEAD.load(Ordering::Relaxed))
    }

    /// The present by the system clock, even where the clock of this process was moved: for what
    /// is compared with times that others set, such as those of Kafka's records.
    #[must_use]
    pub fn system_now() -> Self {
        jiff::Timestamp::now().into()
    }

    /// Moves the clock of this process by so many seconds from the system's, back when negative:
    /// for simulations and tests, once, before anything asks for the time.
    pub fn move_clock(seconds: i64) {
        AHEAD.store(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }

    /// So many microseconds later; unchanged where the calendar ends.
    fn later(self, micros: i64) -> Self {
        let moved = self.micros().checked_add(micros).map(Self::from_micros);
        moved.and_then(Result::ok).unwrap_or(self)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        // Cannot leave the range: the value came from inside it.
        Self(jiff::Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(|_| InvalidTimestamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.micros())
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let micros = i64::deserialize(deserializer)?;
            Self::from_micros(micros).map_err(de::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_microseconds() {
        let moment: Timestamp = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-20T10:00:00.123456Z");
        assert_eq!(moment.micros(), 1_795_168_800_123_456);
        assert_eq!(
            "1997-01-01T02:00:00+02:00".parse(),
            Timestamp::from_micros(852_076_800_000_000)
        );
        assert_eq!("yesterday".parse::<Timestamp>(), Err(InvalidTimestamp));
    }

    #[test]
    fn a_moved_clock_goes_on_from_elsewhere() {
        let moment: Timestamp = "1998-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(moment.later(-1_000_000).to_string(), "1997-12-31T23:59:59.000000Z");
        assert_eq!(moment.later(i64::MAX), moment);
        // The only test of this process that moves its clock.
        let ahead = |seconds: i64| {
            let behind = Timestamp::now().micros() - Timestamp::system_now().micros();
            (behind - seconds * 1_000_000).abs() < 60_000_000
        };
        assert!(ahead(0));
        Timestamp::move_clock(-86_400);
        assert!(ahead(-86_400));
        Timestamp::move_clock(0);
        assert!(ahead(0));
    }
}
