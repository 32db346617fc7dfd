//! The policy `order-confirmation`: `order.events` → `order.commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::shell::run(order_confirmation::role())
}
