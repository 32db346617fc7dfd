//! The consumer `orders`: `order.events` and `customer.events` → Postgres → `GET /v1/orders`,
//! `/v1/confirmation-requests`, `/query/…` and `/graphql`.

use std::process::ExitCode;

use consumer_runtime::{Consumer, hearing};
use orders::{details::OrderDetails, migrations, projection::Orders, queries, settings::Settings};

fn main() -> ExitCode {
    service::shell::run("orders", Settings::from_env, async |shell, settings| {
        let Settings { runtime, graphql } = settings;
        let (ear, changes) = hearing::channel();
        let routes = move |database| queries::router(database, changes, graphql);
        let consumer = Consumer::new(Orders, migrations::runner, routes);
        let consumer = consumer.with_details(OrderDetails).with_ear(ear);
        consumer_runtime::run(shell, runtime, consumer).await
    })
}
