//! What clients are told of changed rows: orders and requests as their resolvers show them. A
//! customer's name is part of many rows: they change with it.

use std::collections::HashMap;

use async_trait::async_trait;
use consumer_runtime::{Database, Error, change_feed::Changed, details::Details, query::Reading};
use schemas::notification::ChangeKind;
use serde::Serialize;

use crate::{
    projection::{CUSTOMER, OVERVIEW, REQUESTS},
    resolvers,
};

/// The orders that show a customer's name.
const ORDERS: &str =
    "select customer_id, order_id from customer_order where customer_id = any($1) limit $2";

/// The same for requests in the list.
const OPEN_REQUESTS: &str = "select customer_id, order_id \
     from confirmation_request join customer_order using (order_id) \
     where confirmed_at is null and customer_id = any($1) limit $2";

/// Details of changes.
#[derive(Clone, Copy, Debug)]
pub struct OrderDetails;

#[async_trait]
impl Details for OrderDetails {
    async fn rows(
        &self,
        database: &Database,
        read_model: &str,
        keys: &[&str],
    ) -> Result<Vec<(String, String)>, Error> {
        Ok(match read_model {
            OVERVIEW => {
                let rows = resolvers::overview(database, Some(keys)).await?;
                rows.into_iter().filter_map(|row| Some((row.id.clone(), json(&row)?))).collect()
            }
            REQUESTS => {
                let rows = resolvers::requests(database, Some(keys)).await?;
                rows.into_iter().filter_map(|row| Some((row.id.clone(), json(&row)?))).collect()
            }
            _ => Vec::new(),
        })
    }

    async fn affected(
        &self,
        database: &Database,
        changes: &[Changed],
        most: usize,
    ) -> Result<Vec<Changed>, Error> {
        let customers = changes.iter().filter(|change| change.read_model == CUSTOMER);
        let by_id: HashMap<&str, &Changed> = customers.map(|c| (&*c.key, c)).collect();
        if by_id.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = by_id.keys().copied().collect();
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let mut affected = Vec::new();
        for (read_model, sql) in [(OVERVIEW, ORDERS), (REQUESTS, OPEN_REQUESTS)] {
            let read = |row: &mut Reading<'_>| Ok((row.next()?, row.next()?));
            let shown: Vec<(String, String)> = database.select(sql, &[&ids, &limit], read).await?;
            for (customer, order) in shown {
                let Some(cause) = by_id.get(customer.as_str()) else { continue };
                affected.push(Changed {
                    read_model,
                    kind: ChangeKind::UpdateRow,
                    key: order.into(),
                    at: cause.at,
                    correlation_id: cause.correlation_id.clone(),
                    trace: cause.trace,
                });
            }
        }
        Ok(affected)
    }
}

/// A row cannot but be JSON.
fn json(row: &impl Serialize) -> Option<String> {
    serde_json::to_string(row).ok()
}
