//! The published rates, and which of them is valid on a day.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use schemas::{Money, Rate, Timestamp};

/// The first day with a reference rate.
pub const FIRST_DAY: Date = Date::constant(1999, 1, 4);

/// How many days a rate may be older than the day on which it is valid: more than any weekend with
/// holidays.
pub const LONGEST_GAP: i32 = 10;

/// USD for one EUR by the day of publication; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates(BTreeMap<Date, Rate>);

/// A rate with the day on which it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The day.
    pub day: Date,
    /// USD for one EUR.
    pub rate: Rate,
}

/// What rates say of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    /// This rate is valid.
    Rate(Published),
    /// There is none.
    Never,
    /// These do not reach back so far.
    Unknown,
}

impl Rates {
    /// Takes published rates; `None` when there are none.
    #[must_use]
    pub fn new(published: BTreeMap<Date, Rate>) -> Option<Self> {
        (!published.is_empty()).then_some(Self(published))
    }

    /// The last day of publication.
    #[must_use]
    pub fn newest(&self) -> Date {
        self.0.keys().next_back().copied().unwrap_or(FIRST_DAY)
    }

    /// The rate valid on a day: the newest that was published up to then, within the longest gap.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> Valid {
        match self.last_until(day) {
            _ if day < FIRST_DAY => Valid::Never,
            None => Valid::Unknown,
            Some(found) if days_between(found.day, day) > LONGEST_GAP => Valid::Never,
            Some(found) => Valid::Rate(found),
        }
    }

    /// The newest that was published up to a day, however old it is then.
    #[must_use]
    pub fn last_until(&self, day: Date) -> Option<Published> {
        let (day, rate) = self.0.range(..=day).next_back()?;
        Some(Published { day: *day, rate: *rate })
    }

    /// Whether no rate can become valid on a day any more that is not among these.
    #[must_use]
    pub fn are_final_for(&self, day: Date) -> bool {
        self.newest() >= day
    }
}

/// Days from one to another.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

/// The day before by so many days.
#[must_use]
pub fn days_before(day: Date, days: i32) -> Date {
    day.saturating_sub(days.days())
}

/// The day of a moment, in UTC.
#[must_use]
pub fn day_of(moment: Timestamp) -> Date {
    moment.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The start of a day, in UTC; `None` outside of the calendar.
#[must_use]
pub fn start_of(day: Date) -> Option<Timestamp> {
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(start.timestamp().into())
}

/// An amount of EUR in USD, rounded half up to cents; `None` past the largest amount.
#[must_use]
pub fn in_usd(value: Money, rate: Rate) -> Option<Money> {
    let one = 10_i128.pow(Rate::SCALE);
    let cents = (i128::from(value.minor()) * i128::from(rate.minor()) + one / 2).div_euclid(one);
    i64::try_from(cents).ok().map(Money::from_minor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn rates(published: &[(&str, &str)]) -> Rates {
        let published = published.iter().map(|(on, rate)| (day(on), rate.parse().unwrap()));
        Rates::new(published.collect()).unwrap()
    }

    #[test]
    fn weekends_and_holidays_have_the_rate_of_the_day_before() {
        // 2026-11-20 was a Friday.
        let rates =
            rates(&[("2026-11-19", "1.16"), ("2026-11-20", "1.17"), ("2026-11-23", "1.18")]);
        for (asked, found) in [
            ("2026-11-19", "2026-11-19"),
            ("2026-11-20", "2026-11-20"),
            ("2026-11-21", "2026-11-20"),
            ("2026-11-22", "2026-11-20"),
            ("2026-11-23", "2026-11-23"),
            // Today, before the publication.
            ("2026-11-24", "2026-11-23"),
            ("2026-12-03", "2026-11-23"),
        ] {
            let Valid::Rate(valid) = rates.valid_on(day(asked)) else { panic!("{asked}") };
            assert_eq!(valid.day, day(found), "{asked}");
        }
        assert_eq!(rates.valid_on(day("2026-12-04")), Valid::Never, "older than ten days");
        assert_eq!(rates.valid_on(day("2026-11-18")), Valid::Unknown);
        assert_eq!(rates.valid_on(day("1998-12-31")), Valid::Never);
        assert!(rates.are_final_for(day("2026-11-22")) && rates.are_final_for(day("2026-11-23")));
        assert!(!rates.are_final_for(day("2026-11-24")));
    }

    #[test]
    fn usd_is_rounded_half_up_to_cents() {
        for (value, rate, usd) in [
            ("13.99", "1.0850", "15.18"),
            ("1.00", "1.1650", "1.17"),
            ("1.00", "1.164999", "1.16"),
            ("0.01", "0.499999", "0.00"),
            ("0.01", "0.5", "0.01"),
            ("9999999999999.99", "1.5", "14999999999999.99"),
        ] {
            let found = in_usd(value.parse().unwrap(), rate.parse().unwrap());
            assert_eq!(found, Some(usd.parse().unwrap()), "{value} at {rate}");
        }
        assert_eq!(in_usd(Money::from_minor(i64::MAX), "2".parse().unwrap()), None);
    }

    #[test]
    fn days_are_those_of_utc() {
        assert_eq!(day_of("2026-11-20T23:59:59.999999Z".parse().unwrap()), day("2026-11-20"));
        assert_eq!(day_of("2026-11-21T00:30:00+01:00".parse().unwrap()), day("2026-11-20"));
        let start = start_of(day("2026-11-20")).unwrap();
        assert_eq!(start.to_string(), "2026-11-20T00:00:00.000000Z");
    }

    proptest! {
        #[test]
        fn rounding_is_off_by_half_a_cent_at_most(value in 0..10_i64.pow(15), rate in 1..5_000_000_i64) {
            let usd = in_usd(Money::from_minor(value), Rate::from_minor(rate)).unwrap();
            let exact = i128::from(value) * i128::from(rate);
            let difference = i128::from(usd.minor()) * 1_000_000 - exact;
            prop_assert!((-499_999..=500_000).contains(&difference), "{difference}");
        }
    }
}
