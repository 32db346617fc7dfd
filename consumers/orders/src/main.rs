//! The consumer `orders`: `order.events` and `customer.events` → Postgres → `GET /v1/orders`.

use std::process::ExitCode;

use consumer_runtime::{Consumer, Settings};
use orders::{migrations, projection::Orders, queries};

fn main() -> ExitCode {
    service::shell::run("orders", Settings::from_env, async |shell, settings| {
        let consumer = Consumer::new(Orders, migrations::runner, queries::router);
        consumer_runtime::run(shell, settings, consumer).await
    })
}
