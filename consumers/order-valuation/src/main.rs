//! The consumer `order-valuation`: `order.events` → Postgres → `order.commands`.

use std::process::ExitCode;

use consumer_runtime::Consumer;
use order_valuation::{
    feed::Feed, migrations, projection::OrderValuation, queries, settings::Settings,
    sources::Sources, valuing::Valuing,
};
use service::Failure;

fn main() -> ExitCode {
    service::shell::run("order-valuation", Settings::from_env, async |shell, settings| {
        let Settings { runtime, feed, recorded, poll } = settings;
        let sources = Sources::new(Feed::new(feed), recorded);
        let sources = sources.map_err(|error| Failure::Internal(error.into()))?;
        let valuing = Valuing::new(sources, poll, shell.health.part("feed"));
        let consumer = Consumer::new(OrderValuation, migrations::runner, queries::router);
        consumer_runtime::run(shell, runtime, consumer.with_chore(valuing)).await
    })
}
