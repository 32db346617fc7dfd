//! The consumer `customers`: `customer.events` → Postgres → `GET /v1/customers`.

use std::process::ExitCode;

use consumer_runtime::{Consumer, Settings};
use customers::{details::CustomerDetails, migrations, projection::Customers, queries};

fn main() -> ExitCode {
    service::shell::run("customers", Settings::from_env, async |shell, settings| {
        let consumer = Consumer::new(Customers, migrations::runner, queries::router);
        consumer_runtime::run(shell, settings, consumer.with_details(CustomerDetails)).await
    })
}
