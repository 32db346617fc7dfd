//! The consumer `customer-report`: `customer.events`, `order.events` and
//! `customer-classification.events` → Postgres → `GET /v1/report/…`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(customer_report::role())
}
