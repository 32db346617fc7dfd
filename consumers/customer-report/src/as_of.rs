//! Of which moment a report is.

use consumer_runtime::query::bad_argument;
use jiff::civil::Date;
use schemas::Timestamp;
use service::Problem;

/// The last microsecond of a day is this long after its first.
const REST_OF_DAY: i64 = 24 * 60 * 60 * 1_000_000 - 1;

/// Reads the argument `as-of`: a date, which means its end in UTC, or a moment.
///
/// # Errors
/// A problem when it is neither, or not over yet.
pub fn parse(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let moment = end_of(text).or_else(|| text.parse().ok()).ok_or_else(|| {
        bad_argument(
            "as-of",
            "must be a date such as 2026-05-31 or a moment such as \
             2026-05-31T12:00:00Z",
        )
    })?;
    if moment > now {
        let reason = "is not over yet: leave it out to see how things stand now";
        return Err(bad_argument("as-of", reason));
    }
    Ok(Some(moment))
}

fn end_of(date: &str) -> Option<Timestamp> {
    // Only the form with dashes: eight digits could be anything.
    let date: Date = Some(date).filter(|date| date.len() == 10)?.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Timestamp::from_micros(midnight.as_microsecond() + REST_OF_DAY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        Some(parse(Some(text), now).ok()??.to_string())
    }

    #[test]
    fn a_date_means_its_end() {
        assert_eq!(read("2026-05-31").as_deref(), Some("2026-05-31T23:59:59.999999Z"));
        assert_eq!(read("2024-02-29").as_deref(), Some("2024-02-29T23:59:59.999999Z"));
        assert_eq!(
            read("2026-05-31T10:00:00+02:00").as_deref(),
            Some("2026-05-31T08:00:00.000000Z")
        );
        assert_eq!(read("2026-06-01T12:00:00Z").as_deref(), Some("2026-06-01T12:00:00.000000Z"));
    }

    #[test]
    fn nonsense_and_the_future_are_refused() {
        for bad in ["", "yesterday", "2026-02-30", "20260531", "2026-06-01", "2026-06-01T12:00:01Z"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(parse(None, Timestamp::now()).unwrap(), None);
    }
}
