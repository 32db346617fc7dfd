//! Exact amounts: decimal strings.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use schemas::Money;

/// An exact amount of money as a decimal string, such as "13.99"; a number is taken too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub Money);

#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let money = text.parse::<Money>().map(Self);
        money.map_err(|error| InputValueError::custom(error.to_string()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
