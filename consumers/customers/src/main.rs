//! The consumer `customers`: `customer.events` → Postgres → `GET /v1/customers`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(customers::role())
}
