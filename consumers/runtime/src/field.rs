//! What a column may hold: values of the domain, and their form in Postgres.

use schemas::{AggregateId, Money, Rate, Timestamp, classification::CustomerClass};
use tokio_postgres::types::{FromSqlOwned, ToSql};
use uuid::Uuid;

use crate::{moment::Moment, numeric::Numeric};

/// A value that can be a column of a row.
pub trait Field: Sized {
    /// The Postgres type.
    const TYPE: &'static str;

    /// What is sent.
    type Sent<'a>: ToSql + Sync + Send
    where
        Self: 'a;

    /// What is received.
    type Received: FromSqlOwned;

    /// The form that is sent.
    fn send(&self) -> Self::Sent<'_>;

    /// The value of what was received; `None` when it is none of this type.
    fn receive(received: Self::Received) -> Option<Self>;
}

macro_rules! plain {
    ($($type:ty => $name:literal,)+) => {$(
        impl Field for $type {
            const TYPE: &'static str = $name;
            type Sent<'a> = $type;
            type Received = $type;

            fn send(&self) -> $type {
                *self
            }

            fn receive(received: $type) -> Option<Self> {
                Some(received)
            }
        }
    )+};
}

plain! {
    bool => "boolean",
    i32 => "integer",
    i64 => "bigint",
    Uuid => "uuid",
}

macro_rules! decimal {
    ($($type:ty => $name:literal,)+) => {$(
        impl Field for $type {
            const TYPE: &'static str = $name;
            type Sent<'a> = Numeric<{ <$type>::SCALE }>;
            type Received = Numeric<{ <$type>::SCALE }>;

            fn send(&self) -> Self::Sent<'_> {
                Numeric(self.minor())
            }

            fn receive(received: Self::Received) -> Option<Self> {
                Some(<$type>::from_minor(received.0))
            }
        }
    )+};
}

decimal! {
    Money => "numeric",
    Rate => "numeric",
}

impl Field for String {
    const TYPE: &'static str = "text";
    type Sent<'a> = &'a str;
    type Received = Self;

    fn send(&self) -> &str {
        self
    }

    fn receive(received: Self) -> Option<Self> {
        Some(received)
    }
}

impl Field for CustomerClass {
    const TYPE: &'static str = "text";
    type Sent<'a> = &'static str;
    type Received = String;

    fn send(&self) -> &'static str {
        self.as_str()
    }

    fn receive(received: String) -> Option<Self> {
        Self::from_letter(&received)
    }
}

impl Field for AggregateId {
    const TYPE: &'static str = "text";
    type Sent<'a> = &'a str;
    type Received = String;

    fn send(&self) -> &str {
        self.as_str()
    }

    fn receive(received: String) -> Option<Self> {
        received.try_into().ok()
    }
}

impl Field for Timestamp {
    const TYPE: &'static str = "timestamptz";
    type Sent<'a> = Moment;
    type Received = Moment;

    fn send(&self) -> Moment {
        Moment(self.micros())
    }

    fn receive(received: Moment) -> Option<Self> {
        Self::from_micros(received.0).ok()
    }
}

impl<T: Field> Field for Option<T> {
    const TYPE: &'static str = T::TYPE;
    type Sent<'a>
        = Option<T::Sent<'a>>
    where
        T: 'a;
    type Received = Option<T::Received>;

    fn send(&self) -> Self::Sent<'_> {
        self.as_ref().map(T::send)
    }

    fn receive(received: Self::Received) -> Option<Self> {
        match received {
            None => Some(None),
            Some(received) => T::receive(received).map(Some),
        }
    }
}
