//! Orders that leave the window as time goes by, and customers that were counted by another rule:
//! their sums are made anew. Several instances may do so at once: each takes customers that no
//! other has locked, so that none waits for another.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use consumer_runtime::{Chore, Connection, Emissions, Error, flight, row::read_field};
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
    /// When the search for customers of another rule came to its end.
    searched: Mutex<Option<Instant>>,
}

impl Aging {
    /// Looks every `poll` for what is due.
    #[must_use]
    pub const fn new(rule: Rule, poll: Duration) -> Self {
        Self { rule, poll, searched: Mutex::new(None) }
    }

    fn is_search_due(&self) -> bool {
        let searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        searched.is_none_or(|at| at.elapsed() >= STALE_EVERY)
    }

    fn search_ended(&self) {
        let mut searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        *searched = Some(Instant::now());
    }
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
        let due = flight::select(connection, DUE, &[&now.to_jiff(), &BATCH]).await?;
        let mut customers: Vec<AggregateId> = Vec::new();
        for row in &due {
            customers.push(read_field(row, 0, "customer_id")?);
        }
        if customers.is_empty() && self.is_search_due() {
            let stale = flight::select(connection, STALE, &[&self.rule.version(), &BATCH]).await?;
            for row in &stale {
                customers.push(read_field(row, 0, "customer_id")?);
            }
            if customers.is_empty() {
                self.search_ended();
            }
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
