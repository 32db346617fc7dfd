//! Policy: confirms small orders, asks for confirmation of large ones.
//!
//! - [`policy`]: which orders are small
//! - [`settings`]: where the line is

mod policy;
mod settings;

use std::process::ExitCode;

use consumer_runtime::policy::run;

use crate::{policy::OrderConfirmation, settings::Settings};

fn main() -> ExitCode {
    service::shell::run("order-confirmation", Settings::from_env, |shell, settings| {
        run(shell, settings.log, OrderConfirmation { threshold: settings.threshold })
    })
}
