//! The consumer `orders`: `order.events` and `customer.events` → Postgres → `GET /v1/orders`,
//! `/v1/confirmation-requests`, `/query/…` and `/graphql`.

use std::process::ExitCode;

use consumer_runtime::Consumer;
use orders::{details::OrderDetails, migrations, projection::Orders, queries, settings::Settings};

fn main() -> ExitCode {
    service::shell::run("orders", Settings::from_env, async |shell, settings| {
        let Settings { runtime, graphiql } = settings;
        let routes = move |database| queries::router(database, graphiql);
        let consumer = Consumer::new(Orders, migrations::runner, routes);
        consumer_runtime::run(shell, runtime, consumer.with_details(OrderDetails)).await
    })
}
