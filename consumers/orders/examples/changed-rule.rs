//! How a projection is changed: here orders above 5,000.00 stay unconfirmed. The same events make
//! other rows than before, so the version is raised; a process of this version refuses the rows of
//! the one before, and is deployed by a rebuild:
//!
//! ```sh
//! cargo oneway rebuild orders start --binary target/debug/examples/changed-rule
//! cargo oneway rebuild orders diff --binary target/debug/examples/changed-rule
//! cargo oneway rebuild orders switch --binary target/debug/examples/changed-rule
//! ```

use std::process::ExitCode;

use consumer_runtime::{Emissions, NoEmission, Projection, ProjectionError, Recorded, Source};
use orders::{
    projection::{Event, Orders, Tables},
    status::Status,
};
use schemas::{Money, Timestamp};

/// Orders above it stay unconfirmed.
const LIMIT: Money = Money::from_minor(500_000);

struct ChangedRule;

impl Projection for ChangedRule {
    const VERSION: i32 = Orders::VERSION + 1;
    type Event = Event;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<Event>> {
        Orders.sources()
    }

    fn keys(&self, event: &Recorded<Event>, tables: &mut Tables) {
        Orders.keys(event, tables);
    }

    fn apply(
        &self,
        event: &Recorded<Event>,
        now: Timestamp,
        tables: &mut Tables,
        out: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        Orders.apply(event, now, tables, out)?;
        if let Event::Order(_) = &event.event {
            let order = tables.order.require(&event.key)?;
            if order.value > LIMIT && order.status == Status::Confirmed {
                order.status = Status::Unconfirmed;
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    service::shell::run(orders::role_of(ChangedRule))
}
