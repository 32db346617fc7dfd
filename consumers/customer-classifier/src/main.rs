//! The consumer `customer-classifier`: `order.events` and `customer.events` → Postgres →
//! `customer-classification.events` and `GET /v1/classifications`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(customer_classifier::role())
}
