//! What is deployed elsewhere is what the code is: chart, compose file, image, dashboards, alerts.
//! `tests/deploy` renders and reads them with the programs that will.

use crate::node;

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_compose_are_what_the_code_is() {
    node::test_deployment().await;
}
