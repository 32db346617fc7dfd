//! The policy `order-confirmation`: `order.events` → `order.commands`.

use std::process::ExitCode;

use order_confirmation::{policy::OrderConfirmation, settings::Settings};

fn main() -> ExitCode {
    service::shell::run("order-confirmation", Settings::from_env, async |shell, settings| {
        let Settings { runtime, threshold } = settings;
        consumer_runtime::policy::run(shell, runtime, OrderConfirmation::above(threshold)).await
    })
}
