//! What the environment says.

use std::time::Duration;

use schemas::Money;
use service::Env;

use crate::rule::{Rule, Window};

/// Settings of the customer-classifier.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Those of every consumer.
    pub runtime: consumer_runtime::Settings,
    /// Thresholds and window.
    pub rule: Rule,
    /// How often to look for orders that left the window.
    pub aging_poll: Duration,
}

impl Settings {
    /// Reads the consumer's own `_A_THRESHOLD`, `_B_THRESHOLD`, `_WINDOW` (`all`, or days such as
    /// `365d`) and `_AGING_POLL_MS`, and what every consumer has.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        let (a, b) = (env.own("A_THRESHOLD"), env.own("B_THRESHOLD"));
        let threshold_a = env.parsed(&a, Money::from_minor(1_000_000));
        let threshold_b = env.parsed(&b, Money::from_minor(100_000));
        if threshold_b <= Money::ZERO || threshold_a < threshold_b {
            env.problem(format!("{b} must be more than 0 and {a} not less than it"));
        }
        let window = env.parsed(&env.own("WINDOW"), Window::YEAR);
        let poll = env.bounded(&env.own("AGING_POLL_MS"), 1_000, 10..=3_600_000);
        Self {
            runtime: consumer_runtime::Settings::from_env(env),
            rule: Rule::new(threshold_a, threshold_b, window),
            aging_poll: Duration::from_millis(poll),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(variables: &[(&str, &str)]) -> Result<String, String> {
        let given = [
            ("DATABASE_URL", "postgresql://postgres@127.0.0.1/postgres"),
            ("KAFKA_BROKERS", "127.0.0.1:9092"),
            ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
            ("ONEWAY_ANONYMOUS", "true"),
        ];
        let variables = given.iter().chain(variables);
        let variables = variables.map(|(name, value)| ((*name).into(), (*value).into()));
        let env = Env::new("customer-classifier", variables.collect());
        let settings = Settings::from_env(&env);
        env.finish().map_err(|error| error.to_string())?;
        Ok(settings.rule.version().to_owned())
    }

    #[test]
    fn the_rule_is_read() {
        assert_eq!(rule(&[]).unwrap(), "a=10000.00,b=1000.00,window=365d");
        let sample = [
            ("CUSTOMER_CLASSIFIER_A_THRESHOLD", "500"),
            ("CUSTOMER_CLASSIFIER_B_THRESHOLD", "100"),
            ("CUSTOMER_CLASSIFIER_WINDOW", "all"),
        ];
        assert_eq!(rule(&sample).unwrap(), "a=500.00,b=100.00,window=all");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(rule(&[("CUSTOMER_CLASSIFIER_A_THRESHOLD", "999.99")]).is_err());
        assert!(rule(&[("CUSTOMER_CLASSIFIER_B_THRESHOLD", "0")]).is_err());
        assert!(rule(&[("CUSTOMER_CLASSIFIER_WINDOW", "1y")]).is_err());
    }
}
