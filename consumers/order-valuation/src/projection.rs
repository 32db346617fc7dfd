//! The tables, and what a new order makes of them: it is answered at once when the rate of its day
//! is known, and waits otherwise.

use std::time::Duration;

use consumer_runtime::{
    AnyTables, Cause, Emissions, Projection, ProjectionError, Recorded, Row, Source, Table,
    TableSet, columns, tables,
};
use jiff::civil::Date;
use schemas::{
    AggregateId, EventId, Message, Money, Rate, Timestamp,
    order::{AddUsdRateAndValue, OrderCommand, OrderCreated, OrderEvent},
};
use service::trace::Context;
use uuid::Uuid;

use crate::rates::{FIRST_DAY, LONGEST_GAP, day_of, in_usd, start_of};

/// How long a rate is used of which a newer one may have been published.
pub const FRESH: Duration = Duration::from_secs(900);

/// The order waits for a rate.
pub const PENDING: &str = "pending";
/// The command was given.
pub const VALUED: &str = "valued";
/// There is no value, and will be none.
pub const IMPOSSIBLE: &str = "impossible";

columns! {
    /// An order and its value.
    pub struct Valuation {
        /// The order.
        pub order_id: AggregateId,
        /// Its day.
        pub day: String,
        /// In EUR.
        pub value: Money,
        /// `order_created`.
        pub event_id: Uuid,
        /// Of that event.
        pub correlation_id: Option<String>,
        /// And where it came from, in which trace: the same however often it is applied.
        pub traceparent: Option<String>,
        /// When we learnt of it.
        pub noted_at: Timestamp,
        /// Where it stands.
        pub state: String,
        /// Why it is impossible.
        pub reason: Option<String>,
        /// USD for one EUR.
        pub rate: Option<Rate>,
        /// The day of that rate.
        pub rate_day: Option<String>,
        /// Where that is from.
        pub source: Option<String>,
        /// In USD.
        pub usd_value: Option<Money>,
    }
}

columns! {
    /// What was learnt of the rate that is valid on a day.
    pub struct RateOfDay {
        /// The day.
        pub day: String,
        /// USD for one EUR; absent when the day has none.
        pub rate: Option<Rate>,
        /// The rate's own day.
        pub rate_day: Option<String>,
        /// Where it is from.
        pub source: String,
        /// No other one can become valid any more.
        pub is_final: bool,
        /// When we learnt of it.
        pub fetched_at: Timestamp,
    }
}

impl Row for Valuation {
    const TABLE: &'static str = "valuation";
}

impl Row for RateOfDay {
    const TABLE: &'static str = "rate_of_day";
}

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Orders.
    pub valuation: Table<Valuation>,
    /// Rates.
    pub rate: Table<RateOfDay>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.valuation, &mut self.rate]
    }
}

/// The key of a day.
#[must_use]
pub fn key_of(day: Date) -> Option<AggregateId> {
    AggregateId::new(&day.to_string()).ok()
}

impl RateOfDay {
    /// Whether it is good for an order of its day that was noted then. Fetched later it always is;
    /// [`crate::valuing`] asks the database the same.
    #[must_use]
    pub fn serves(&self, noted_at: Timestamp, now: Timestamp) -> bool {
        let age = now.to_jiff().duration_since(self.fetched_at.to_jiff());
        let is_fresh = Duration::try_from(age).map_or(true, |age| age < FRESH);
        self.is_final || self.fetched_at >= noted_at || is_fresh
    }

    /// The rate with the start of its own day.
    fn quoted(&self) -> Option<(Rate, Timestamp)> {
        let day: Date = self.rate_day.as_ref()?.parse().ok()?;
        Some((self.rate?, start_of(day)?))
    }
}

impl Valuation {
    fn pending(happened: &Recorded<OrderEvent>, created: &OrderCreated, now: Timestamp) -> Self {
        Self {
            order_id: happened.key.clone(),
            day: day_of(created.ordered_at).to_string(),
            value: created.value,
            event_id: happened.id.0,
            correlation_id: happened.correlation_id.as_deref().map(str::to_owned),
            traceparent: happened.trace.as_ref().map(|trace| trace.from.to_string()),
            noted_at: now,
            state: PENDING.to_owned(),
            reason: None,
            rate: None,
            rate_day: None,
            source: None,
            usd_value: None,
        }
    }

    fn become_impossible(&mut self, reason: String) {
        IMPOSSIBLE.clone_into(&mut self.state);
        self.reason = Some(reason);
    }

    /// Answers the order by the rate of its day, if it is still pending.
    pub fn settle(&mut self, known: &RateOfDay, out: &mut Emissions<OrderCommand>) {
        if self.state != PENDING {
            return;
        }
        let Some((rate, time)) = known.quoted() else {
            return self.become_impossible(format!(
                "no reference rate was published within {LONGEST_GAP} days before {}",
                self.day
            ));
        };
        let Some(usd_value) = in_usd(self.value, rate) else {
            return self.become_impossible("its value in USD is too large".to_owned());
        };
        let cause = Cause {
            id: EventId(self.event_id),
            correlation_id: self.correlation_id.as_deref().map(Into::into),
            trace: self.traceparent.as_deref().and_then(Context::parse),
        };
        out.answer(cause, &self.order_id, AddUsdRateAndValue { time, usd_rate: rate, usd_value });
        VALUED.clone_into(&mut self.state);
        self.rate = Some(rate);
        self.rate_day.clone_from(&known.rate_day);
        self.source = Some(known.source.clone());
        self.usd_value = Some(usd_value);
    }
}

/// The projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderValuation;

impl Projection for OrderValuation {
    type Event = OrderEvent;
    type Tables = Tables;
    type Emission = OrderCommand;

    fn sources(&self) -> Vec<Source<OrderEvent>> {
        let only = &[OrderCreated::FILE.wire_type];
        vec![Source::of::<OrderEvent>(|event| event).only(only)]
    }

    fn keys(&self, happened: &Recorded<OrderEvent>, tables: &mut Tables) {
        if let OrderEvent::Created(created) = &happened.event {
            tables.valuation.want(&happened.key);
            if let Some(day) = key_of(day_of(created.ordered_at)) {
                tables.rate.want(&day);
            }
        }
    }

    fn apply(
        &self,
        happened: &Recorded<OrderEvent>,
        now: Timestamp,
        tables: &mut Tables,
        out: &mut Emissions<OrderCommand>,
    ) -> Result<(), ProjectionError> {
        let OrderEvent::Created(created) = &happened.event else { return Ok(()) };
        // It came before: what was answered, or waits, stays as it is.
        if tables.valuation.get(&happened.key)?.is_some() {
            return Ok(());
        }
        let day = day_of(created.ordered_at);
        let mut valuation = Valuation::pending(happened, created, now);
        match key_of(day) {
            Some(key) if day >= FIRST_DAY => {
                let known = tables.rate.get(&key)?;
                if let Some(known) = known.filter(|known| known.serves(now, now)) {
                    valuation.settle(known, out);
                }
            }
            _ => valuation
                .become_impossible(format!("there is no reference rate before {FIRST_DAY}")),
        }
        tables.valuation.put(valuation)?;
        Ok(())
    }
}
