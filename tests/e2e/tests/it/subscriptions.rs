//! Subscriptions of the graph: each instance tells of what any of them applied.

use testkit::{Installation, Process};

use crate::node;

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_of_any_instance_hear_of_all_orders() {
    let services = ["command-api", "command-processor", "orders", "order-confirmation"];
    let installation = Installation::start(&services, &[]).await;
    let env = [("DATABASE_URL", installation.database_url.as_str())];
    let mut other = Process::start(&installation, "orders", "orders-2", &env);
    other.ready().await;
    let addresses = format!("{},{}", installation.url("orders", ""), other.url);
    let files = ["subscriptions.test.mjs"];
    node::test(&installation, &files, &[("ONEWAY_ORDERS", &addresses)]).await;
    // Sockets hold nothing up: an instance stops while there are some, and without any.
    assert!(other.stop().await.success());
}
