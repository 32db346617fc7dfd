//! The consumer `customer-classifier`: `order.events` and `customer.events` → Postgres →
//! `customer-classification.events` and `GET /v1/classifications`.

use std::process::ExitCode;

use consumer_runtime::Consumer;
use customer_classifier::{
    aging::Aging, migrations, projection::Classifier, queries, settings::Settings,
};

fn main() -> ExitCode {
    service::shell::run("customer-classifier", Settings::from_env, async |shell, settings| {
        let Settings { runtime, rule, aging_poll } = settings;
        let aging = Aging::new(rule.clone(), aging_poll);
        let consumer = Consumer::new(Classifier::new(rule), migrations::runner, queries::router);
        consumer_runtime::run(shell, runtime, consumer.with_chore(aging)).await
    })
}
