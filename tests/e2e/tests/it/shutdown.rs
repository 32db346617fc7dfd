//! SIGTERM: every service finishes what it has begun, and ends with 0.

use nix::sys::signal::Signal;
use serde_json::json;
use testkit::{Installation, eventually};

use crate::story::{SERVICES, customer, order};

#[tokio::test(flavor = "multi_thread")]
async fn every_service_drains_on_sigterm() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let anna = customer(&installation, "Anna").await;
    order(&installation, &anna, "5").await;
    for service in SERVICES {
        installation.signal(service, Signal::SIGTERM).await;
        let exit = async || installation.stack()["services"][service]["last_exit"].clone();
        let exit = eventually(&format!("{service} to end"), exit, |exit| !exit.is_null()).await;
        assert_eq!(exit, json!("exit status: 0"), "{service}: {}", installation.log(service));
    }
}
