//! The policy `order-confirmation`: `order.events` → `order.commands`.
//!
//! - [`policy`]: which order is answered by which command
//! - [`settings`]: what the environment says

mod policy;
mod settings;

use std::process::ExitCode;

use policy::OrderConfirmation;
use settings::Settings;

fn main() -> ExitCode {
    service::shell::run("order-confirmation", Settings::from_env, async |shell, settings| {
        let Settings { log, threshold } = settings;
        consumer_runtime::policy::run(shell, log, OrderConfirmation::above(threshold)).await
    })
}
