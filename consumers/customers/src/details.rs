//! What clients are told of changed rows: customers as their resolver shows them.

use async_trait::async_trait;
use consumer_runtime::{Database, Error, details::Details};

use crate::{projection::OVERVIEW, resolvers};

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
        if read_model != OVERVIEW {
            return Ok(Vec::new());
        }
        let rows = resolvers::overview(database, Some(keys)).await?;
        let told = |row: resolvers::OverviewRow| {
            // A row cannot but be JSON.
            let json = serde_json::to_string(&row).ok()?;
            Some((row.id, json))
        };
        Ok(rows.into_iter().filter_map(told).collect())
    }
}
