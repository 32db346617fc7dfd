//! The consumer `order-valuation`: `order.events` → Postgres → `order.commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(order_valuation::role())
}
