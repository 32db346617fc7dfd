//! Which part of the history is sent.

use std::str::FromStr;

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use schemas::Timestamp;

/// Part of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Everything.
    All,
    /// So many days before the newest date of the file.
    Last(u32),
    /// From the first moment of a day to the last of another.
    Between(Option<Date>, Option<Date>),
}

impl Window {
    /// Whether the newest date of the file has to be known first.
    pub const fn is_relative(self) -> bool {
        matches!(self, Self::Last(_))
    }

    /// Whether a moment is inside; `newest` is the newest date of the file.
    pub fn contains(self, moment: Timestamp, newest: Option<Timestamp>) -> bool {
        match self {
            Self::All => true,
            Self::Last(days) => {
                let length = SignedDuration::from_hours(24 * i64::from(days));
                newest
                    .is_none_or(|newest| newest.to_jiff().duration_since(moment.to_jiff()) < length)
            }
            Self::Between(from, to) => {
                let day = TimeZone::UTC.to_datetime(moment.to_jiff()).date();
                from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
            }
        }
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "use all, 365d, or 1997-01-01..1997-12-31".to_owned();
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(days) = text.strip_suffix('d') {
            let days = days.parse().ok().filter(|days| (1..=100_000).contains(days));
            return days.map(Self::Last).ok_or_else(wrong);
        }
        let (from, to) = text.split_once("..").ok_or_else(wrong)?;
        let end = |text: &str| match text {
            "" => Ok(None),
            _ => text.parse().map(Some).map_err(|_| wrong()),
        };
        match (end(from)?, end(to)?) {
            (Some(from), Some(to)) if from > to => Err("the window ends before it begins".into()),
            (from, to) => Ok(Self::Between(from, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_can_be_said() {
        assert_eq!("all".parse(), Ok(Window::All));
        assert_eq!("365d".parse(), Ok(Window::Last(365)));
        assert!(matches!("1997-01-01..".parse(), Ok(Window::Between(Some(_), None))));
        assert!(matches!("..1997-01-01".parse(), Ok(Window::Between(None, Some(_)))));
        for bad in ["", "0d", "d", "365", "1997-01-01", "1997..1998", "1998-01-01..1997-01-01"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_count_back_from_the_newest_date() {
        let newest = Some(moment("1998-06-30T00:00:00Z"));
        let inside = |text| Window::Last(2).contains(moment(text), newest);
        assert!(inside("1998-06-30T00:00:00Z") && inside("1998-06-29T00:00:00Z"));
        assert!(!inside("1998-06-28T00:00:00Z"));
    }

    #[test]
    fn both_dates_are_included() {
        let window: Window = "1997-01-01..1997-01-02".parse().unwrap();
        let inside = |text| window.contains(moment(text), None);
        assert!(inside("1997-01-01T00:00:00Z") && inside("1997-01-02T23:59:59Z"));
        assert!(!inside("1996-12-31T23:59:59Z") && !inside("1997-01-03T00:00:00Z"));
    }
}
