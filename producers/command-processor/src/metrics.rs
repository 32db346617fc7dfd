//! What is counted.

use metrics::{Counter, Gauge, counter, gauge};

/// Commands by `aggregate` and `outcome` (accepted, rejected, repeated, forwarded, unreadable).
const COMMANDS: &str = "oneway_processor_commands_total";
/// Events appended by `aggregate`; counted when their transaction is committed.
const EVENTS: &str = "oneway_processor_events_appended_total";
/// Aggregates held in memory by `aggregate`.
const AGGREGATES: &str = "oneway_processor_aggregates";
/// Bytes of their ids and states by `aggregate`, without what the allocator adds.
const STATE_BYTES: &str = "oneway_processor_state_bytes";
/// 1 for each accepted `risk` to a `topic` of the log.
pub const ACCEPTED_RISK: &str = "oneway_processor_accepted_risk";

/// The counts of one aggregate type. Counters are looked up once, and told once per transaction:
/// either costs more than the addition. What is not committed is not counted.
pub struct Counts {
    pub accepted: Count,
    pub rejected: Count,
    pub repeated: Count,
    pub forwarded: Count,
    pub unreadable: Count,
    pub events: Count,
    pub aggregates: Gauge,
    pub state_bytes: Gauge,
}

/// One counter, and what it has not been told yet.
pub struct Count {
    counter: Counter,
    untold: u64,
}

impl Count {
    fn new(counter: Counter) -> Self {
        Self { counter, untold: 0 }
    }

    /// One more.
    pub fn add(&mut self) {
        self.untold += 1;
    }

    fn tell(&mut self) {
        if self.untold > 0 {
            self.counter.increment(std::mem::take(&mut self.untold));
        }
    }
}

impl Counts {
    /// Those of an aggregate type.
    pub fn of(aggregate: &'static str) -> Self {
        let commands = |outcome: &'static str| {
            Count::new(counter!(COMMANDS, "aggregate" => aggregate, "outcome" => outcome))
        };
        Self {
            accepted: commands("accepted"),
            rejected: commands("rejected"),
            repeated: commands("repeated"),
            forwarded: commands("forwarded"),
            unreadable: commands("unreadable"),
            events: Count::new(counter!(EVENTS, "aggregate" => aggregate)),
            aggregates: gauge!(AGGREGATES, "aggregate" => aggregate),
            state_bytes: gauge!(STATE_BYTES, "aggregate" => aggregate),
        }
    }

    /// The transaction is committed.
    pub fn committed(&mut self) {
        let Self { accepted, rejected, repeated, forwarded, unreadable, events, .. } = self;
        for count in [accepted, rejected, repeated, forwarded, unreadable, events] {
            count.tell();
        }
    }
}
