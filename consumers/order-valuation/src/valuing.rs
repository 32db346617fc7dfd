//! Orders that wait: their rates are fetched, and then they are answered. The fetch is an effect in
//! the ledger, caused by the order that has waited longest; it asks for all days at once for which
//! its document is the one. Nothing waits for it but such orders.

use std::time::Duration;

use async_trait::async_trait;
use consumer_runtime::{
    Chore, Connection, Database, Emissions, Error,
    effect::{Effect, Standing, Undertaking},
    flight,
    row::read_field,
    tokio_postgres::{self, types::ToSql},
};
use jiff::civil::Date;
use metrics::gauge;
use schemas::{AggregateId, EventId, Timestamp, order::OrderCommand};
use service::health::Part;
use uuid::Uuid;

use crate::{
    feed::Document,
    metrics::PENDING,
    projection::{FRESH, OrderValuation, Tables},
    rates::{Published, Valid, day_of},
    retries::Retries,
    sources::{Answer, Sources},
};

/// The effect's name.
pub const FETCH: &str = "fetch-reference-rate";

/// Orders that are answered in one transaction.
const BATCH: i64 = 500;

/// Days of which the rates are stored in one transaction.
const DAYS: i64 = 1_000;

/// Pending orders that are counted.
const COUNTED: i64 = 100_000;

/// Whether a rate is good for a pending order: as `RateOfDay::serves`. Parameter 1 is the time
/// before which rates that are not final are not fresh any more.
const SERVES: &str = "(r.is_final or r.fetched_at >= v.noted_at or r.fetched_at > $1)";

/// The chore.
#[derive(Debug)]
pub struct Valuing {
    sources: Sources,
    poll: Duration,
    retries: Retries,
}

/// What is to be asked for.
struct Wanted {
    /// What causes the fetch, and its day.
    event: EventId,
    document: Document,
    day: Date,
    days: Vec<Date>,
}

impl Valuing {
    /// Takes rates from these sources; looks every `poll` for orders that wait.
    #[must_use]
    pub fn new(sources: Sources, poll: Duration, health: Part) -> Self {
        Self { sources, poll, retries: Retries::new(health) }
    }

    /// Fetches what is wanted, once: the ledger knows whether it is done already.
    async fn fetch(
        &self,
        database: &Database,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<(), Error> {
        let subject = wanted.day.to_string();
        let effect = Effect { name: FETCH, cause: wanted.event, subject: &subject };
        let undertaking = match effect.begin(database, now).await? {
            // To ask again does no harm.
            Standing::Due(undertaking) | Standing::Interrupted(undertaking) => undertaking,
            // By another instance: now, or since we looked.
            Standing::Busy | Standing::Completed => return Ok(()),
        };
        match self.sources.rates(wanted.document, day_of(now)).await {
            Ok(answer) => self.keep(undertaking, wanted, &answer).await,
            Err(error) => {
                let reason = error.to_string();
                self.retries.failed(wanted.document, &reason);
                undertaking.fail(&reason, Timestamp::now()).await
            }
        }
    }

    /// Stores the rates together with the end of the fetch.
    async fn keep(
        &self,
        mut undertaking: Undertaking,
        wanted: &Wanted,
        answer: &Answer,
    ) -> Result<(), Error> {
        let Wanted { document, day, days, .. } = wanted;
        let valid = days.iter().map(|day| (*day, answer.valid_on(*day)));
        let known: Vec<_> = valid.filter(|(_, valid)| *valid != Valid::Unknown).collect();
        // After the fetch: never earlier than the orders for which it was made were noted, as long
        // as clocks do not go back.
        let now = Timestamp::now();
        store(undertaking.open().await?, &known, answer, now).await?;
        if !known.iter().any(|(known, _)| known == day) {
            let reason = format!("it does not reach back to {day}");
            self.retries.failed(*document, &reason);
            return undertaking.fail(&reason, now).await;
        }
        let (file, source) = (document.file(), answer.source.as_str());
        let (count, newest) = (known.len(), answer.rates.newest());
        let outcome = format!("{file} ({source}): {count} days, newest rate of {newest}");
        undertaking.complete(&outcome, now).await?;
        self.retries.succeeded(*document);
        Ok(())
    }
}

#[async_trait]
impl Chore<OrderValuation> for Valuing {
    fn interval(&self) -> Duration {
        self.poll
    }

    fn follows_events(&self) -> bool {
        true
    }

    async fn prepare(&self, database: &Database, now: Timestamp) -> Result<(), Error> {
        let wanted = {
            let connection = database.connection().await?;
            count(&connection).await?;
            wanted(&connection, &self.retries.due(), now).await?
        };
        match wanted {
            Some(wanted) => self.fetch(database, &wanted, now).await,
            None => Ok(()),
        }
    }

