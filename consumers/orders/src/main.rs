//! The consumer `orders`: `order.events` and `customer.events` → Postgres → `GET /v1/orders`,
//! `/v1/confirmation-requests`, `/query/…` and `/graphql`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(orders::role())
}
