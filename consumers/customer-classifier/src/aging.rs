//! Orders that leave the window as time goes by, and customers that were counted by another rule:
//! their sums are made anew. Several instances may do so at once: each takes customers that no
//! other has locked, so that none waits for another.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use consumer_runtime::{
    Chore, Connection, Emissions, Error, flight, row::read_field, tokio_postgres::types::ToSql,
};
use schemas::{AggregateId, Timestamp, classification::ClassificationEvent};

use crate::{
    account::Sum,
    projection::{Classifier, Tables},
    rule::Rule,
};

/// Customers in one transaction.
const BATCH: i64 = 500;

/// How often to look for customers that were counted by another rule: at the start, and in case
/// an instance with the rule before was still at work then.
const STALE_EVERY: Duration = Duration::from_secs(600);

/// Customers whose sums are due.
const DUE: &str = "select customer_id from customer where next_due_at <= $1 \
                   order by next_due_at limit $2 for update skip locked";

/// Customers that were counted by another rule.
const STALE: &str = "select customer_id from customer where rule not in ('', $1) \
                     limit $2 for update skip locked";

/// How many those are.
const PENDING: &str = "select count(*) from customer where rule not in ('', $1)";

/// How often it is said how far a change of the rule is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// The confirmed orders in the window. The sum is cut to what its column holds.
const SUMS: &str = "select customer_id, \
                      least(sum(value), 9999999999999999.99)::numeric(18, 2), \
                      count(*), min(ordered_at) \
                    from customer_order \
                    where confirmed and customer_id = any($1::text[]) \
                      and ($2::timestamptz is null or ordered_at > $2) \
                    group by customer_id";

/// The chore.
#[derive(Debug)]
pub struct Aging {
    rule: Rule,
    poll: Duration,
    search: Mutex<Search>,
}

/// The search for customers that were counted by another rule.
#[derive(Clone, Copy, Debug, Default)]
struct Search {
    /// When it came to its end.
    ended: Option<Instant>,
    /// How far it is, once it has found some.
    found: Option<Found>,
}

/// Customers that a search has found.
#[derive(Clone, Copy, Debug)]
struct Found {
    counted: usize,
    changed: usize,
    said: Instant,
}

impl Aging {
    /// Looks every `poll` for what is due.
    #[must_use]
    pub const fn new(rule: Rule, poll: Duration) -> Self {
        Self { rule, poll, search: Mutex::new(Search { ended: None, found: None }) }
    }

    fn search(&self) -> MutexGuard<'_, Search> {
        self.search.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_search_due(&self) -> bool {
        self.search().ended.is_none_or(|at| at.elapsed() >= STALE_EVERY)
    }

    /// Customers that were counted by another rule, some of them.
    async fn stale(&self, connection: &Connection) -> Result<Vec<AggregateId>, Error> {
        let version = self.rule.version();
        let stale = customers(connection, STALE, &[&version, &BATCH]).await?;
        let is_begun = self.search().found.is_some();
        if stale.is_empty() {
            self.ended();
        } else if !is_begun {
            let pending = flight::select(connection, PENDING, &[&version]).await?;
            let pending: i64 = pending.first().map_or(Ok(0), |row| read_field(row, 0, "count"))?;
            tracing::info!(rule = version, pending, "the rule changed: counting customers anew");
            let begun = Found { counted: 0, changed: 0, said: Instant::now() };
            self.search().found = Some(begun);
        }
        Ok(stale)
    }

    /// So many were counted, of whom so many have another class.
    fn counted(&self, counted: usize, changed: usize) {
        let mut search = self.search();
        let Some(found) = &mut search.found else { return };
        found.counted += counted;
        found.changed += changed;
        if found.said.elapsed() >= SAY_EVERY {
            found.said = Instant::now();
            let Found { counted, changed, .. } = *found;
            tracing::info!(rule = self.rule.version(), counted, changed, "counting on");
        }
    }

    fn ended(&self) {
        let mut search = self.search();
        search.ended = Some(Instant::now());
        if let Some(Found { counted, changed, .. }) = search.found.take() {
            let rule = self.rule.version();
            tracing::info!(rule, counted, changed, "all customers are counted by the new rule");
        }
    }
}

async fn customers(
    connection: &Connection,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<AggregateId>, Error> {
    let rows = flight::select(connection, sql, parameters).await?;
    let ids = rows.iter().map(|row| read_field(row, 0, "customer_id"));
    Ok(ids.collect::<Result<_, _>>()?)
}

#[async_trait]
impl Chore<Classifier> for Aging {
    fn interval(&self) -> Duration {
        self.poll
    }

    async fn turn(
        &self,
        connection: &Connection,
        now: Timestamp,
        tables: &mut Tables,
        out: &mut Emissions<ClassificationEvent>,
    ) -> Result<bool, Error> {
        let mut customers = customers(connection, DUE, &[&now.to_jiff(), &BATCH]).await?;
        let is_search = customers.is_empty() && self.is_search_due();
        if is_search {
            customers = self.stale(connection).await?;
        }
        if customers.is_empty() {
            return Ok(false);
        }
        for customer in &customers {
            tables.customer.want(customer);
        }
        flight::lock(connection, &mut tables.customer).await?;
        let mut sums = sums(connection, &self.rule, now, &customers).await?;
        for id in &customers {
            let sum = sums.remove(id).unwrap_or_default();
            if let Ok(customer) = tables.customer.require(id) {
                customer.settle(sum, &self.rule, now, out);
            }
        }
        if is_search {
            self.counted(customers.len(), out.emitted().len());
        }
        Ok(true)
    }
}

/// Read after the rows are locked: every order counted by a former holder of a lock is visible.
async fn sums(
    connection: &Connection,
    rule: &Rule,
    now: Timestamp,
    customers: &[AggregateId],
) -> Result<HashMap<AggregateId, Sum>, Error> {
    let ids: Vec<_> = customers.iter().map(AggregateId::as_str).collect();
    let horizon = rule.horizon(now).map(Timestamp::to_jiff);
    let rows = flight::select(connection, SUMS, &[&ids, &horizon]).await?;
    let mut sums = HashMap::with_capacity(rows.len());
    for row in &rows {
        let sum = Sum {
            revenue: read_field(row, 1, "sum")?,
            orders: read_field(row, 2, "count")?,
            oldest: read_field(row, 3, "min")?,
        };
        sums.insert(read_field(row, 0, "customer_id")?, sum);
    }
    Ok(sums)
}