    async fn turn(
        &self,
        connection: &Connection,
        now: Timestamp,
        tables: &mut Tables,
        out: &mut Emissions<OrderCommand>,
    ) -> Result<bool, Error> {
        let sql = format!(
            "select v.order_id, r.day from valuation v join rate_of_day r on r.day = v.day \
             where v.state = 'pending' and {SERVES} \
             order by v.noted_at limit $2 for update of v skip locked"
        );
        let found = flight::select(connection, &sql, &[&fresh_since(now), &BATCH]).await?;
        let mut due: Vec<(AggregateId, AggregateId)> = Vec::with_capacity(found.len());
        for row in &found {
            due.push((read_field(row, 0, "order_id")?, read_field(row, 1, "day")?));
        }
        for (order, day) in &due {
            tables.valuation.want(order);
            tables.rate.want(day);
        }
        flight::load(connection, &mut [&mut tables.valuation, &mut tables.rate]).await?;
        for (order, day) in &due {
            if let (Ok(valuation), Some(rate)) =
                (tables.valuation.require(order), tables.rate.peek(day))
            {
                valuation.settle(rate, out);
            }
        }
        Ok(i64::try_from(due.len()) == Ok(BATCH))
    }
}

/// Rates fetched since then are fresh.
fn fresh_since(now: Timestamp) -> jiff::Timestamp {
    now.to_jiff().saturating_sub(FRESH).unwrap_or(jiff::Timestamp::MIN)
}

async fn count(connection: &Connection) -> Result<(), Error> {
    let sql = "select count(*) from (select from valuation where state = 'pending' limit $1) as v";
    let rows = flight::select(connection, sql, &[&COUNTED]).await?;
    let pending: i64 = rows.first().map_or(Ok(0), |row| read_field(row, 0, "count"))?;
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    gauge!(PENDING).set(pending as f64);
    Ok(())
}

/// The order without a rate that has waited longest, of those for which a document that may be asked
/// is the one, and the days of all for which it is the same one. What was fetched for an order is
/// not fetched again: that its rate is gone is somebody's doing.
async fn wanted(
    connection: &Connection,
    documents: &[Document],
    now: Timestamp,
) -> Result<Option<Wanted>, Error> {
    let without = format!(
        "v.state = 'pending' and not exists \
           (select from rate_of_day r where r.day = v.day and {SERVES})"
    );
    let (fresh_since, today) = (fresh_since(now), day_of(now));
    let oldest = format!(
        "select v.event_id, v.day from valuation v where {without} \
           and exists (select from unnest($2::text[], $3::text[]) as document (first, last) \
             where v.day between first and last) \
           and not exists (select from effect e where e.cause = v.event_id and e.name = $4 \
             and e.state = 'completed') \
         order by v.noted_at, v.order_id limit 1"
    );
    let ranges = documents.iter().map(|document| document.days(today));
    let (firsts, lasts): (Vec<_>, Vec<_>) =
        ranges.map(|(first, last)| (first.to_string(), last.to_string())).unzip();
    let parameters: [&(dyn ToSql + Sync); 4] = [&fresh_since, &firsts, &lasts, &FETCH];
    let rows = flight::select(connection, &oldest, &parameters).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let event: Uuid = read_field(row, 0, "event_id")?;
    let day = day_in(row, 1)?;
    let document = Document::of(day, today);
    let (first, last) = document.days(today);
    let (first, last, own) = (first.to_string(), last.to_string(), day.to_string());
    let others = format!(
        "select distinct v.day from valuation v where {without} and v.day between $2 and $3 \
         and v.day <> $4 limit $5"
    );
    let parameters: [&(dyn ToSql + Sync); 5] = [&fresh_since, &first, &last, &own, &DAYS];
    let mut days = vec![day];
    for row in &flight::select(connection, &others, &parameters).await? {
        days.push(day_in(row, 0)?);
    }
    Ok(Some(Wanted { event: EventId(event), document, day, days }))
}

fn day_in(row: &tokio_postgres::Row, index: usize) -> Result<Date, Error> {
    let text: String = read_field(row, index, "day")?;
    text.parse().map_err(|_| Error::Broken(format!("the day {text:?} of a valuation is none")))
}

/// Keeps what was learnt of some days.
async fn store(
    connection: &Connection,
    known: &[(Date, Valid)],
    answer: &Answer,
    now: Timestamp,
) -> Result<(), Error> {
    let published = |valid: &Valid| match valid {
        Valid::Rate(published) => Some(*published),
        Valid::Never | Valid::Unknown => None,
    };
    let days: Vec<_> = known.iter().map(|(day, _)| day.to_string()).collect();
    let rates: Vec<_> = known
        .iter()
        .map(|(_, valid)| published(valid).map(|Published { rate, .. }| rate.to_string()))
        .collect();
    let rate_days: Vec<_> = known
        .iter()
        .map(|(_, valid)| published(valid).map(|Published { day, .. }| day.to_string()))
        .collect();
    let finals: Vec<_> = known.iter().map(|(day, _)| answer.is_final_for(*day)).collect();
    let sql = "insert into rate_of_day (day, rate, rate_day, source, is_final, fetched_at) \
        select day, rate::numeric, rate_day, $5, is_final, $6 \
        from unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) \
          as r (day, rate, rate_day, is_final) order by day \
        on conflict (day) do update set rate = excluded.rate, rate_day = excluded.rate_day, \
          source = excluded.source, is_final = excluded.is_final, fetched_at = excluded.fetched_at \
        where not rate_of_day.is_final";
    let source = answer.source.as_str();
    let parameters: [&(dyn ToSql + Sync); 6] =
        [&days, &rates, &rate_days, &finals, &source, &now.to_jiff()];
    flight::select(connection, sql, &parameters).await.map(drop)
}
