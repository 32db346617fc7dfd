//! The payload of `ADD_USD_RATE_AND_VALUE` as existing services send it: a day without a time, and
//! a product that is not rounded to cents. Neither can be said otherwise than here: a day is its
//! start (UTC), and an amount in USD is what can be paid.

use jiff::civil::Date;
use serde_json::Value;

/// The same payload in the form of the command; what is malformed is left to be refused.
pub(super) fn normal(mut payload: Value) -> Value {
    if let Some(time) = payload.get_mut("time")
        && let Some(day) = time.as_str().and_then(|text| text.parse::<Date>().ok())
        && time.as_str().is_some_and(|text| text == day.to_string())
    {
        *time = format!("{day}T00:00:00Z").into();
    }
    if let Some(value) = payload.get_mut("usdValue")
        && let Some(rounded) = decimal(value).as_deref().and_then(rounded)
    {
        *value = rounded.into();
    }
    payload
}

/// The text of a decimal string or of a number: its shortest form.
fn decimal(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A decimal of more than two places to two of them, half up; `None` for any other text.
fn rounded(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let (cents, rest) = fraction.split_at_checked(2)?;
    let cents: u64 = format!("{whole}{cents}").parse().ok()?;
    let cents = cents.checked_add(u64::from(rest.bytes().next()? >= b'5'))?;
    Some(format!("{}.{:02}", cents / 100, cents % 100))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_is_its_start() {
        let time = |time: Value| normal(json!({ "time": time }))["time"].clone();
        assert_eq!(time(json!("2026-11-20")), "2026-11-20T00:00:00Z");
        for other in [json!("2026-11-20T10:00:00Z"), json!("2026-11"), json!("today"), json!(7)] {
            assert_eq!(time(other.clone()), other);
        }
    }

    #[test]
    fn a_product_is_rounded_to_cents() {
        let value = |value: Value| normal(json!({ "usdValue": value }))["usdValue"].clone();
        for (sent, rounded) in [
            (json!(15.17915), "15.18"),
            (json!("15.17915"), "15.18"),
            (json!(15.179149999999998), "15.18"),
            (json!(0.994999), "0.99"),
            (json!(9.995), "10.00"),
        ] {
            assert_eq!(value(sent.clone()), rounded, "{sent}");
        }
        for other in
            [json!(15.1), json!(15), json!("15.18"), json!("1.5x5"), json!("-1.555"), json!(1e30)]
        {
            assert_eq!(value(other.clone()), other);
        }
        assert_eq!(normal(json!([])), json!([]));
    }
}
