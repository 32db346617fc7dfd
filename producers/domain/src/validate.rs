//! Rules of form that fields of several commands share. Lengths count Unicode characters. No
//! text may hold a control character, NUL among them (Postgres cannot store that one); only the
//! text of an order and the body of a mail may have line breaks.

use std::ops::RangeInclusive;

use email_address::{EmailAddress, Options};
use schemas::{Money, Rate, Timestamp};

use crate::template::{self, TemplateError};

/// Lengths of names and of sources of a permission, in characters.
pub const NAME_LENGTH: RangeInclusive<usize> = 1..=200;
/// Lengths of a location, in characters.
pub const LOCATION_LENGTH: RangeInclusive<usize> = 0..=200;
/// Lengths of the text of an order, in characters.
pub const TEXT_LENGTH: RangeInclusive<usize> = 1..=2_000;
/// Lengths of the template of a mail, in characters.
pub const BODY_LENGTH: RangeInclusive<usize> = 1..=20_000;
/// Lengths of a reason for people, in characters.
pub const REASON_LENGTH: RangeInclusive<usize> = 1..=500;
/// Lengths of a Message-ID, in characters.
pub const MESSAGE_ID_LENGTH: RangeInclusive<usize> = 3..=250;
/// First amount that is too large: 10^13 (in EUR or USD).
pub const MONEY_LIMIT: Money = Money::from_minor(1_000_000_000_000_000);
/// First exchange rate that is too large: 10^12, so that all digits fit Avro's `decimal(18,6)`.
pub const RATE_LIMIT: Rate = Rate::from_minor(1_000_000_000_000_000_000);
/// First moment that is accepted, 0001-01-01T00:00:00Z in microseconds: before it calendars,
/// RFC 3339 and databases disagree.
pub const FIRST_MOMENT_MICROS: i64 = -62_135_596_800_000_000;

/// How far the clock of whoever names a moment may be ahead of ours: 5 s, in microseconds. Services
/// tell what they did by their own clocks, and a fact that is refused for its moment is lost.
pub const CLOCK_SKEW_MICROS: i64 = 5_000_000;

/// A field that breaks a rule of form. Never carries the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to the field in the command's payload.
    pub pointer: &'static str,
    /// What the field has to be like, continuing a sentence that starts with its name.
    pub message: String,
}

/// Gathers the violations of one command, field by field.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<Violation>);

/// What control characters a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// None at all.
    One,
    /// Line feeds.
    Many,
}

impl Check {
    /// Ends the checking.
    pub(crate) fn finish(self) -> Vec<Violation> {
        self.0
    }

    /// A text of a length within bounds. Blanks do not count towards a required one.
    pub(crate) fn text(
        &mut self,
        pointer: &'static str,
        text: &str,
        length: &RangeInclusive<usize>,
        lines: Lines,
    ) {
        let forbidden = |c: char| c.is_control() && !(c == '\n' && lines == Lines::Many);
        let (least, most) = (*length.start(), *length.end());
        if text.chars().any(forbidden) {
            self.fail(pointer, "must not have control characters");
        } else if text.chars().count() > most {
            self.fail(pointer, format!("must not be longer than {most} characters"));
        } else if text.trim().chars().count() < least {
            self.fail(pointer, "must not be empty");
        }
    }

    /// Templates of a mail that can be rendered. When their texts are refused already, that is said.
    pub(crate) fn templates(&mut self, subject: &str, body: &str) {
        if self.0.is_empty()
            && let Err(TemplateError { pointer, message }) = template::check((subject, body))
        {
            self.fail(pointer, message);
        }
    }

    /// An e-mail address by its syntax alone: no display name, a domain with a dot.
    pub(crate) fn email(&mut self, pointer: &'static str, address: &str) {
        let options =
            Options::default().without_display_text().without_domain_literal().with_required_tld();
        let is_valid = !address.chars().any(char::is_control)
            && EmailAddress::parse_with_options(address, options).is_ok();
        if !is_valid {
            self.fail(pointer, "must be an e-mail address");
        }
    }

