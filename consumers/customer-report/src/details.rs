//! What clients are told of changed rows: customers as the report shows them.

use async_trait::async_trait;
use consumer_runtime::{Database, Error, details::Details};

use crate::{customer::Customer, resolvers, rows::CUSTOMERS};

/// Details of changes.
#[derive(Clone, Copy, Debug)]
pub struct CustomerDetails;

#[async_trait]
impl Details for CustomerDetails {
    async fn rows(
        &self,
        database: &Database,
        read_model: &str,
        keys: &[&str],
    ) -> Result<Vec<(String, String)>, Error> {
        if read_model != CUSTOMERS {
            return Ok(Vec::new());
        }
        let rows = resolvers::customers(database, Some(keys)).await?;
        let told = |row: Customer| {
            // A row cannot but be JSON.
            let json = serde_json::to_string(&row).ok()?;
            Some((row.id, json))
        };
        Ok(rows.into_iter().filter_map(told).collect())
    }
}
