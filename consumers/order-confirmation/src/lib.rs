//! The policy that confirms small orders and asks for confirmation of large ones.
//!
//! - [`policy`]: which order is answered by which command
//! - [`settings`]: what the environment says

pub mod policy;
pub mod settings;

use service::Role;

use crate::{policy::OrderConfirmation, settings::Settings};

/// The service.
#[must_use]
pub fn role() -> Role {
    Role::new("order-confirmation", Settings::from_env, async |shell, settings| {
        let Settings { runtime, threshold } = settings;
        consumer_runtime::policy::run(shell, runtime, OrderConfirmation::above(threshold)).await
    })
}
