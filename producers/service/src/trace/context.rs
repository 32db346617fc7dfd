//! A place in a trace, as it travels in headers: W3C Trace Context, `traceparent` alone. What
//! vendors put into `tracestate` ends here, as the recommendation allows.

use std::fmt;

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// Which trace, which span of it, and whether it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Never zero.
    pub(super) trace: u128,
    /// Never zero.
    pub(super) span: u64,
    /// Who has called records it, and wants others to.
    pub(super) is_sampled: bool,
}

/// The id of a trace, as people and backends write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Context {
    /// Reads a `traceparent`. One that is malformed counts as none; of a later version that is read
    /// which version 00 has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        let ends = rest.is_empty() || (version > 0 && rest.starts_with('-'));
        let is_valid = parts.next().is_none() && ends && version != 0xff && trace > 0 && span > 0;
        is_valid.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(self) -> TraceId {
        TraceId(self.trace)
    }

    /// Whether who has called records it.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.is_sampled
    }
}

/// As a `traceparent`.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, is_sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*is_sampled))
    }
}

/// A number of so many digits; capitals are not allowed.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_whole = text.len() == digits && text.bytes().all(is_hex);
    is_whole.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_again() {
        let context = Context::parse(GOOD).unwrap();
        assert_eq!(context.to_string(), GOOD);
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.is_sampled());
        let other = Context::parse(&GOOD.replace("-01", "-00")).unwrap();
        assert!(!other.is_sampled());
    }

    #[test]
    fn flags_and_versions_to_come_are_passed_over() {
        let flags = Context::parse(&GOOD.replace("-01", "-03")).unwrap();
        assert_eq!(flags.to_string(), GOOD);
        for later in [GOOD.replacen("00", "01", 1), format!("cc{}-more", &GOOD[2..])] {
            assert_eq!(Context::parse(&later), Context::parse(GOOD), "{later}");
        }
    }

    #[test]
    fn what_is_malformed_counts_as_none() {
        let zeros = |digits| "0".repeat(digits);
        for bad in [
            String::new(),
            "00".to_owned(),
            GOOD[..54].to_owned(),
            GOOD.to_uppercase(),
            format!(" {GOOD}"),
            format!("{GOOD}-"),
            format!("{GOOD}-more"),
            format!("ff{}", &GOOD[2..]),
            format!("0x{}", &GOOD[2..]),
            format!("cc{}more", &GOOD[2..]),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zeros(32)),
            GOOD.replace("00f067aa0ba902b7", &zeros(16)),
            GOOD.replace("4bf9", "4bg9"),
            GOOD.replace("4bf9", "+bf9"),
            GOOD.replace("-01", "-0x"),
            GOOD.replace('-', "_"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736-", "4bf92f3577b34da6a3ce929d0e0e473-6"),
            format!("{}ä", &GOOD[..54]),
        ] {
            assert_eq!(Context::parse(&bad), None, "{bad:?}");
        }
    }
}
