//! What a topic with retention may have lost.

/// How far two clocks of an installation may differ, in milliseconds.
const CLOCK_SKEW_MS: i64 = 60_000;

/// Which records a partition still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All that were ever written.
    All,
    /// Those written at this time (in milliseconds) or later.
    Since(i64),
    /// It is not known since when.
    Unknown,
}

impl Kept {
    /// Of a partition with this oldest offset, whose first record was written at this time.
    pub const fn new(oldest: i64, first: Option<i64>) -> Self {
        match (oldest, first) {
            (0, _) => Self::All,
            (_, Some(time)) => Self::Since(time),
            (_, None) => Self::Unknown,
        }
    }

    /// Whether something that was written at this time or later must be there.
    pub const fn surely(self, written: i64) -> bool {
        match self {
            Self::All => true,
            Self::Since(time) => written > time.saturating_add(CLOCK_SKEW_MS),
            Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_deleted_is_not_missed() {
        let whole = Kept::new(0, Some(1_000));
        let cut = Kept::new(7, Some(1_000));
        let emptied = Kept::new(7, None);
        assert_eq!([whole, cut, emptied].map(|kept| kept.surely(61_000)), [true, false, false]);
        assert_eq!([whole, cut, emptied].map(|kept| kept.surely(61_001)), [true, true, false]);
        assert!(Kept::new(0, None).surely(0));
    }
}
