//! Amounts in the forms of existing front ends.

use schemas::{Money, Rate, Timestamp};

/// The shortest decimal of an amount: `13.99`, `1500`, `0.5`.
#[must_use]
pub fn shortest(money: Money) -> String {
    let text = money.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The nearest number to an amount.
#[must_use]
pub fn nearest(money: Money) -> f64 {
    number(&money.to_string())
}

/// The day that a rate is of, such as `2026-11-20`.
#[must_use]
pub fn day(rate_at: Timestamp) -> String {
    let text = rate_at.to_string();
    text.split_once('T').map_or(text.as_str(), |(day, _)| day).to_owned()
}

/// The value of an order in USD as existing front ends get it: value × rate, not rounded to cents.
/// What the event says is rounded; the product is exact (eight decimals), and told when the event
/// is that product rounded. Else whoever valued the order has calculated otherwise: what the event
/// says is told. As a JSON number either is the nearest double.
#[must_use]
pub fn unrounded(order: Money, rate: Rate, booked: Money) -> f64 {
    /// Units of the product in a cent.
    const CENT: i128 = 1_000_000;
    let product = i128::from(order.minor()) * i128::from(rate.minor());
    let difference = (product - i128::from(booked.minor()) * CENT).abs();
    if difference * 2 > CENT { nearest(booked) } else { number(&eight_decimals(product)) }
}

fn eight_decimals(units: i128) -> String {
    let (whole, fraction) =
        (units.unsigned_abs() / 100_000_000, units.unsigned_abs() % 100_000_000);
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction:08}")
}

/// By way of the text, which rounds once.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unrounded_of(order: &str, rate: &str, booked: &str) -> f64 {
        unrounded(order.parse().unwrap(), rate.parse().unwrap(), booked.parse().unwrap())
    }

    #[test]
    fn amounts_are_as_short_as_they_can_be() {
        let short = |text: &str| shortest(text.parse().unwrap());
        assert_eq!(
            ["13.99", "1500", "0.5", "100.00", "0.01"].map(short),
            ["13.99", "1500", "0.5", "100", "0.01"]
        );
    }

    #[test]
    fn the_product_is_told_when_the_event_is_it() {
        assert_eq!(unrounded_of("13.99", "1.0850", "15.18").to_string(), "15.17915");
        assert_eq!(unrounded_of("1500", "1.0850", "1627.50").to_string(), "1627.5");
        // Rounded down at the half, which some do.
        assert_eq!(unrounded_of("0.01", "1.5", "0.01").to_string(), "0.015");
        assert_eq!(unrounded_of("13.99", "1.0850", "15.20").to_string(), "15.2");
    }

    #[test]
    fn days_have_no_time() {
        assert_eq!(day("2026-11-20T00:00:00Z".parse().unwrap()), "2026-11-20");
    }
}
