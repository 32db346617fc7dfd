//! Exact decimals: integers of minor units, on the wire Avro `fixed(8)` with logical type
//! `decimal`, in JSON a decimal string. No floating point is involved anywhere but in reading a
//! JSON number, whose shortest decimal form is taken.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is no decimal of the wanted scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// Not of the form `-?digits[.digits]`.
    #[error("not a decimal number")]
    Malformed,
    /// More decimals than the type holds.
    #[error("more than {0} decimals")]
    TooPrecise(u32),
    /// More digits than the type holds.
    #[error("number out of range")]
    OutOfRange,
}

fn parse(text: &str, scale: u32) -> Result<i64, ParseDecimalError> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_empty_part = whole.is_empty() || (digits.contains('.') && fraction.is_empty());
    if has_empty_part || !is_number(whole) || !is_number(fraction) {
        return Err(ParseDecimalError::Malformed);
    }
    let fraction = fraction.trim_end_matches('0');
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    let padding = scale.checked_sub(decimals).ok_or(ParseDecimalError::TooPrecise(scale))?;
    let zeros = "0".repeat(padding as usize);
    let units: i64 =
        format!("{whole}{fraction}{zeros}").parse().map_err(|_| ParseDecimalError::OutOfRange)?;
    Ok(if negative { -units } else { units })
}

fn write(f: &mut fmt::Formatter<'_>, units: i64, scale: u32, shown: usize) -> fmt::Result {
    let one = 10_u64.pow(scale);
    let (whole, fraction) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{fraction:0width$}", width = scale as usize);
    let significant = digits.trim_end_matches('0').len().max(shown);
    let (digits, _) = digits.split_at(significant);
    write!(f, "{sign}{whole}.{digits}")
}

macro_rules! decimal {
    ($(#[$doc:meta])* $name:ident, scale $scale:literal, shown with at least $shown:literal decimals) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i64);

        impl $name {
            /// Decimals the type holds.
            pub const SCALE: u32 = $scale;
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// Makes it of its minor units.
            #[must_use]
            pub const fn from_minor(units: i64) -> Self {
                Self(units)
            }

            /// Its minor units.
            #[must_use]
            pub const fn minor(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseDecimalError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, $scale).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(f, self.0, $scale, $shown)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0.to_be_bytes())
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_any(DecimalVisitor($scale)).map(Self)
                } else {
                    deserializer.deserialize_bytes(DecimalVisitor($scale)).map(Self)
                }
            }
        }
    };
}

decimal! {
    /// An amount of money in hundredths (cents): Avro `decimal(18,2)`. EUR unless a name says
    /// otherwise.
    Money, scale 2, shown with at least 2 decimals
}

decimal! {
    /// An exchange rate in millionths: Avro `decimal(18,6)`.
    Rate, scale 6, shown with at least 4 decimals
}

impl Money {
    /// The largest amount of 18 digits: what `decimal(18, 2)` holds, in Avro and in Postgres.
    pub const LARGEST: Self = Self(999_999_999_999_999_999);

    /// Adds, up to [`Money::LARGEST`]: for sums that have to fit their column.
    #[must_use]
    pub fn capped_add(self, other: Self) -> Self {
        self.checked_add(other).map_or(Self::LARGEST, |sum| sum.min(Self::LARGEST))
    }

    /// Adds, or `None` past the largest amount.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// Subtracts, or `None` past the smallest amount.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }
}

/// Reads decimals from text, JSON numbers and the eight big-endian bytes of the wire.
struct DecimalVisitor(u32);

impl de::Visitor<'_> for DecimalVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a decimal number with at most {} decimals", self.0)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<i64, E> {
        let bytes = bytes.try_into().map_err(|_| E::custom("a decimal has 8 bytes"))?;
        Ok(i64::from_be_bytes(bytes))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        parse(text, self.0).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        self.visit_str(&number.to_string())
    }

    /// A JSON number such as `13.99`: its shortest decimal form is what was written.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_money() {
        for (text, minor, shown) in [
            ("13.99", 1399, "13.99"),
            ("1500", 150_000, "1500.00"),
            ("0.5", 50, "0.50"),
            ("-0.05", -5, "-0.05"),
            ("1.100", 110, "1.10"),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!((money.minor(), money.to_string().as_str()), (minor, shown));
        }
        assert_eq!("1.0850".parse::<Rate>().unwrap().to_string(), "1.0850");
        assert_eq!("1.234567".parse::<Rate>().unwrap().to_string(), "1.234567");
    }

    #[test]
    fn what_is_no_money() {
        for bad in ["", "-", ".", "1.", ".5", "1e3", "1,5", " 1", "+1", "NaN", "0x1"] {
            assert_eq!(bad.parse::<Money>(), Err(ParseDecimalError::Malformed), "{bad:?}");
        }
        assert_eq!("1.005".parse::<Money>(), Err(ParseDecimalError::TooPrecise(2)));
        assert_eq!("99999999999999999999".parse::<Money>(), Err(ParseDecimalError::OutOfRange));
    }

    #[test]
    fn json_strings_and_numbers() {
        for (json, minor) in [("\"13.99\"", 1399), ("13.99", 1399), ("1500", 150_000), ("-1", -100)]
        {
            assert_eq!(serde_json::from_str::<Money>(json).unwrap().minor(), minor);
        }
        assert!(serde_json::from_str::<Money>("13.999").is_err());
        assert!(serde_json::from_str::<Money>("true").is_err());
        assert_eq!(serde_json::to_string(&Money::from_minor(1399)).unwrap(), "\"13.99\"");
    }

    proptest! {
        #[test]
        fn text_round_trip(minor in any::<i64>().prop_filter("has a negative", |m| *m != i64::MIN)) {
            let money = Money::from_minor(minor);
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }

        #[test]
        fn json_numbers_below_ten_to_the_thirteen_are_exact(minor in 0..1_000_000_000_000_000_i64) {
            let text = Money::from_minor(minor).to_string();
            prop_assert_eq!(serde_json::from_str::<Money>(&text).unwrap().minor(), minor);
        }
    }
}
