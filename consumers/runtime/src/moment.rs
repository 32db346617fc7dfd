//! Moments between our microseconds and Postgres' `timestamptz`, which counts the same from another
//! beginning: without a calendar in between.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// The year 2000, where Postgres begins to count, in microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl ToSql for Moment {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let micros = self.0.checked_sub(POSTGRES_EPOCH).ok_or("moment is out of range")?;
        out.put_i64(micros);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Moment {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        // Infinity is out of range too.
        let micros = i64::from_be_bytes(raw.try_into()?).checked_add(POSTGRES_EPOCH);
        Ok(Self(micros.ok_or("moment is out of range")?))
    }

    accepts!(TIMESTAMPTZ);
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;

    use super::*;

    #[test]
    fn the_form_is_that_of_a_calendar() {
        for text in ["1969-12-31T23:59:59.999999Z", "2026-11-20T10:00:00.000001Z"] {
            let timestamp: Timestamp = text.parse().unwrap();
            let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
            Moment(timestamp.micros()).to_sql(&Type::TIMESTAMPTZ, &mut ours).unwrap();
            timestamp.to_jiff().to_sql(&Type::TIMESTAMPTZ, &mut theirs).unwrap();
            assert_eq!(ours, theirs, "{text}");
            let read = Moment::from_sql(&Type::TIMESTAMPTZ, &ours).unwrap();
            assert_eq!(read, Moment(timestamp.micros()));
        }
        assert!(Moment::from_sql(&Type::TIMESTAMPTZ, &i64::MAX.to_be_bytes()).is_err());
    }
}
