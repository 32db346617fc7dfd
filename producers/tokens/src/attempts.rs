//! How often a password may be tried.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use anyhow::Context;
use service::auth::rate::Limiter;

/// At once, from one address; then one more in each [`PERIOD`].
const BURST: NonZeroU32 = NonZeroU32::new(5).unwrap();
const PERIOD: Duration = Duration::from_secs(12);

/// From all addresses together. More, so that nobody is locked out by a stranger with few of them.
const BURST_OF_ALL: NonZeroU32 = NonZeroU32::new(50).unwrap();
const PERIOD_OF_ALL: Duration = Duration::from_secs(2);

/// Counts attempts, successful or not.
#[derive(Debug)]
pub struct Attempts {
    of_address: Limiter<(IpAddr, String)>,
    of_all: Limiter<String>,
}

impl Attempts {
    /// None so far.
    pub fn new() -> anyhow::Result<Self> {
        let of_address = Limiter::new(PERIOD, BURST).context("the period is not zero")?;
        let of_all = Limiter::new(PERIOD_OF_ALL, BURST_OF_ALL).context("the period is not zero")?;
        Ok(Self { of_address, of_all })
    }

    /// Counts one to log in as somebody; the error says in how many seconds to try again.
    pub fn count(&self, address: IpAddr, name: &str) -> Result<(), u32> {
        // Names of accounts are short: the rest of a long one makes no difference.
        let name: String = name.chars().take(64).collect();
        self.of_address.check((address, name.clone()))?;
        self.of_all.check(name)
    }
}
