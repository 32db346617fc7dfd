//! What is configured.

use std::net::SocketAddr;

use service::{Env, Services, auth};

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it serves HTTP.
    pub address: SocketAddr,
    /// From where pages may ask.
    pub gate: auth::Settings,
    /// Where the services are.
    pub services: Services,
}

/// The services of a local stack, with their usual ports.
const LOCAL: [(&str, u16); 11] = [
    ("command-api", 3001),
    ("customers", 3003),
    ("orders", 3005),
    ("customer-classifier", 3006),
    ("order-valuation", 3007),
    ("change-notifier", 3008),
    ("tokens", 3009),
    ("customer-report", 3010),
    ("email-campaign", 3011),
    ("campaigns", 3012),
    ("operator", 3013),
];

impl Settings {
    /// Reads the service's own `_HTTP_ADDRESS` and `_SERVICES`, and what all gates have.
    pub fn from_env(env: &Env) -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 3000));
        Self {
            address: env.parsed(&env.own("HTTP_ADDRESS"), local),
            gate: auth::Settings::read(env),
            services: Services::from_env(env, &LOCAL),
        }
    }
}
