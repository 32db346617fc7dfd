//! The rule: a class by the sum of the confirmed orders in a trailing window.

use std::{fmt, str::FromStr};

use schemas::{Money, Timestamp, classification::CustomerClass};

const MICROS_OF_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Thresholds and window. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    a: Money,
    b: Money,
    window: Window,
    version: String,
}

/// Which orders count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// All.
    All,
    /// Those of so many days, up to now.
    Days(i32),
}

/// Why a text is no [`Window`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use all, or days from 1d to 36500d such as 365d")]
pub struct InvalidWindow;

impl Window {
    /// A year.
    pub const YEAR: Self = Self::Days(365);
}

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        if text == "all" {
            return Ok(Self::All);
        }
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
        match days {
            Some(days @ 1..=36_500) => Ok(Self::Days(days)),
            _ => Err(InvalidWindow),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

/// Why a text is no [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rule such as a=10000.00,b=1000.00,window=365d")]
pub struct InvalidRule;

/// By its version, as events carry it.
impl FromStr for Rule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let mut parts = text.split(',');
        let mut part = |name: &str| {
            let part = parts.next()?.strip_prefix(name)?;
            part.strip_prefix('=')
        };
        let money = |text: &str| text.parse::<Money>().ok();
        let mut rule = || {
            let a = part("a").and_then(money)?;
            let b = part("b").and_then(money)?;
            Some((a, b, part("window")?.parse().ok()?))
        };
        let (a, b, window) = rule().ok_or(InvalidRule)?;
        Self::new(a, b, window).checked().ok_or(InvalidRule)
    }
}

impl Rule {
    /// A from `a` on, B from `b` on, otherwise C.
    #[must_use]
    pub fn new(a: Money, b: Money, window: Window) -> Self {
        let version = format!("a={a},b={b},window={window}");
        Self { a, b, window, version }
    }

    /// The rule, if it makes sense: 0 < B ≤ A.
    #[must_use]
    pub fn checked(self) -> Option<Self> {
        (self.b > Money::ZERO && self.a >= self.b).then_some(self)
    }

    /// From which sum on a customer is an A.
    #[must_use]
    pub const fn a(&self) -> Money {
        self.a
    }

    /// From which sum on a customer is a B.
    #[must_use]
    pub const fn b(&self) -> Money {
        self.b
    }

    /// Which orders count.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The rule as text: what events carry.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Length of the window in days; `None` when all orders count.
    #[must_use]
    pub const fn window_days(&self) -> Option<i32> {
        match self.window {
            Window::All => None,
            Window::Days(days) => Some(days),
        }
    }

    /// The class of a revenue.
    #[must_use]
    pub fn class_of(&self, revenue: Money) -> CustomerClass {
        if revenue >= self.a {
            CustomerClass::A
        } else if revenue >= self.b {
            CustomerClass::B
        } else {
            CustomerClass::C
        }
    }

    /// Orders of this moment or before do not count any more; `None` when all orders count.
    #[must_use]
    pub fn horizon(&self, now: Timestamp) -> Option<Timestamp> {
        self.shifted(now, -1)
    }

    /// When an order leaves the window; `None` when all orders count.
    #[must_use]
    pub fn leaves_at(&self, ordered_at: Timestamp) -> Option<Timestamp> {
        self.shifted(ordered_at, 1)
    }

    fn shifted(&self, moment: Timestamp, direction: i64) -> Option<Timestamp> {
        let days = i64::from(self.window_days()?);
        let shift = direction * days * MICROS_OF_DAY;
        // Past the end of the calendar nothing ever leaves, and nothing has left.
        Timestamp::from_micros(moment.micros() + shift).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_begin_at_their_thresholds() {
        let rule =
            Rule::new(Money::from_minor(1_000_000), Money::from_minor(100_000), Window::YEAR);
        for (revenue, class) in [
            ("0.00", CustomerClass::C),
            ("999.99", CustomerClass::C),
            ("1000.00", CustomerClass::B),
            ("9999.99", CustomerClass::B),
            ("10000.00", CustomerClass::A),
        ] {
            assert_eq!(rule.class_of(revenue.parse().unwrap()), class, "{revenue}");
        }
        assert_eq!(rule.version(), "a=10000.00,b=1000.00,window=365d");
    }

    #[test]
    fn an_order_leaves_the_window_when_the_horizon_reaches_it() {
        let rule = Rule::new(Money::ZERO, Money::ZERO, Window::Days(30));
        let ordered_at: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let leaves = rule.leaves_at(ordered_at).unwrap();
        assert_eq!(leaves, "2026-01-31T12:00:00Z".parse().unwrap());
        assert_eq!(rule.horizon(leaves), Some(ordered_at));
        let all = Rule::new(Money::ZERO, Money::ZERO, Window::All);
        assert_eq!((all.leaves_at(ordered_at), all.horizon(leaves)), (None, None));
    }

    #[test]
    fn a_version_is_read_again() {
        for version in ["a=10000.00,b=1000.00,window=365d", "a=500.00,b=100.00,window=all"] {
            assert_eq!(version.parse::<Rule>().unwrap().version(), version);
        }
        for bad in ["", "a=1.00,b=2.00,window=all", "a=2.00,b=0.00,window=all", "b=1.00,a=2.00"] {
            assert_eq!(bad.parse::<Rule>(), Err(InvalidRule), "{bad}");
        }
    }

    #[test]
    fn windows_are_read() {
        assert_eq!("all".parse(), Ok(Window::All));
        assert_eq!("365d".parse(), Ok(Window::YEAR));
        for bad in ["", "d", "0d", "-1d", "36501d", "365", "ALL"] {
            assert_eq!(bad.parse::<Window>(), Err(InvalidWindow), "{bad}");
        }
    }
}