    /// An amount from `least` up to [`MONEY_LIMIT`].
    pub(crate) fn money(&mut self, pointer: &'static str, amount: Money, least: Money) {
        if amount < least {
            self.fail(pointer, format!("must not be less than {least}"));
        } else if amount >= MONEY_LIMIT {
            self.fail(pointer, format!("must be less than {MONEY_LIMIT}"));
        }
    }

    /// An exchange rate above zero.
    pub(crate) fn rate(&mut self, pointer: &'static str, rate: Rate) {
        if rate <= Rate::ZERO || rate >= RATE_LIMIT {
            self.fail(pointer, format!("must be above 0 and less than {RATE_LIMIT}"));
        }
    }

    /// A moment of the past or present, as far as clocks agree.
    pub(crate) fn not_in_future(
        &mut self,
        pointer: &'static str,
        moment: Timestamp,
        now: Timestamp,
    ) {
        if moment.micros() > now.micros().saturating_add(CLOCK_SKEW_MICROS) {
            self.fail(pointer, "must not be in the future");
        } else if moment.micros() < FIRST_MOMENT_MICROS {
            self.fail(pointer, "must not be before the year 1");
        }
    }

    fn fail(&mut self, pointer: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.0.push(Violation { pointer, message });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(check: impl FnOnce(&mut Check)) -> bool {
        let mut gathered = Check::default();
        check(&mut gathered);
        gathered.finish().is_empty()
    }

    #[test]
    fn lengths_count_characters_and_blanks_are_no_name() {
        let name = |text: &str| passes(|c| c.text("/name", text, &NAME_LENGTH, Lines::One));
        assert!(name("a") && name(&"ä".repeat(200)) && name(" Anna "));
        assert!(!name("") && !name("  \u{a0} ") && !name(&"ä".repeat(201)));
        assert!(passes(|c| c.text("/location", "", &LOCATION_LENGTH, Lines::One)));
    }

    #[test]
    fn control_characters_are_refused_but_line_feeds_in_long_texts() {
        for bad in ["a\0b", "a\tb", "a\rb", "a\u{7f}", "a\u{85}b", "a\u{1b}[0m"] {
            assert!(!passes(|c| c.text("/text", bad, &TEXT_LENGTH, Lines::Many)), "{bad:?}");
        }
        assert!(passes(|c| c.text("/text", "a\nb", &TEXT_LENGTH, Lines::Many)));
        assert!(!passes(|c| c.text("/name", "a\nb", &NAME_LENGTH, Lines::One)));
    }

    #[test]
    fn addresses() {
        for good in ["anna@example.com", "a.b+c@sub.example.co.uk", "ä@exämple.de"] {
            assert!(passes(|c| c.email("/email", good)), "{good}");
        }
        for bad in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "anna@example",
            "a b@example.com",
            "Anna <anna@example.com>",
            "anna@[127.0.0.1]",
            "anna@example.com\n",
            "anna@example..com",
            &format!("{}@example.com", "a".repeat(65)),
        ] {
            assert!(!passes(|c| c.email("/email", bad)), "{bad:?}");
        }
    }

    #[test]
    fn amounts_rates_and_moments() {
        let cent = Money::from_minor(1);
        let amount = |minor| passes(|c| c.money("/value", Money::from_minor(minor), cent));
        assert!(amount(1) && amount(MONEY_LIMIT.minor() - 1));
        assert!(!amount(0) && !amount(-1) && !amount(MONEY_LIMIT.minor()) && !amount(i64::MAX));
        let rate = |minor| passes(|c| c.rate("/usdRate", Rate::from_minor(minor)));
        assert!(rate(1) && rate(RATE_LIMIT.minor() - 1));
        assert!(!rate(0) && !rate(-1) && !rate(RATE_LIMIT.minor()));
        let now = Timestamp::from_micros(0).unwrap();
        let moment = |micros| {
            let moment = Timestamp::from_micros(micros).unwrap();
            passes(|c| c.not_in_future("/orderedAt", moment, now))
        };
        assert!(moment(0) && moment(-1) && moment(FIRST_MOMENT_MICROS));
        assert!(moment(CLOCK_SKEW_MICROS) && !moment(CLOCK_SKEW_MICROS + 1));
        assert!(!moment(FIRST_MOMENT_MICROS - 1));
        let first: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(first.micros(), FIRST_MOMENT_MICROS);
    }
}
