//! Exact decimals between our integers of minor units and Postgres' `numeric`, in the binary form
//! of its protocol: groups of four decimal digits around the decimal point.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// Digits in one group.
const GROUP_DIGITS: u32 = 4;
const GROUP: u64 = 10_000;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// An integer of minor units with `SCALE` decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numeric<const SCALE: u32>(pub i64);

impl<const SCALE: u32> Numeric<SCALE> {
    /// Groups after the decimal point.
    const FRACTION_GROUPS: u32 = SCALE.div_ceil(GROUP_DIGITS);

    /// What fills the last group up.
    const PADDING: u64 = 10_u64.pow(Self::FRACTION_GROUPS * GROUP_DIGITS - SCALE);

    /// The groups, the least significant first, and how many there are.
    fn groups(self) -> ([i16; MOST_GROUPS], usize) {
        let (mut groups, mut count) = ([0; MOST_GROUPS], 0);
        let magnitude = self.0.unsigned_abs();
        // What is padded may be larger than the number: its last group is taken first.
        let whole = GROUP / Self::PADDING;
        let mut rest = magnitude / whole;
        let mut group = magnitude % whole * Self::PADDING;
        for place in &mut groups {
            if group == 0 && rest == 0 {
                break;
            }
            *place = i16::try_from(group).unwrap_or_default();
            (group, rest) = (rest % GROUP, rest / GROUP);
            count += 1;
        }
        (groups, count)
    }
}

/// As many as 64 bits with padding can have.
const MOST_GROUPS: usize = 6;

impl<const SCALE: u32> ToSql for Numeric<SCALE> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let (groups, number) = self.groups();
        let count = i16::try_from(number)?;
        out.put_i16(count);
        // The weight of the first group: its distance from the decimal point, in groups.
        out.put_i16(count - i16::try_from(Self::FRACTION_GROUPS)? - 1);
        out.put_u16(if self.0 < 0 { NEGATIVE } else { POSITIVE });
        out.put_u16(u16::try_from(SCALE)?);
        for group in groups.iter().take(number).rev() {
            out.put_i16(*group);
        }
        Ok(IsNull::No)
    }

    accepts!(NUMERIC);
    to_sql_checked!();
}

impl<'a, const SCALE: u32> FromSql<'a> for Numeric<SCALE> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        read(raw, SCALE).map(Self)
    }

    accepts!(NUMERIC);
}

/// Reads minor units; more decimals than the scale holds, and NaN, are refused.
fn read(raw: &[u8], scale: u32) -> Result<i64, BoxedError> {
    let mut words =
        raw.chunks_exact(2).map(|pair| pair.try_into().map(u16::from_be_bytes).unwrap_or_default());
    let mut next = || words.next().ok_or("numeric is cut short");
    let count = next()?;
    let weight = i32::from(next()?.cast_signed());
    let sign = next()?;
    let _display_scale = next()?;
    let mut units: i64 = 0;
    for index in 0..i32::from(count) {
        let digits = i64::from(next()?);
        // Position of the group's last digit, counted in decimals from the minor unit.
        let shift = (weight - index) * 4 + i32::try_from(scale)?;
        units = if shift >= 0 {
            let factor = 10_i64.checked_pow(u32::try_from(shift)?);
            factor
                .and_then(|factor| digits.checked_mul(factor))
                .and_then(|part| units.checked_add(part))
                .ok_or("numeric is out of range")?
        } else {
            let divisor = 10_i64.pow(u32::try_from(-shift)?.min(8));
            if digits % divisor != 0 {
                return Err("numeric has too many decimals".into());
            }
            units + digits / divisor
        };
    }
    match sign {
        POSITIVE => Ok(units),
        NEGATIVE => Ok(-units),
        _ => Err("numeric is not a number".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes<const SCALE: u32>(minor: i64) -> Vec<u8> {
        let mut out = BytesMut::new();
        Numeric::<SCALE>(minor).to_sql(&Type::NUMERIC, &mut out).unwrap();
        out.to_vec()
    }

    #[test]
    fn the_form_postgres_uses() {
        // 12345.67 = groups 1, 2345, 6700; the first of weight 1.
        assert_eq!(bytes::<2>(1_234_567), [0, 3, 0, 1, 0, 0, 0, 2, 0, 1, 0x09, 0x29, 0x1A, 0x2C]);
        assert_eq!(bytes::<2>(0), [0, 0, 0xFF, 0xFE, 0, 0, 0, 2]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(read(&bytes::<6>(1), 2).is_err());
        assert!(read(&[0, 1], 2).is_err());
        assert!(read(&[0, 0, 0, 0, 0xC0, 0, 0, 0], 2).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(minor in any::<i64>().prop_filter("has a negative", |m| *m != i64::MIN)) {
            prop_assert_eq!(read(&bytes::<2>(minor), 2).unwrap(), minor);
            prop_assert_eq!(read(&bytes::<6>(minor), 6).unwrap(), minor);
        }
    }
}
